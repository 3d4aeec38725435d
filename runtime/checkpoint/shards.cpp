#include "runtime/checkpoint/shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/safetensors_index.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {
namespace {

/// `number` counts from 1.
std::string shard_name(const ShardNames& names, std::size_t number, std::size_t shards) {
  if (shards == 1) return fmt::format("{}{}", names.stem, names.suffix);
  return fmt::format("{}-{:05}-of-{:05}{}", names.stem, number, shards, names.suffix);
}

OutputFile index_file(std::string_view name, std::span<const OutputTensor> tensors,
                      std::span<const std::uint64_t> sizes, const CheckpointLayout& layout) {
  WeightMap weight_map;
  std::uint64_t parameters = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    weight_map.emplace(tensors[i].key, layout.files[layout.places[i].file].name);
    parameters += static_cast<std::uint64_t>(element_count(tensors[i].shape).value_or(0));
  }
  const std::uint64_t bytes = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  return text_file(std::string(name), write_safetensors_index(weight_map, parameters, bytes));
}

}  // namespace

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

Result<CheckpointLayout> lay_out_one_file(std::span<const OutputTensor> tensors, std::string name,
                                          const LayOutMembers& lay_out) {
  const ShardNames names{name, "", ""};
  return lay_out_shards(tensors, std::numeric_limits<std::uint64_t>::max(), names, lay_out);
}

Result<CheckpointLayout> lay_out_shards(std::span<const OutputTensor> tensors, std::uint64_t max_bytes,
                                        const ShardNames& names, const LayOutMembers& lay_out) {
  const auto sizes = sizes_of(tensors);
  if (!sizes) return fail(sizes.error());
  const auto order = in_key_order(tensors);
  if (!order) return fail(order.error());
  std::vector<Members> shards = shards_of(*order, *sizes, max_bytes);
  if (shards.size() > max_shards) {
    return fail(Diagnostic(Code::index_invalid, "shards of {} bytes would be {}; their names count to {}", max_bytes,
                           shards.size(), max_shards)
                    .help("allow larger shards"));
  }
  CheckpointLayout layout;
  layout.places.resize(tensors.size());
  std::vector<std::uint64_t> offsets(tensors.size());
  for (Members& members : shards) {
    const auto file = static_cast<std::uint32_t>(layout.files.size());
    layout.files.push_back({shard_name(names, file + 1, shards.size()), "", 0});
    for (const std::uint32_t i : members) layout.places[i].file = file;
    if (auto done = lay_out(layout.files.back(), std::move(members), *sizes, offsets); !done) {
      return fail(std::move(done.error()));
    }
  }
  for (std::size_t i = 0; i < offsets.size(); ++i) layout.places[i].offset = offsets[i];
  if (shards.size() > 1) layout.index = index_file(names.index, tensors, *sizes, layout);
  return layout;
}

}  // namespace omap
