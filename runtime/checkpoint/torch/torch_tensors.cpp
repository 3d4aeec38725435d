#include "runtime/checkpoint/torch/torch_tensors.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "runtime/checkpoint/torch/rebuild_tensor.h"
#include "runtime/checkpoint/torch/torch_archive.h"

namespace omap {
namespace {

constexpr int max_depth = 64;
/// Values may be shared: without a bound, a small file could stand for more entries than any memory holds.
constexpr std::size_t max_visited = 1U << 22;
/// And so could it stand for keys without end.
constexpr std::size_t max_key_bytes = 1U << 28;

class TensorCollector {
 public:
  TensorCollector(const TorchArchive& archive, std::string file, std::uint32_t number)
      : archive_(archive), file_(std::move(file)), number_(number) {}

  Result<std::vector<TensorInfo>> collect() {
    if (auto done = visit(archive_.pickle.root(), "", 0); !done) return fail(std::move(done.error()));
    return std::move(tensors_);
  }

  Result<TensorInfo> only_tensor() {
    if (auto done = add(archive_.pickle.root(), ""); !done) return fail(std::move(done.error()));
    return std::move(tensors_.front());
  }

 private:
  [[nodiscard]] tl::unexpected<Diagnostics> unreadable(std::string what) const {
    return fail(Diagnostic(Code::tensor_unreadable, "{}", what)
                    .help("save a plain, dense tensor instead: `tensor.detach().clone().contiguous()`")
                    .in(file_));
  }
  [[nodiscard]] tl::unexpected<Diagnostics> too_much(std::string what) const {
    return fail(Diagnostic(Code::pickle_invalid, "{}", what).help("save the tensors in one dict").in(file_));
  }

  Result<void> visit(PickleValue value, const std::string& key, int depth) {
    if (++visited_ > max_visited) return too_much(fmt::format("the file has more than {} entries", max_visited));
    key_bytes_ += key.size();
    if (key_bytes_ > max_key_bytes)
      return too_much(fmt::format("the keys of the file have more than {} bytes", max_key_bytes));
    if (is_tensor(value)) return add(value, key);
    if (value.entries() + value.size() > 0 && depth == max_depth) {
      return too_much(fmt::format("`{}` is nested more than {} deep", key, max_depth));
    }
    const std::string prefix = depth == 0 ? "" : key + ".";
    for (std::size_t i = 0; i < value.entries(); ++i) {
      const auto name = entry_name(value.key(i));
      if (!name) continue;
      if (auto done = visit(value.value(i), prefix + *name, depth + 1); !done) return done;
    }
    if (!value.is(PickleKind::list) && !value.is(PickleKind::tuple)) return {};
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto done = visit(value[i], fmt::format("{}{}", prefix, i), depth + 1); !done) return done;
    }
    return {};
  }

  static std::optional<std::string> entry_name(PickleValue key) {
    if (const auto text = key.text()) return std::string(*text);
    if (const auto number = key.integer()) return std::to_string(*number);
    return std::nullopt;
  }

  Result<void> add(PickleValue value, const std::string& key) {
    const auto stored = rebuild_tensor(value);
    if (!stored) return unreadable(fmt::format("`{}` {}", key, stored.error()));
    const auto storage = archive_.storages.find(std::string(stored->storage.key));
    if (storage == archive_.storages.end()) {
      return unreadable(fmt::format("the storage `{}` of `{}` is not in the file", stored->storage.key, key));
    }
    const TorchArchive::Place& place = storage->second;
    if (place.size != stored->storage.bytes) {
      return unreadable(fmt::format("the storage `{}` of `{}` has {} bytes, and its pickle says {}",
                                    stored->storage.key, key, place.size, stored->storage.bytes));
    }
    if (!keys_.insert(key).second) return too_much(fmt::format("`{}` stands twice", key));
    tensors_.push_back(
        {key, stored->dtype, stored->shape, {number_, place.offset + stored->begin, stored->size}, stored->strides});
    return {};
  }

  const TorchArchive& archive_;
  std::string file_;
  std::uint32_t number_;
  std::size_t visited_ = 0;
  std::size_t key_bytes_ = 0;
  std::vector<TensorInfo> tensors_;
  std::unordered_set<std::string> keys_;
};

}  // namespace

Result<std::vector<TensorInfo>> read_torch_tensors(const CheckpointFile& file, std::uint32_t number) {
  const FileSlice whole(file);
  const auto archive = read_torch_archive(whole);
  if (!archive) return fail(archive.error());
  return TensorCollector(*archive, file.path().string(), number).collect();
}

Result<TensorInfo> read_torch_tensor(const FileSlice& slice, std::uint32_t number) {
  const auto archive = read_torch_archive(slice);
  if (!archive) return fail(archive.error());
  return TensorCollector(*archive, slice.file().path().string(), number).only_tensor();
}

}  // namespace omap
