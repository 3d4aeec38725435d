#include "runtime/checkpoint/distributed/write_distributed_metadata.h"

#include "runtime/checkpoint/pickle/write_pickle.h"
#include "runtime/checkpoint/torch/torch_dtype.h"

namespace omap {
namespace {

constexpr std::string_view metadata_module = "torch.distributed.checkpoint.metadata";
constexpr std::string_view storage_module = "torch.distributed.checkpoint.filesystem";

class MetadataWriter {
 public:
  std::string write(const DistributedMetadata& metadata, std::string_view root) {
    begin_object(metadata_module, "Metadata");
    pickle_.text("state_dict_metadata");
    begin_dict();
    for (const DistributedTensor& tensor : metadata.tensors) {
      pickle_.text(tensor.key);
      write_tensor(tensor);
    }
    pickle_.set_items();
    pickle_.text("planner_data");
    begin_dict();
    for (const DistributedTensor& tensor : metadata.tensors) {
      pickle_.text(tensor.key);
      write_path(tensor.key, root);
    }
    pickle_.set_items();
    pickle_.text("storage_data");
    begin_dict();
    for (const DistributedTensor& tensor : metadata.tensors) {
      for (const DistributedChunk& chunk : tensor.chunks) write_place(tensor.key, chunk);
    }
    pickle_.set_items();
    end_object();
    return pickle_.finish();
  }

 private:
  void begin_dict() {
    pickle_.empty_dict();
    pickle_.mark();
  }
  /// An object of a dataclass; names and values of its attributes follow.
  void begin_object(std::string_view module, std::string_view name) {
    pickle_.global(module, name);
    pickle_.empty_tuple();
    pickle_.make_object();
    begin_dict();
  }
  void end_object() {
    pickle_.set_items();
    pickle_.set_attributes();
  }
  void write_size(const std::vector<std::int64_t>& sizes) {
    pickle_.global("torch", "Size");
    pickle_.mark();
    pickle_.integers(sizes);
    pickle_.tuple();
    pickle_.call();
  }

  void write_tensor(const DistributedTensor& tensor) {
    begin_object(metadata_module, "TensorStorageMetadata");
    pickle_.text("properties");
    pickle_.global(metadata_module, "TensorProperties");
    pickle_.mark();
    pickle_.global("torch", torch_type_of(tensor.dtype)->name);
    pickle_.tuple();
    pickle_.call();
    pickle_.text("size");
    write_size(tensor.shape);
    pickle_.text("chunks");
    pickle_.empty_list();
    pickle_.mark();
    for (const DistributedChunk& chunk : tensor.chunks) {
      begin_object(metadata_module, "ChunkStorageMetadata");
      pickle_.text("offsets");
      write_size(chunk.offsets);
      pickle_.text("sizes");
      write_size(chunk.sizes);
      end_object();
    }
    pickle_.append();
    end_object();
  }

  /// The way to a value in the state, name by name.
  void write_path(std::string_view key, std::string_view root) {
    pickle_.mark();
    if (root.ends_with('.') && root.size() > 1 && key.starts_with(root)) {
      pickle_.text(root.substr(0, root.size() - 1));
      key.remove_prefix(root.size());
    }
    pickle_.text(key);
    pickle_.tuple();
  }

  /// `MetadataIndex` is a key of a dict, by its name and offset: it has them before it becomes one.
  void write_place(std::string_view key, const DistributedChunk& chunk) {
    begin_object(metadata_module, "MetadataIndex");
    pickle_.text("fqn");
    pickle_.text(key);
    pickle_.text("offset");
    write_size(chunk.offsets);
    end_object();
    begin_object(storage_module, "_StorageInfo");
    pickle_.text("relative_path");
    pickle_.text(chunk.place.file);
    pickle_.text("offset");
    pickle_.integer(static_cast<std::int64_t>(chunk.place.begin));
    pickle_.text("length");
    pickle_.integer(static_cast<std::int64_t>(chunk.place.size));
    end_object();
  }

  PickleWriter pickle_;
};

}  // namespace

std::string write_distributed_metadata(const DistributedMetadata& metadata, std::string_view root) {
  return MetadataWriter().write(metadata, root);
}

}  // namespace omap
