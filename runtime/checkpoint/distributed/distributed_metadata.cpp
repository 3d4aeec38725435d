#include "runtime/checkpoint/distributed/distributed_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "runtime/checkpoint/file_name.h"
#include "runtime/checkpoint/pickle/pickle_failure.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/checkpoint/torch/rebuild_tensor.h"
#include "runtime/checkpoint/torch/torch_dtype.h"

namespace omap {
namespace {

using Sizes = std::vector<std::int64_t>;

constexpr std::array<std::string_view, 8> metadata_classes = {
    "Metadata",      "TensorStorageMetadata", "BytesStorageMetadata", "ChunkStorageMetadata",
    "MetadataIndex", "StorageMeta",           "TensorProperties",     "_MEM_FORMAT_ENCODING"};
/// Where they have stood: PyTorch 1.13, up to 2.2 and since.
constexpr std::array<std::string_view, 3> metadata_modules = {"torch.distributed._shard.checkpoint.metadata",
                                                              "torch.distributed._shard.sharded_tensor.metadata",
                                                              "torch.distributed.checkpoint.metadata"};
constexpr std::array<std::string_view, 3> storage_modules = {"torch.distributed._shard.checkpoint.filesystem",
                                                             "torch.distributed.checkpoint.filesystem",
                                                             "olmo_core.distributed.checkpoint.filesystem"};
/// Of no use here. Some Pythons pickle a member of an enumeration as `getattr(class, name)`.
constexpr std::array<std::string_view, 9> inert_globals = {
    "builtins.getattr",    "builtins.set",          "collections.OrderedDict",
    "collections.Counter", "pathlib.PosixPath",     "pathlib._local.PosixPath",
    "pathlib.WindowsPath", "pathlib.PurePosixPath", "torch.serialization._get_layout"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& all, std::string_view name) {
  return std::ranges::find(all, name) != all.end();
}

bool is_metadata_global(std::string_view name) {
  if (contains(inert_globals, name) || name == "torch.Size" || is_torch_dtype(name)) return true;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view module = name.substr(0, dot);
  const std::string_view member = name.substr(dot + 1);
  if (member == "_StorageInfo") return contains(storage_modules, module);
  return contains(metadata_modules, module) && (contains(metadata_classes, member) || member == "MEM_FORMAT_ENCODING");
}

/// Whether a value is an object of the class, wherever that stands.
bool is_a(PickleValue value, std::string_view class_name) {
  const std::string_view name = value.name();
  return value.is(PickleKind::object) && name.ends_with(class_name) &&
         name.substr(0, name.size() - class_name.size()).ends_with('.');
}

/// The classes have fewer. States may be shared: each is searched as often as it is referred to.
constexpr std::size_t max_attributes = 64;
/// So may lists of pieces: without a bound, a small file could stand for more pieces than any memory holds.
constexpr std::size_t max_chunks = 1U << 24;

/// An attribute of an object of a dataclass.
std::optional<PickleValue> attribute(PickleValue object, std::string_view name) {
  const auto state = object.state();
  return state && state->entries() <= max_attributes ? state->find(name) : std::nullopt;
}

std::optional<Sizes> sizes_at(PickleValue object, std::string_view name) {
  const auto value = attribute(object, name);
  return value ? read_sizes(*value) : std::nullopt;
}

class MetadataReader {
 public:
  MetadataReader(PickleValue root, const std::string& file) : root_(root), file_(file) {}

  Result<DistributedMetadata> read() {
    if (!is_a(root_, "Metadata")) return invalid("the pickle is no metadata of a distributed checkpoint");
    if (auto placed = read_storage_data(); !placed) return fail(std::move(placed.error()));
    const auto entries = attribute(root_, "state_dict_metadata");
    if (!entries || !entries->is(PickleKind::dict)) return invalid("the metadata has no `state_dict_metadata`");
    std::unordered_set<std::string_view> keys;
    for (std::size_t i = 0; i < entries->entries(); ++i) {
      const auto key = entries->key(i).text();
      if (!key) return invalid(fmt::format("key {} of the metadata is no text", i));
      if (!keys.insert(*key).second) return invalid(fmt::format("`{}` stands twice", *key));
      if (auto done = read_entry(*key, entries->value(i)); !done) return fail(std::move(done.error()));
    }
    return std::move(metadata_);
  }

