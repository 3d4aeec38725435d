#include "runtime/torch/state_file.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "runtime/bind/stored_destination.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/run/fill_interval.h"
#include "runtime/run/read_dense.h"
#include "runtime/torch/no_throw.h"
#include "runtime/torch/scalar_type.h"
#include "runtime/torch/state_headers.h"

namespace omap {
namespace {

constexpr std::size_t buffer_bytes = 4 << 20;

Result<at::Tensor> read_tensor(const CheckpointReader& reader, const TensorInfo& info) {
  const auto type = scalar_type_of(info.dtype);
  if (!type) {
    return fail(Diagnostic(Code::tensor_unsupported, "`{}` is {}, which this LibTorch does not have", info.key,
                           name(info.dtype))
                    .help("convert from file to file, which needs no LibTorch"));
  }
  at::Tensor made = at::empty(info.shape, at::TensorOptions(*type));
  if (made.numel() == 0) return made;
  auto done = read_dense(reader, info, 0, {static_cast<std::byte*>(made.data_ptr()), made.nbytes()});
  if (!done) return fail(std::move(done.error()));
  return made;
}

/// One tensor of a state to its place in the files.
Result<void> write_tensor(const at::Tensor& tensor, const TensorInfo& info, const TensorPlace& place,
                          StagedOutput& output, std::span<std::byte> buffer) {
  const Destination destination = same_destination(info, 0);
  const std::byte* const memory = elements_of(tensor);
  const CopyProgram nothing_computed;
  const MemoryFill fill{nothing_computed, destination, {&memory, 1}};
  for (std::uint64_t begin = 0; begin < destination.bytes; begin += buffer.size()) {
    const std::uint64_t end = std::min<std::uint64_t>(destination.bytes, begin + buffer.size());
    fill_interval(fill, begin, end, buffer.data(), {});
    auto written = output.write(place.file, place.offset + begin, buffer.first(end - begin));
    if (!written) return written;
  }
  return {};
}

Result<CheckpointLayout> lay_out(const TensorIndex& index, const std::filesystem::path& path, bool is_directory,
                                 std::uint64_t max_shard_bytes) {
  std::vector<OutputTensor> tensors;
  Diagnostics problems;
  for (const TensorInfo& info : index.tensors()) {
    if (is_foreign(info.dtype)) {
      problems.push_back(Diagnostic(Code::tensor_unsupported, "`{}` has a dtype that safetensors does not", info.key)
                             .help("cast it, or view it as another dtype of the same size"));
    }
    tensors.push_back({info.key, info.dtype, info.shape});
  }
  if (!problems.empty()) return fail(std::move(problems));
  return is_directory ? lay_out_safetensors_directory(tensors, max_shard_bytes)
                      : lay_out_safetensors_file(tensors, path.filename().string());
}

}  // namespace

Result<StateDict> read_state(const std::filesystem::path& path) {
  return no_throw([&]() -> Result<StateDict> {
    const auto reader = open_checkpoint(path);
    if (!reader) return fail(reader.error());
    std::vector<StateDict::Entry> entries;
    entries.reserve(reader->index().tensors().size());
    for (const TensorInfo& info : reader->index().tensors()) {
      auto tensor = read_tensor(*reader, info);
      if (!tensor) return fail(std::move(tensor.error()));
      entries.emplace_back(info.key, std::move(*tensor));
    }
    if (auto same = reader->check_unchanged(); !same) return fail(std::move(same.error()));
    return StateDict::from(std::move(entries));
  });
}

Result<void> write_state(const StateDict& state, const std::filesystem::path& path, const WriteStateOptions& options) {
  return no_throw([&]() -> Result<void> {
    const auto index = headers_of(state);
    if (!index) return fail(index.error());
    const bool is_directory = path.extension() != ".safetensors";
    const auto layout = lay_out(*index, path, is_directory, options.max_shard_bytes);
    if (!layout) return fail(layout.error());
    if (auto allowed = check_destination(path, is_directory, {options.replace}, *layout, {}, {}); !allowed) {
      return allowed;
    }
    auto output = stage_output(path, is_directory, *layout, {.replace = options.replace});
    if (!output) return fail(std::move(output.error()));
    std::vector<std::byte> buffer(buffer_bytes);
    for (std::size_t i = 0; i < state.size(); ++i) {
      const at::Tensor here = plain(state.entries()[i].second).cpu();
      TensorInfo info = index->tensors()[i];
      info.strides = here.strides().vec();
      if (auto done = write_tensor(here, info, layout->places[i], *output, buffer); !done) return done;
    }
    return output->commit();
  });
}

}  // namespace omap
