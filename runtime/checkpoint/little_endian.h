#pragma once

#include <cstdint>
#include <string>

namespace omap {

/// The low `size` bytes of a number, the lowest first.
inline void append_little_endian(std::string& bytes, std::uint64_t number, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFFU);
}

}  // namespace omap
