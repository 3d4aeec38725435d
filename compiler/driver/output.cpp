#include "compiler/driver/output.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <vector>

#include "runtime/checkpoint/distributed/distributed_layout.h"
#include "runtime/checkpoint/distributed/distributed_names.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/torch/torch_layout.h"
#include "runtime/checkpoint/torch/torch_names.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

/// Of other programs' files of weights and of parts of checkpoints, by which nobody means a directory.
constexpr std::array<std::string_view, 16> foreign_suffixes = {
    ".gguf", ".ggml",    ".npz", ".npy",    ".ckpt", ".h5",  ".hdf5", ".onnx",
    ".pb",   ".msgpack", ".pkl", ".pickle", ".tar",  ".zip", ".json", distributed_suffix};

Result<CheckpointLayout> lay_out_file(std::span<const OutputTensor> tensors, CheckpointFormat format,
                                      std::string name) {
  return format == CheckpointFormat::torch ? lay_out_torch_file(tensors, std::move(name))
                                           : lay_out_safetensors_file(tensors, std::move(name));
}

Result<CheckpointLayout> lay_out_directory(std::span<const OutputTensor> tensors, CheckpointFormat format,
                                           std::string_view root, bool has_config, std::uint64_t max_shard_bytes) {
  switch (format) {
    case CheckpointFormat::safetensors:
      return lay_out_safetensors_directory(tensors, max_shard_bytes);
    case CheckpointFormat::torch:
      return lay_out_torch_directory(tensors, max_shard_bytes);
    case CheckpointFormat::dcp:
      break;
  }
  const DistributedFolder place = has_config ? DistributedFolder::step : DistributedFolder::directory;
  return lay_out_distributed(tensors, root, place, max_shard_bytes);
}

}  // namespace

std::optional<CheckpointFormat> format_of_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(safetensors_suffix)) return CheckpointFormat::safetensors;
  return is_torch_file_name(name) ? std::optional(CheckpointFormat::torch) : std::nullopt;
}

std::vector<std::string_view> written_suffixes() {
  std::vector<std::string_view> suffixes{safetensors_suffix};
  suffixes.insert(suffixes.end(), torch_suffixes.begin(), torch_suffixes.end());
  return suffixes;
}

std::optional<std::string> foreign_suffix(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return std::nullopt;
  const auto* const found =
      std::ranges::find_if(foreign_suffixes, [&](std::string_view suffix) { return name.ends_with(suffix); });
  return found != foreign_suffixes.end() ? std::optional<std::string>(*found) : std::nullopt;
}

Result<Output> lay_out_output(const BoundMapping& bound, const std::filesystem::path& path, CheckpointFormat format,
                              std::string_view root, std::uint64_t max_shard_bytes) {
  const CopyProgram& program = bound.program;
  std::vector<OutputTensor> tensors;
  tensors.reserve(program.destinations.size());
  for (const Destination& destination : program.destinations) {
    tensors.push_back({destination.key, destination.dtype, destination.shape});
  }
  const bool has_config = bound.configs.contains(std::string(default_config_file));
  Output output{path, !format_of_file(path), {}};
  auto layout = output.is_directory ? lay_out_directory(tensors, format, root, has_config, max_shard_bytes)
                                    : lay_out_file(tensors, format, path.filename().string());
  if (!layout) return fail(std::move(layout.error()));
  output.layout = std::move(*layout);
  if (!output.is_directory) return output;
  for (const auto& [name, config] : bound.configs) {
    output.layout.files.push_back(text_file(name, dump_json_indented(config) + "\n"));
  }
  return output;
}

}  // namespace omap::driver
