#include "runtime/torch/scalar_type.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace omap {
namespace {

struct TorchName {
  std::string_view name;
  Dtype dtype;
};

/// As `c10::toString` spells them, in all versions: a version that lacks one never asks for it.
constexpr std::array names = {
    TorchName{"Bool", Dtype::boolean},
    TorchName{"Byte", Dtype::u8},
    TorchName{"Char", Dtype::i8},
    TorchName{"Short", Dtype::i16},
    TorchName{"UInt16", Dtype::u16},
    TorchName{"Int", Dtype::i32},
    TorchName{"UInt32", Dtype::u32},
    TorchName{"Long", Dtype::i64},
    TorchName{"UInt64", Dtype::u64},
    TorchName{"Half", Dtype::f16},
    TorchName{"BFloat16", Dtype::bf16},
    TorchName{"Float", Dtype::f32},
    TorchName{"Double", Dtype::f64},
    TorchName{"ComplexFloat", Dtype::c64},
    TorchName{"Float8_e5m2", Dtype::f8_e5m2},
    TorchName{"Float8_e4m3fn", Dtype::f8_e4m3},
    TorchName{"Float8_e5m2fnuz", Dtype::f8_e5m2fnuz},
    TorchName{"Float8_e4m3fnuz", Dtype::f8_e4m3fnuz},
    TorchName{"Float8_e8m0fnu", Dtype::f8_e8m0},
};

constexpr int scalar_types = static_cast<int>(c10::ScalarType::NumOptions);

}  // namespace

Dtype dtype_of(c10::ScalarType type) {
  const auto* const known = std::ranges::find(names, std::string_view(c10::toString(type)), &TorchName::name);
  if (known != names.end()) return known->dtype;
  return foreign_dtype(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(c10::elementSize(type)));
}

std::optional<c10::ScalarType> scalar_type_of(Dtype dtype) {
  if (is_foreign(dtype)) return static_cast<c10::ScalarType>(foreign_id(dtype));
  const auto* const known = std::ranges::find(names, dtype, &TorchName::dtype);
  if (known == names.end()) return std::nullopt;
  for (int i = 0; i < scalar_types; ++i) {
    const auto type = static_cast<c10::ScalarType>(i);
    if (c10::toString(type) == known->name) return type;
  }
  return std::nullopt;
}

}  // namespace omap
