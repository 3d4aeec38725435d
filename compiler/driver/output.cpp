#include "compiler/driver/output.h"

#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/json/json.h"

namespace omap::driver {

Result<Output> lay_out_output(const BoundMapping& bound, const std::filesystem::path& path,
                              std::uint64_t max_shard_bytes) {
  const CopyProgram& program = bound.program;
  std::vector<OutputTensor> tensors;
  tensors.reserve(program.destinations.size());
  for (const Destination& destination : program.destinations) {
    tensors.push_back({destination.key, destination.dtype, destination.shape});
  }
  Output output{path, path.extension() != ".safetensors", {}};
  auto layout = output.is_directory ? lay_out_safetensors_directory(tensors, max_shard_bytes)
                                    : lay_out_safetensors_file(tensors, path.filename().string());
  if (!layout) return fail(std::move(layout.error()));
  output.layout = std::move(*layout);
  if (!output.is_directory) return output;
  for (const auto& [name, config] : bound.configs) {
    std::string text = dump_json_indented(config) + "\n";
    const std::uint64_t size = text.size();
    output.layout.files.push_back({name, std::move(text), size});
  }
  return output;
}

}  // namespace omap::driver
