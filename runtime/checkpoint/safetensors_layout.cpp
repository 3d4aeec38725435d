#include "runtime/checkpoint/safetensors_layout.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "diagnostics/source_map.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/shards.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {
namespace {

/// Whether each key may stand in a header.
Result<void> check_keys(std::span<const OutputTensor> tensors) {
  for (const OutputTensor& tensor : tensors) {
    if (tensor.key == safetensors_metadata_name || first_invalid_utf8(tensor.key) != std::string_view::npos) {
      return fail(Diagnostic(Code::key_invalid, "safetensors cannot hold a tensor called `{}`", tensor.key)
                      .help("keys are UTF-8, and `__metadata__` has a meaning of its own: choose another key"));
    }
  }
  return {};
}

/// Writes the header of a file, and notes where each of its tensors goes.
Result<void> lay_out_members(OutputFile& file, Members members, std::span<const OutputTensor> tensors,
                             std::span<const std::uint64_t> sizes, std::vector<std::uint64_t>& offsets) {
  std::ranges::sort(members, [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(tensors[b].dtype, tensors[a].key) < std::tie(tensors[a].dtype, tensors[b].key);
  });
  std::vector<TensorInfo> header;
  header.reserve(members.size());
  for (const std::uint32_t i : members) {
    header.push_back({tensors[i].key, tensors[i].dtype, tensors[i].shape, {0, 0, sizes[i]}});
  }
  file.head = write_safetensors_header(header, {{"format", "pt"}});
  if (file.head.size() - 8 > max_safetensors_header) {
    return fail(Diagnostic(Code::header_invalid, "the header of {} tensors would have {} bytes; readers take {}",
                           members.size(), file.head.size() - 8, max_safetensors_header)
                    .help("write a directory of smaller shards")
                    .in(file.name));
  }
  file.size = file.head.size();
  for (const std::uint32_t i : members) {
    offsets[i] = file.size;
    file.size += sizes[i];
  }
  return {};
}

LayOutMembers members_of(std::span<const OutputTensor> tensors) {
  return [tensors](OutputFile& file, Members members, std::span<const std::uint64_t> sizes,
                   std::vector<std::uint64_t>& offsets) {
    return lay_out_members(file, std::move(members), tensors, sizes, offsets);
  };
}

}  // namespace

Result<CheckpointLayout> lay_out_safetensors_file(std::span<const OutputTensor> tensors, std::string name) {
  if (auto fit = check_keys(tensors); !fit) return fail(std::move(fit.error()));
  return lay_out_one_file(tensors, std::move(name), members_of(tensors));
}

Result<CheckpointLayout> lay_out_safetensors_directory(std::span<const OutputTensor> tensors,
                                                       std::uint64_t max_shard_bytes) {
  if (auto fit = check_keys(tensors); !fit) return fail(std::move(fit.error()));
  const ShardNames names{"model", safetensors_suffix, safetensors_index_file};
  return lay_out_shards(tensors, max_shard_bytes, names, members_of(tensors));
}

}  // namespace omap
