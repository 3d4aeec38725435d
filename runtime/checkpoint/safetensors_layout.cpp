#include "runtime/checkpoint/safetensors_layout.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "diagnostics/source_map.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/shards.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {
namespace {

/// Bytes of each tensor, if each key may stand in a header.
Result<std::vector<std::uint64_t>> safetensors_sizes(std::span<const OutputTensor> tensors) {
  for (const OutputTensor& tensor : tensors) {
    if (tensor.key == safetensors_metadata_name || first_invalid_utf8(tensor.key) != std::string_view::npos) {
      return fail(Diagnostic(Code::key_invalid, "safetensors cannot hold a tensor called `{}`", tensor.key)
                      .help("keys are UTF-8, and `__metadata__` has a meaning of its own: choose another key"));
    }
  }
  return sizes_of(tensors);
}

/// Writes the header of file number `file`, which holds `members`, and notes where each of them goes.
Result<OutputFile> lay_out_file(std::string name, std::uint32_t file, Members members,
                                std::span<const OutputTensor> tensors, std::span<const std::uint64_t> sizes,
                                std::vector<TensorPlace>& places) {
  std::ranges::sort(members, [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(tensors[b].dtype, tensors[a].key) < std::tie(tensors[a].dtype, tensors[b].key);
  });
  std::vector<TensorInfo> header;
  header.reserve(members.size());
  for (const std::uint32_t i : members) {
    header.push_back({tensors[i].key, tensors[i].dtype, tensors[i].shape, {file, 0, sizes[i]}});
  }
  OutputFile out{std::move(name), write_safetensors_header(header, {{"format", "pt"}}), 0};
  if (out.head.size() - 8 > max_safetensors_header) {
    return fail(Diagnostic(Code::header_invalid, "the header of {} tensors would have {} bytes; readers take {}",
                           members.size(), out.head.size() - 8, max_safetensors_header)
                    .help("write a directory of smaller shards")
                    .in(out.name));
  }
  out.size = out.head.size();
  for (const std::uint32_t i : members) {
    places[i] = {file, out.size};
    out.size += sizes[i];
  }
  return out;
}

OutputFile index_file(std::span<const OutputTensor> tensors, std::span<const std::uint64_t> sizes,
                      const CheckpointLayout& layout) {
  WeightMap weight_map;
  std::uint64_t parameters = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    weight_map.emplace(tensors[i].key, layout.files[layout.places[i].file].name);
    parameters += static_cast<std::uint64_t>(element_count(tensors[i].shape).value_or(0));
  }
  const std::uint64_t bytes = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  return text_file(std::string(safetensors_index_file), write_safetensors_index(weight_map, parameters, bytes));
}

}  // namespace

Result<CheckpointLayout> lay_out_safetensors_file(std::span<const OutputTensor> tensors, std::string name) {
  auto sizes = safetensors_sizes(tensors);
  if (!sizes) return fail(std::move(sizes.error()));
  auto order = in_key_order(tensors);
  if (!order) return fail(std::move(order.error()));
  CheckpointLayout layout;
  layout.places.resize(tensors.size());
  auto file = lay_out_file(std::move(name), 0, *std::move(order), tensors, *sizes, layout.places);
  if (!file) return fail(std::move(file.error()));
  layout.files.push_back(*std::move(file));
  return layout;
}

Result<CheckpointLayout> lay_out_safetensors_directory(std::span<const OutputTensor> tensors,
                                                       std::uint64_t max_shard_bytes) {
  auto sizes = safetensors_sizes(tensors);
  if (!sizes) return fail(std::move(sizes.error()));
  const auto order = in_key_order(tensors);
  if (!order) return fail(order.error());
  std::vector<Members> shards = shards_of(*order, *sizes, max_shard_bytes);
  if (shards.size() > max_shards) return fail(too_many_shards(shards.size(), max_shard_bytes));
  CheckpointLayout layout;
  layout.places.resize(tensors.size());
  for (std::size_t i = 0; i < shards.size(); ++i) {
    std::string name = shards.size() == 1 ? std::string(safetensors_single_file) : shard_name(i + 1, shards.size());
    auto file = lay_out_file(std::move(name), static_cast<std::uint32_t>(i), std::move(shards[i]), tensors, *sizes,
                             layout.places);
    if (!file) return fail(std::move(file.error()));
    layout.files.push_back(*std::move(file));
  }
  if (shards.size() > 1) layout.index = index_file(tensors, *sizes, layout);
  return layout;
}

}  // namespace omap
