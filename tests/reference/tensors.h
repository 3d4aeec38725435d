#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/dtype/dtype.h"

namespace omap::test {

/// A dense, row-major tensor in memory.
struct Tensor {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

using Tensors = std::map<std::string, Tensor>;

/// Where two sets of tensors differ first: a key, a shape, an element. Empty if they are equal, bit for bit.
[[nodiscard]] std::string first_difference(const Tensors& ours, const Tensors& theirs);

/// Elements that are all distinct bit patterns while `next` fits them; it is counted on.
[[nodiscard]] Tensor counted_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next);

}  // namespace omap::test
