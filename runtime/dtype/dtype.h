#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace omap {

/// The element types of safetensors, in the order of its `Dtype` enumeration (safetensors 0.8, src/tensor.rs):
/// writers sort tensors by it, descending. Beside them there are foreign ones (`foreign_dtype`).
enum class Dtype : std::uint16_t {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
};

/// An element type that safetensors does not know, as a library's tensors may have: elements of `bytes` bytes that are
/// only moved. Types with different `id`s differ. It is of no file.
[[nodiscard]] constexpr Dtype foreign_dtype(std::uint8_t id, std::uint8_t bytes) {
  return static_cast<Dtype>(0x8000U | (static_cast<unsigned>(bytes & 0x7FU) << 8U) | id);
}
[[nodiscard]] constexpr bool is_foreign(Dtype dtype) { return (static_cast<unsigned>(dtype) & 0x8000U) != 0; }
/// The `id` of a foreign dtype.
[[nodiscard]] constexpr std::uint8_t foreign_id(Dtype dtype) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(dtype) & 0xFFU);
}

/// Bits of one element: 4 and 6 for the types smaller than a byte.
[[nodiscard]] unsigned bits(Dtype dtype);
/// As safetensors spells it: `BF16`. A foreign one is `FOREIGN`.
[[nodiscard]] std::string_view name(Dtype dtype);
/// The dtype that safetensors spells so; upper case only.
[[nodiscard]] std::optional<Dtype> dtype_from_name(std::string_view name);
/// The dtype that a mapping or a config means: safetensors' names in lower case (`bf16`, `f8_e4m3`), or PyTorch's
/// (`bfloat16`, `torch.float8_e4m3fn`).
[[nodiscard]] std::optional<Dtype> dtype_from_text(std::string_view text);

/// As PyTorch's `torch.dtype` is called, without `torch.`: `bfloat16`. Nothing for a dtype that it does not have.
[[nodiscard]] std::optional<std::string_view> torch_name(Dtype dtype);

}  // namespace omap
