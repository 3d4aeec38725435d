#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/bind/copy_program.h"

namespace omap {

/// A destination as a view of its source: element (i_0, i_1, ...) is at offset + sum of i_k strides_k of the source's
/// memory, in elements from its first.
struct DestinationView {
  std::uint32_t source = 0;
  std::int64_t offset = 0;
  /// As many as the destination has dimensions.
  std::vector<std::int64_t> strides;
};

/// How a destination can be seen in its source without moving anything: all of its elements are those of one box, they
/// are not computed, and each of its dimensions runs along one loop of the copy. So are renames, pieces along a
/// dimension, transposes, and products taken apart. Nothing for a destination without elements.
[[nodiscard]] std::optional<DestinationView> view_of(const Destination& destination);

}  // namespace omap
