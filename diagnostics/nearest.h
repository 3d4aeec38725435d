#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace omap {

/// The candidate that `wanted` is most likely a slip of the pen for, if any is near enough: at most a third of the
/// letters differ, by Damerau-Levenshtein distance (insert, delete, replace, swap of neighbours), case ignored.
[[nodiscard]] std::optional<std::string> nearest(std::string_view wanted, std::span<const std::string> candidates);

}  // namespace omap