 private:
  [[nodiscard]] tl::unexpected<Diagnostics> invalid(std::string what) const {
    return fail(Diagnostic(Code::distributed_invalid, "{}", what)
                    .help("the checkpoint is damaged, or of a version that is not known here: copy or save it again")
                    .in(file_));
  }

  Result<void> read_storage_data() {
    const auto entries = attribute(root_, "storage_data");
    if (!entries || !entries->is(PickleKind::dict)) return invalid("the metadata has no `storage_data`");
    for (std::size_t i = 0; i < entries->entries(); ++i) {
      const PickleValue index = entries->key(i);
      const auto key = is_a(index, "MetadataIndex") ? attribute(index, "fqn") : std::nullopt;
      if (!key || !key->text()) return invalid(fmt::format("place {} of the metadata is of no entry", i));
      auto at = read_place(*key->text(), entries->value(i));
      if (!at) return fail(std::move(at.error()));
      const auto offset = attribute(index, "offset");
      // Entries that are no tensors have no offset.
      if (!offset || offset->is(PickleKind::none)) {
        if (object_places_.emplace(*key->text(), *std::move(at)).second) continue;
        return invalid(fmt::format("`{}` has two places", *key->text()));
      }
      auto offsets = read_sizes(*offset);
      if (!offsets) return invalid(fmt::format("a place of `{}` has an offset that is none", *key->text()));
      if (!places_.emplace(std::pair(*key->text(), *std::move(offsets)), *std::move(at)).second) {
        return invalid(fmt::format("a piece of `{}` has two places", *key->text()));
      }
    }
    return {};
  }

  /// Of a `_StorageInfo`.
  [[nodiscard]] Result<DistributedPlace> read_place(std::string_view key, PickleValue info) const {
    if (!is_a(info, "_StorageInfo")) return invalid(fmt::format("the place of `{}` is none", key));
    const auto path = attribute(info, "relative_path");
    const auto begin = attribute(info, "offset");
    const auto size = attribute(info, "length");
    if (!path || !path->text() || !begin || begin->integer().value_or(-1) < 0 || !size ||
        size->integer().value_or(-1) < 0) {
      return invalid(fmt::format("the place of `{}` is none", key));
    }
    if (!is_plain_file_name(*path->text())) {
      return invalid(fmt::format("`{}` is said to be in `{}`, which is not the name of a file beside the metadata", key,
                                 *path->text()));
    }
    const auto transforms = attribute(info, "transform_descriptors");
    if (transforms && transforms->size() > 0) {
      return invalid(fmt::format("`{}` is compressed or encrypted, which is not read", key));
    }
    return DistributedPlace{std::string(*path->text()), static_cast<std::uint64_t>(*begin->integer()),
                            static_cast<std::uint64_t>(*size->integer())};
  }

  Result<void> read_entry(std::string_view key, PickleValue entry) {
    if (is_a(entry, "BytesStorageMetadata")) {
      const auto place = object_places_.find(key);
      metadata_.objects.push_back(
          {std::string(key), place != object_places_.end() ? place->second : DistributedPlace()});
      return {};
    }
    if (!is_a(entry, "TensorStorageMetadata")) return invalid(fmt::format("`{}` is neither a tensor nor bytes", key));
    const auto dtype = read_dtype(key, entry);
    if (!dtype) return fail(dtype.error());
    auto shape = sizes_at(entry, "size");
    if (!shape) return invalid(fmt::format("`{}` has no shape", key));
    const auto chunks = attribute(entry, "chunks");
    if (!chunks || !chunks->is(PickleKind::list)) return invalid(fmt::format("`{}` has no list of pieces", key));
    chunks_ += chunks->size();
    if (chunks_ > max_chunks) return invalid(fmt::format("the metadata has more than {} pieces", max_chunks));
    DistributedTensor tensor{std::string(key), *dtype, *std::move(shape), {}};
    for (std::size_t i = 0; i < chunks->size(); ++i) {
      auto chunk = read_chunk(key, (*chunks)[i]);
      if (!chunk) return fail(std::move(chunk.error()));
      tensor.chunks.push_back(*std::move(chunk));
    }
    metadata_.tensors.push_back(std::move(tensor));
    return {};
  }

