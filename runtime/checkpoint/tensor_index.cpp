#include "runtime/checkpoint/tensor_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace omap {

TensorIndex::TensorIndex(std::vector<std::filesystem::path> files, std::vector<TensorInfo> tensors)
    : files_(std::move(files)), tensors_(std::move(tensors)) {
  by_key_.reserve(tensors_.size());
  for (std::size_t i = 0; i < tensors_.size(); ++i) by_key_.emplace(tensors_[i].key, static_cast<std::uint32_t>(i));
}

std::optional<std::uint32_t> TensorIndex::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found != by_key_.end() ? std::optional(found->second) : std::nullopt;
}

std::uint64_t TensorIndex::total_bytes() const {
  return std::accumulate(tensors_.begin(), tensors_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const TensorInfo& tensor) { return sum + dense_bytes(tensor); });
}

std::optional<std::int64_t> element_count(const std::vector<std::int64_t>& shape) {
  if (std::ranges::find(shape, std::int64_t{0}) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  }
  return count;
}

std::vector<std::int64_t> dense_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

std::uint64_t dense_bytes(const TensorInfo& tensor) {
  return static_cast<std::uint64_t>(byte_count(tensor.dtype, tensor.shape).value_or(0));
}

std::optional<std::int64_t> byte_count(Dtype dtype, const std::vector<std::int64_t>& shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count) return std::nullopt;
  // The smallest group of elements that is whole bytes: 2 elements of 4 bits in 1 byte, 4 of 6 bits in 3 bytes.
  const auto common = static_cast<std::int64_t>(std::gcd(bits(dtype), 8U));
  const std::int64_t group = 8 / common;
  const std::int64_t group_bytes = static_cast<std::int64_t>(bits(dtype)) / common;
  std::int64_t bytes = 0;
  if (*count % group != 0 || __builtin_mul_overflow(*count / group, group_bytes, &bytes)) return std::nullopt;
  return bytes;
}

}  // namespace omap
