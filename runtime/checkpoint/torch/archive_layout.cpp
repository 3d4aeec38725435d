#include "runtime/checkpoint/torch/archive_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "diagnostics/source_map.h"
#include "runtime/checkpoint/pickle/write_pickle.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/checkpoint/torch/torch_dtype.h"
#include "runtime/checkpoint/zip_layout.h"

namespace omap {
namespace {

/// PyTorch counts a byte of two elements of 4 bits as one.
std::vector<std::int64_t> torch_shape(const OutputTensor& tensor) {
  std::vector<std::int64_t> shape = tensor.shape;
  if (tensor.dtype == Dtype::f4) shape.back() /= 2;
  return shape;
}

/// Those of a new tensor: an extent of 0 counts as 1.
std::vector<std::int64_t> torch_strides(std::vector<std::int64_t> shape) {
  for (std::int64_t& extent : shape) extent = std::max<std::int64_t>(extent, 1);
  return dense_strides(shape);
}

void write_ordered_dict(PickleWriter& pickle) {
  pickle.global("collections", "OrderedDict");
  pickle.empty_tuple();
  pickle.call();
}

/// Types with a class of storages go by `_rebuild_tensor_v2`, which every PyTorch knows; newer ones are bytes, and
/// `_rebuild_tensor_v3` is told their dtype.
void write_tensor(PickleWriter& pickle, const OutputTensor& tensor, std::uint64_t size, std::string_view storage_key) {
  const TorchType type = *torch_type_of(tensor.dtype);
  const bool typed = !type.storage.empty();
  pickle.global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  pickle.mark();
  pickle.mark();
  pickle.text("storage");
  typed ? pickle.global("torch", type.storage) : pickle.global("torch.storage", "UntypedStorage");
  pickle.text(storage_key);
  pickle.text("cpu");
  pickle.integer(static_cast<std::int64_t>(typed ? size / (bits(tensor.dtype) / 8) : size));
  pickle.tuple();
  pickle.persistent();
  pickle.integer(0);
  const std::vector<std::int64_t> shape = torch_shape(tensor);
  pickle.integers(shape);
  pickle.integers(torch_strides(shape));
  pickle.boolean(false);
  write_ordered_dict(pickle);
  if (!typed) pickle.global("torch", type.name);
  pickle.tuple();
  pickle.call();
}

/// An archive of an object with storages of these sizes; `place` gets the number and the offset of each.
template <class Place>
void append_archive(OutputFile& file, std::string_view pickle, std::span<const std::uint64_t> storages, Place place) {
  ZipLayout zip(file);
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", "little");
  for (std::size_t i = 0; i < storages.size(); ++i)
    place(i, zip.add_data(fmt::format("archive/data/{}", i), storages[i]));
  zip.add("archive/version", "3\n");
  zip.finish();
}

Diagnostic unwritable_dtype(const OutputTensor& tensor) {
  return Diagnostic(Code::dtype_not_in_format, "`{}` is {}, and PyTorch has no such dtype", tensor.key,
                    name(tensor.dtype))
      .help("cast the tensor in the mapping, or write safetensors: `--to-format safetensors`");
}

}  // namespace

Result<void> check_for_torch(std::span<const OutputTensor> tensors) {
  Diagnostics problems;
  for (const OutputTensor& tensor : tensors) {
    const bool fits = tensor.key.size() <= std::numeric_limits<std::uint32_t>::max();
    if (!fits || first_invalid_utf8(tensor.key) != std::string_view::npos) {
      problems.push_back(Diagnostic(Code::key_invalid, "a pickle cannot hold a tensor called `{}`", tensor.key)
                             .help("keys are UTF-8: choose another key"));
    } else if (!torch_type_of(tensor.dtype)) {
      problems.push_back(unwritable_dtype(tensor));
    } else if (tensor.dtype == Dtype::f4 && (tensor.shape.empty() || tensor.shape.back() % 2 != 0)) {
      problems.push_back(Diagnostic(Code::sub_byte_layout, "the last extent of `{}` is odd, and it is F4", tensor.key)
                             .help("PyTorch holds elements of 4 bits in pairs along the last dimension"));
    }
  }
  return problems.empty() ? Result<void>() : fail(std::move(problems));
}

std::uint64_t append_tensor_archive(OutputFile& file, const OutputTensor& tensor, std::uint64_t size) {
  PickleWriter pickle;
  write_tensor(pickle, tensor, size, "0");
  std::uint64_t offset = 0;
  append_archive(file, pickle.finish(), std::span(&size, 1), [&](std::size_t, std::uint64_t at) { offset = at; });
  return offset;
}

void append_state_archive(OutputFile& file, const Members& members, std::span<const OutputTensor> tensors,
                          std::span<const std::uint64_t> sizes, std::vector<std::uint64_t>& offsets) {
  PickleWriter pickle;
  std::vector<std::uint64_t> storages;
  write_ordered_dict(pickle);
  pickle.mark();
  for (const std::uint32_t i : members) {
    pickle.text(tensors[i].key);
    write_tensor(pickle, tensors[i], sizes[i], std::to_string(storages.size()));
    storages.push_back(sizes[i]);
  }
  pickle.set_items();
  append_archive(file, pickle.finish(), storages,
                 [&](std::size_t number, std::uint64_t at) { offsets[members[number]] = at; });
}

}  // namespace omap
