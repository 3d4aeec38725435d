#include "runtime/checkpoint/torch/torch_layout.h"

#include <utility>

#include "runtime/checkpoint/shards.h"
#include "runtime/checkpoint/torch/archive_layout.h"
#include "runtime/checkpoint/torch/torch_names.h"

namespace omap {
namespace {

LayOutMembers members_of(std::span<const OutputTensor> tensors) {
  return [tensors](OutputFile& file, const Members& members, std::span<const std::uint64_t> sizes,
                   std::vector<std::uint64_t>& offsets) -> Result<void> {
    append_state_archive(file, members, tensors, sizes, offsets);
    return {};
  };
}

}  // namespace

Result<CheckpointLayout> lay_out_torch_file(std::span<const OutputTensor> tensors, std::string name) {
  if (auto fits = check_for_torch(tensors); !fits) return fail(std::move(fits.error()));
  return lay_out_one_file(tensors, std::move(name), members_of(tensors));
}

Result<CheckpointLayout> lay_out_torch_directory(std::span<const OutputTensor> tensors, std::uint64_t max_shard_bytes) {
  if (auto fits = check_for_torch(tensors); !fits) return fail(std::move(fits.error()));
  return lay_out_shards(tensors, max_shard_bytes, {"pytorch_model", ".bin", torch_index_file}, members_of(tensors));
}

}  // namespace omap
