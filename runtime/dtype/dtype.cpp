#include "runtime/dtype/dtype.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

namespace omap {
namespace {

struct Spelling {
  Dtype dtype;
  std::string_view name;
  unsigned bits;
};

constexpr std::array table = {
    Spelling{Dtype::boolean, "BOOL", 8},
    Spelling{Dtype::f4, "F4", 4},
    Spelling{Dtype::f6_e2m3, "F6_E2M3", 6},
    Spelling{Dtype::f6_e3m2, "F6_E3M2", 6},
    Spelling{Dtype::u8, "U8", 8},
    Spelling{Dtype::i8, "I8", 8},
    Spelling{Dtype::f8_e5m2, "F8_E5M2", 8},
    Spelling{Dtype::f8_e4m3, "F8_E4M3", 8},
    Spelling{Dtype::f8_e8m0, "F8_E8M0", 8},
    Spelling{Dtype::f8_e4m3fnuz, "F8_E4M3FNUZ", 8},
    Spelling{Dtype::f8_e5m2fnuz, "F8_E5M2FNUZ", 8},
    Spelling{Dtype::i16, "I16", 16},
    Spelling{Dtype::u16, "U16", 16},
    Spelling{Dtype::f16, "F16", 16},
    Spelling{Dtype::bf16, "BF16", 16},
    Spelling{Dtype::i32, "I32", 32},
    Spelling{Dtype::u32, "U32", 32},
    Spelling{Dtype::f32, "F32", 32},
    Spelling{Dtype::c64, "C64", 64},
    Spelling{Dtype::f64, "F64", 64},
    Spelling{Dtype::i64, "I64", 64},
    Spelling{Dtype::u64, "U64", 64},
};

/// As `torch.dtype` prints them.
constexpr std::array<std::pair<std::string_view, Dtype>, 18> torch_names = {{{"bfloat16", Dtype::bf16},
                                                                             {"float16", Dtype::f16},
                                                                             {"float32", Dtype::f32},
                                                                             {"float64", Dtype::f64},
                                                                             {"float8_e4m3fn", Dtype::f8_e4m3},
                                                                             {"float8_e5m2", Dtype::f8_e5m2},
                                                                             {"float8_e4m3fnuz", Dtype::f8_e4m3fnuz},
                                                                             {"float8_e5m2fnuz", Dtype::f8_e5m2fnuz},
                                                                             {"float8_e8m0fnu", Dtype::f8_e8m0},
                                                                             {"int8", Dtype::i8},
                                                                             {"uint8", Dtype::u8},
                                                                             {"int16", Dtype::i16},
                                                                             {"int32", Dtype::i32},
                                                                             {"int64", Dtype::i64},
                                                                             {"uint16", Dtype::u16},
                                                                             {"uint32", Dtype::u32},
                                                                             {"uint64", Dtype::u64},
                                                                             {"bool", Dtype::boolean}}};

constexpr bool in_order_of_enumeration() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].dtype) != i) return false;
  }
  return true;
}
static_assert(in_order_of_enumeration(), "the table is indexed by dtype");

const Spelling& spelling(Dtype dtype) { return table[static_cast<std::size_t>(dtype)]; }

}  // namespace

unsigned bits(Dtype dtype) {
  return is_foreign(dtype) ? ((static_cast<unsigned>(dtype) >> 8U) & 0x7FU) * 8U : spelling(dtype).bits;
}

std::string_view name(Dtype dtype) { return is_foreign(dtype) ? "FOREIGN" : spelling(dtype).name; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &Spelling::name);
  return found != table.end() ? std::optional(found->dtype) : std::nullopt;
}

std::optional<std::string_view> torch_name(Dtype dtype) {
  const auto* const found = std::ranges::find(torch_names, dtype, &std::pair<std::string_view, Dtype>::second);
  return found != torch_names.end() ? std::optional(found->first) : std::nullopt;
}

std::optional<Dtype> dtype_from_text(std::string_view text) {
  constexpr std::string_view torch_prefix = "torch.";
  if (text.starts_with(torch_prefix)) text.remove_prefix(torch_prefix.size());
  const auto* const torch = std::ranges::find(torch_names, text, &std::pair<std::string_view, Dtype>::first);
  if (torch != torch_names.end()) return torch->second;
  const auto same = [](char lower, char upper) {
    return std::tolower(static_cast<unsigned char>(upper)) == static_cast<unsigned char>(lower);
  };
  const auto* const found =
      std::ranges::find_if(table, [&](const Spelling& known) { return std::ranges::equal(text, known.name, same); });
  return found != table.end() ? std::optional(found->dtype) : std::nullopt;
}

}  // namespace omap
