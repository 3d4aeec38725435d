#include "runtime/checkpoint/dtype.h"

#include <algorithm>
#include <array>
#include <cstddef>

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

constexpr bool in_order_of_enumeration() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].dtype) != i) return false;
  }
  return true;
}
static_assert(in_order_of_enumeration(), "the table is indexed by dtype");

const Spelling& spelling(Dtype dtype) { return table[static_cast<std::size_t>(dtype)]; }

}  // namespace

unsigned bits(Dtype dtype) { return spelling(dtype).bits; }

std::string_view name(Dtype dtype) { return spelling(dtype).name; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &Spelling::name);
  return found != table.end() ? std::optional(found->dtype) : std::nullopt;
}

}  // namespace omap
