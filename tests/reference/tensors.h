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

/// By key and element: it was computed or cast, not moved.
using Computed = std::map<std::string, std::vector<bool>>;

/// Where two sets of tensors differ first: a key, a shape, an element. Empty if they are equal, bit for bit.
///
/// Where both have a NaN that was computed, its bits may differ. IEEE 754 leaves open which operand's payload and sign
/// a NaN takes, and LibTorch's own casts differ between its vectors and what is left behind the last: to f16 in
/// hardware, which keeps the payload, or in code, which does not; to bf16 the code drops the sign too.
[[nodiscard]] std::string first_difference(const Tensors& ours, const Tensors& theirs, const Computed& computed = {});

/// Elements that are all distinct bit patterns while `next` fits them; it is counted on.
[[nodiscard]] Tensor counted_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next);

/// Elements to compute with. Of floats most are of a size that sums and products round, some of any size; and there are
/// infinities, NaNs, zeros of both signs, subnormals and the greatest. `next` is counted on.
[[nodiscard]] Tensor numbers_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next);

}  // namespace omap::test
