#include "runtime/checkpoint/distributed/distributed_layout.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/checkpoint/distributed/distributed_names.h"
#include "runtime/checkpoint/distributed/write_distributed_metadata.h"
#include "runtime/checkpoint/shards.h"
#include "runtime/checkpoint/torch/archive_layout.h"

namespace omap {
namespace {

Result<void> check_for_chunks(std::span<const OutputTensor> tensors) {
  Diagnostics problems;
  for (const OutputTensor& tensor : tensors) {
    if (bits(tensor.dtype) >= 8) continue;
    problems.push_back(Diagnostic(Code::dtype_not_in_format, "`{}` is {}, which no distributed checkpoint holds",
                                  tensor.key, name(tensor.dtype))
                           .help("cast the tensor in the mapping, or write safetensors: `--to-format safetensors`"));
  }
  return problems.empty() ? check_for_torch(tensors) : fail(std::move(problems));
}

}  // namespace

Result<CheckpointLayout> lay_out_distributed(std::span<const OutputTensor> tensors, std::string_view root,
                                             DistributedFolder place, std::uint64_t max_file_bytes) {
  if (auto fits = check_for_chunks(tensors); !fits) return fail(std::move(fits.error()));
  const auto sizes = sizes_of(tensors);
  if (!sizes) return fail(sizes.error());
  const auto order = in_key_order(tensors);
  if (!order) return fail(order.error());

  const std::string folder = place == DistributedFolder::step ? fmt::format("{}/", model_and_optim) : "";
  CheckpointLayout layout;
  layout.places.resize(tensors.size());
  DistributedMetadata metadata;
  for (const Members& members : shards_of(*order, *sizes, max_file_bytes)) {
    const auto number = static_cast<std::uint32_t>(layout.files.size());
    const std::string name = fmt::format("__0_{}{}", number, distributed_suffix);
    OutputFile& file = layout.files.emplace_back(OutputFile{folder + name, "", 0});
    for (const std::uint32_t i : members) {
      const OutputTensor& tensor = tensors[i];
      const std::uint64_t begin = file.size;
      layout.places[i] = {number, append_tensor_archive(file, tensor, (*sizes)[i])};
      const std::vector<std::int64_t> offsets(tensor.shape.size());
      metadata.tensors.push_back(
          {tensor.key, tensor.dtype, tensor.shape, {{offsets, tensor.shape, {name, begin, file.size - begin}}}});
    }
  }
  if (place == DistributedFolder::step) layout.files.push_back(text_file(".metadata.json", "{\"ephemeral\": false}"));
  layout.index =
      text_file(fmt::format("{}{}", folder, distributed_metadata_file), write_distributed_metadata(metadata, root));
  return layout;
}

}  // namespace omap
