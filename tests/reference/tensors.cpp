#include "tests/reference/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace omap::test {
namespace {

std::string hex(const Tensor& tensor, std::size_t element, std::size_t size) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, tensor.bytes.data() + element * size, size);
  return fmt::format("{:#x}", bits);
}

std::string difference(const Tensor& ours, const Tensor& theirs) {
  if (ours.dtype != theirs.dtype) return fmt::format("is {}, not {}", name(ours.dtype), name(theirs.dtype));
  if (ours.shape != theirs.shape) return fmt::format("is {}, not {}", ours.shape, theirs.shape);
  if (ours.bytes.size() != theirs.bytes.size()) return "has another size";
  const auto at = std::mismatch(ours.bytes.begin(), ours.bytes.end(), theirs.bytes.begin()).first;
  if (at == ours.bytes.end()) return {};
  const std::size_t size = bits(ours.dtype) / 8;
  const std::size_t element = static_cast<std::size_t>(at - ours.bytes.begin()) / size;
  return fmt::format("{} has {} at element {}, not {}", ours.shape, hex(ours, element, size), element,
                     hex(theirs, element, size));
}

}  // namespace

std::string first_difference(const Tensors& ours, const Tensors& theirs) {
  for (const auto& [key, tensor] : theirs) {
    const auto found = ours.find(key);
    if (found == ours.end()) return fmt::format("`{}` is not written", key);
    if (const std::string what = difference(found->second, tensor); !what.empty()) {
      return fmt::format("`{}` {}", key, what);
    }
  }
  for (const auto& [key, tensor] : ours) {
    if (!theirs.contains(key)) return fmt::format("`{}` is written, and should not be", key);
  }
  return {};
}

Tensor counted_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next) {
  Tensor tensor{dtype, std::move(shape), {}};
  std::size_t elements = 1;
  for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
  const std::size_t size = bits(dtype) / 8;
  tensor.bytes.resize(elements * size);
  for (std::size_t i = 0; i < elements; ++i) {
    // An odd factor is a permutation of the 2^bits patterns: neighbours differ in every byte.
    const std::uint64_t pattern = next++ * 0x9e3779b97f4a7c15u;
    std::memcpy(tensor.bytes.data() + i * size, &pattern, size);
  }
  return tensor;
}

}  // namespace omap::test
