#include "runtime/checkpoint/torch/torch_dtype.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace omap {
namespace {

constexpr std::string_view prefix = "torch.";

struct TorchDtype {
  std::string_view name;
  /// Empty for dtypes that have no class of storages.
  std::string_view storage;
  std::optional<Dtype> dtype;
};

/// c10/core/ScalarType.h, without those that have neither storages nor a counterpart here.
constexpr std::array table = {
    TorchDtype{"bool", "BoolStorage", Dtype::boolean},
    TorchDtype{"uint8", "ByteStorage", Dtype::u8},
    TorchDtype{"int8", "CharStorage", Dtype::i8},
    TorchDtype{"int16", "ShortStorage", Dtype::i16},
    TorchDtype{"int32", "IntStorage", Dtype::i32},
    TorchDtype{"int64", "LongStorage", Dtype::i64},
    TorchDtype{"float16", "HalfStorage", Dtype::f16},
    TorchDtype{"bfloat16", "BFloat16Storage", Dtype::bf16},
    TorchDtype{"float32", "FloatStorage", Dtype::f32},
    TorchDtype{"float64", "DoubleStorage", Dtype::f64},
    TorchDtype{"complex64", "ComplexFloatStorage", Dtype::c64},
    TorchDtype{"uint16", "", Dtype::u16},
    TorchDtype{"uint32", "", Dtype::u32},
    TorchDtype{"uint64", "", Dtype::u64},
    TorchDtype{"float8_e4m3fn", "", Dtype::f8_e4m3},
    TorchDtype{"float8_e5m2", "", Dtype::f8_e5m2},
    TorchDtype{"float8_e4m3fnuz", "", Dtype::f8_e4m3fnuz},
    TorchDtype{"float8_e5m2fnuz", "", Dtype::f8_e5m2fnuz},
    TorchDtype{"float8_e8m0fnu", "", Dtype::f8_e8m0},
    TorchDtype{"float4_e2m1fn_x2", "", Dtype::f4},
    TorchDtype{"complex128", "ComplexDoubleStorage", std::nullopt},
    TorchDtype{"complex32", "", std::nullopt},
    TorchDtype{"qint8", "QInt8Storage", std::nullopt},
    TorchDtype{"qint32", "QInt32Storage", std::nullopt},
    TorchDtype{"quint8", "QUInt8Storage", std::nullopt},
    TorchDtype{"quint4x2", "QUInt4x2Storage", std::nullopt},
    TorchDtype{"quint2x4", "QUInt2x4Storage", std::nullopt},
};

const TorchDtype* find_dtype(std::string_view name) {
  if (!name.starts_with(prefix)) return nullptr;
  name.remove_prefix(prefix.size());
  const auto* const found = std::ranges::find(table, name, &TorchDtype::name);
  return found != table.end() ? found : nullptr;
}

const TorchDtype* find_storage(std::string_view name) {
  if (!name.starts_with(prefix)) return nullptr;
  name.remove_prefix(prefix.size());
  const auto* const found = std::ranges::find(table, name, &TorchDtype::storage);
  return found != table.end() && !name.empty() ? found : nullptr;
}

/// `bits8`, `int4` and their like: a name and a number of bits.
bool is_bits_dtype(std::string_view name) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  for (const std::string_view kind : {"bits", "int", "uint"}) {
    if (!name.starts_with(kind)) continue;
    const std::string_view number = name.substr(kind.size());
    const auto is_number_part = [](char c) { return c == 'x' || std::isdigit(static_cast<unsigned char>(c)) != 0; };
    if (!number.empty() && std::ranges::all_of(number, is_number_part)) return true;
  }
  return false;
}

}  // namespace

std::optional<Dtype> dtype_of_torch(std::string_view name) {
  const TorchDtype* const found = find_dtype(name);
  return found != nullptr ? found->dtype : std::nullopt;
}

std::optional<Dtype> dtype_of_storage(std::string_view name) {
  const TorchDtype* const found = find_storage(name);
  return found != nullptr ? found->dtype : std::nullopt;
}

std::optional<TorchType> torch_type_of(Dtype dtype) {
  const auto* const found = std::ranges::find(table, std::optional(dtype), &TorchDtype::dtype);
  return found != table.end() ? std::optional(TorchType{found->name, found->storage}) : std::nullopt;
}

bool is_torch_dtype(std::string_view name) { return find_dtype(name) != nullptr || is_bits_dtype(name); }

bool is_torch_storage(std::string_view name) { return name == untyped_storage || find_storage(name) != nullptr; }

}  // namespace omap
