#pragma once

#include <string_view>

namespace omap {

inline constexpr std::string_view omap_version = "0.1.0";

}  // namespace omap
