#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace omap {

/// The low `size` bytes of a number, the lowest first.
inline void append_little_endian(std::string& bytes, std::uint64_t number, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFFU);
}

/// The number that at most 8 bytes are.
[[nodiscard]] inline std::uint64_t read_little_endian(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return number;
}

}  // namespace omap
