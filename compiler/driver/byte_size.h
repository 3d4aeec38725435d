#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace omap::driver {

/// A size as users write it, decimal: `20KB`, `5GB`, `1500`, `1.5GB`; case does not matter. Nothing if it is none, or
/// 0.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace omap::driver