  /// `TensorProperties` by its state (dtype, layout, requires_grad, memory format, pin_memory), or by a call of the
  /// class with as many of these as are not its defaults.
  static std::optional<PickleValue> properties_of(PickleValue entry) {
    const auto properties = attribute(entry, "properties");
    if (!properties || !is_a(*properties, "TensorProperties")) return std::nullopt;
    const auto state = properties->state();
    const auto values = state ? state : properties->arguments();
    const std::size_t fewest = state ? 5 : 1;
    return values->is(PickleKind::tuple) && values->size() >= fewest ? values : std::nullopt;
  }

  [[nodiscard]] Result<Dtype> read_dtype(std::string_view key, PickleValue entry) const {
    const auto properties = properties_of(entry);
    if (!properties) return invalid(fmt::format("`{}` has no properties of a tensor", key));
    const std::string_view name = (*properties)[0].name();
    const auto dtype = dtype_of_torch(name);
    if (!is_torch_dtype(name)) return invalid(fmt::format("`{}` has no dtype", key));
    if (!dtype || bits(*dtype) < 8)
      return invalid(fmt::format("`{}` has the dtype `{}`, which is not read", key, name));
    if (properties->size() == 1) return *dtype;
    const auto layout = (*properties)[1].arguments();
    if (!layout || layout->size() != 1 || (*layout)[0].text() != "torch.strided") {
      return invalid(fmt::format("`{}` has another layout than `torch.strided`, which is not read", key));
    }
    return *dtype;
  }

  [[nodiscard]] Result<DistributedChunk> read_chunk(std::string_view key, PickleValue value) const {
    auto offsets = is_a(value, "ChunkStorageMetadata") ? sizes_at(value, "offsets") : std::nullopt;
    auto sizes = sizes_at(value, "sizes");
    if (!offsets || !sizes) return invalid(fmt::format("a piece of `{}` has no offsets or sizes", key));
    const auto place = places_.find(std::pair(key, *offsets));
    if (place == places_.end()) {
      if (element_count(*sizes) != 0) {
        return invalid(fmt::format("the piece of `{}` at [{}] is stored nowhere", key, fmt::join(*offsets, ", ")));
      }
      return DistributedChunk{*std::move(offsets), *std::move(sizes), {}};
    }
    return DistributedChunk{*std::move(offsets), *std::move(sizes), place->second};
  }

  PickleValue root_;
  const std::string& file_;
  std::map<std::pair<std::string_view, Sizes>, DistributedPlace> places_;
  /// Of entries that are no tensors.
  std::unordered_map<std::string_view, DistributedPlace> object_places_;
  std::size_t chunks_ = 0;
  DistributedMetadata metadata_;
};

}  // namespace

Result<DistributedMetadata> parse_distributed_metadata(std::vector<char> bytes, const std::string& file) {
  const std::size_t size = bytes.size();
  const auto pickle = read_pickle(std::move(bytes), is_metadata_global);
  if (!pickle) return fail(pickle_failure(pickle.error(), file));
  if (pickle->length() != size) {
    return fail(Diagnostic(Code::pickle_invalid, "{} bytes behind the pickle", size - pickle->length())
                    .help("the file is damaged: copy it again")
                    .in(file));
  }
  return MetadataReader(pickle->root(), file).read();
}

}  // namespace omap
