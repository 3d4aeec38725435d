#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace omap {

/// Bytes as a text, one character each.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace omap
