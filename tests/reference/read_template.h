#pragma once

#include <optional>

#include "tests/reference/random_template.h"

namespace omap::test {

/// A template read plainly, with LibTorch: cat, reshape, permute, flatten, chunk, for each layer. Nothing if that
/// fails, or if the pieces are not of one size and as many as the destinations.
[[nodiscard]] std::optional<Tensors> read_template(const DrawnTemplate& drawn);

}  // namespace omap::test
