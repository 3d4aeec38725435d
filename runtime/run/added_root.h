#pragma once

#include <string>
#include <string_view>

#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// What keys of one checkpoint have before those of another: the prefix, up to a dot, behind which `with` has the most
/// keys of `without`. Empty unless these are more than half of them and more than both have as they stand, and if
/// a key of `with` would get the name of another.
[[nodiscard]] std::string added_root(const TensorIndex& with, const TensorIndex& without);

/// The same tensors; keys that begin with `root` without it.
[[nodiscard]] TensorIndex without_root(const TensorIndex& index, std::string_view root);

}  // namespace omap
