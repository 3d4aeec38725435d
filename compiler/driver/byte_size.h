#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace omap::driver {

/// A size as users write it: `1500`, `20KB`, `1.5GB`, `5G` are decimal, `8MiB` and `1GiB` powers of 1024; case does not
/// matter. Nothing if it is none, no whole number of bytes, or 0.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace omap::driver
