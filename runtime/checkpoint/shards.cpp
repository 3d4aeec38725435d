#include "runtime/checkpoint/shards.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>

#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

Result<std::vector<std::uint64_t>> sizes_of(std::span<const OutputTensor> tensors) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(tensors.size());
  std::int64_t sum = 0;
  for (const OutputTensor& tensor : tensors) {
    const std::optional<std::int64_t> size = byte_count(tensor.dtype, tensor.shape);
    if (!size && element_count(tensor.shape) && bits(tensor.dtype) < 8) {
      return fail(
          Diagnostic(Code::sub_byte_layout, "`{}` of {} is not a whole number of bytes", tensor.key, name(tensor.dtype))
              .help("elements of {} bits come in groups that fill bytes", bits(tensor.dtype)));
    }
    if (!size || __builtin_add_overflow(sum, *size, &sum)) {
      return fail(Diagnostic(Code::size_overflow, "with `{}`, the checkpoint exceeds 2^63 - 1 bytes", tensor.key)
                      .help("look at the shape of this tensor: one of its extents is wrong"));
    }
    sizes.push_back(static_cast<std::uint64_t>(*size));
  }
  return sizes;
}

Result<Members> in_key_order(std::span<const OutputTensor> tensors) {
  Members order(tensors.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::ranges::sort(order, natural_less, [&](std::uint32_t i) { return std::string_view(tensors[i].key); });
  const auto twice = std::ranges::adjacent_find(order, std::equal_to{},
                                                [&](std::uint32_t i) { return std::string_view(tensors[i].key); });
  if (twice == order.end()) return order;
  return fail(Diagnostic(Code::destination_twice, "two tensors to be written are called `{}`", tensors[*twice].key)
                  .help("a checkpoint holds one tensor by a key: rename one of them"));
}

std::vector<Members> shards_of(const Members& order, std::span<const std::uint64_t> sizes, std::uint64_t max_bytes) {
  std::vector<Members> shards(1);
  std::uint64_t filled = 0;
  for (const std::uint32_t i : order) {
    const bool fits = filled <= max_bytes && sizes[i] <= max_bytes - filled;
    if (!fits && !shards.back().empty()) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(i);
    filled += sizes[i];
  }
  return shards;
}

Diagnostic too_many_shards(std::uint64_t shards, std::uint64_t max_bytes) {
  return Diagnostic(Code::index_invalid, "shards of {} bytes would be {}; their names count to {}", max_bytes, shards,
                    max_shards)
      .help("allow larger shards");
}

}  // namespace omap
