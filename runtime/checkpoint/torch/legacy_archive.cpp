#include "runtime/checkpoint/torch/legacy_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/checkpoint/little_endian.h"
#include "runtime/checkpoint/pickle/pickle_failure.h"
#include "runtime/checkpoint/torch/rebuild_tensor.h"
#include "runtime/checkpoint/torch/torch_archive.h"
#include "runtime/checkpoint/torch/torch_dtype.h"

namespace omap {
namespace {

/// 0x1950a86a20f9469cfc6c, as `LONG1` writes it.
constexpr std::string_view magic = "\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
constexpr std::int64_t protocol_version = 1001;
/// Before the bytes of a storage: the number of its elements.
constexpr std::uint64_t count_bytes = 8;

class LegacyReader {
 public:
  explicit LegacyReader(const FileSlice& archive) : archive_(archive) {}

  Result<TorchArchive> read() {
    if (auto system = read_head(); !system) return fail(std::move(system.error()));
    auto object = next_pickle();
    if (!object) return fail(std::move(object.error()));
    auto keys = next_pickle();
    if (!keys) return fail(std::move(keys.error()));
    if (!keys->root().is(PickleKind::list)) return invalid("the keys of its storages are no list");
    TorchArchive read{*std::move(object), {}};
    if (auto placed = place_storages(keys->root(), read); !placed) return fail(std::move(placed.error()));
    return read;
  }

 private:
  [[nodiscard]] tl::unexpected<Diagnostics> invalid(std::string what) const {
    return fail(Diagnostic(Code::archive_invalid, "{}", what)
                    .help("the file is cut off or damaged: compare its size with the original, copy it again")
                    .in(archive_.file().path().string()));
  }

  /// Reads the pickle at `at_`, of which nothing tells the length: with more of the file each time that it goes on.
  Result<Pickle> next_pickle() {
    constexpr std::uint64_t first_try = 64U << 10;
    const std::uint64_t left = std::min<std::uint64_t>(archive_.size() - at_, max_pickle_bytes);
    for (std::uint64_t size = std::min(first_try, left);; size = std::min(16 * size, left)) {
      std::vector<char> bytes(static_cast<std::size_t>(size));
      if (auto done = archive_.read(at_, std::as_writable_bytes(std::span(bytes))); !done) {
        return fail(std::move(done.error()));
      }
      auto pickle = read_pickle(std::move(bytes), is_checkpoint_global);
      if (pickle) {
        at_ += pickle->length();
        return *std::move(pickle);
      }
      if (pickle.error().kind != PickleProblem::Kind::cut_off || size == left) {
        return fail(pickle_failure(pickle.error(), archive_.file().path().string()));
      }
    }
  }

  /// The magic number, the version, and what the machine was that wrote.
  Result<void> read_head() {
    if (auto number = next_pickle(); !number) return fail(std::move(number.error()));
    auto version = next_pickle();
    if (!version) return fail(std::move(version.error()));
    if (version->root().integer() != protocol_version) {
      return invalid(fmt::format("it is not of the old format's version {}", protocol_version));
    }
    const auto system = next_pickle();
    if (!system) return fail(system.error());
    const auto little = system->root().find("little_endian");
    if (!little || little->boolean() != true) return invalid("it is not of a little-endian machine");
    return {};
  }

  /// The references to storages in the object tell the sizes of their elements.
  static std::unordered_map<std::string_view, StorageReference> references(const Pickle& pickle) {
    std::unordered_map<std::string_view, StorageReference> by_key;
    for (const PickleValue id : pickle.persistent_values()) {
      if (const auto storage = read_storage(id)) by_key.emplace(storage->key, *storage);
    }
    return by_key;
  }

  Result<void> place_storages(PickleValue keys, TorchArchive& archive) {
    const auto by_key = references(archive.pickle);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto key = keys[i].text();
      const auto found = key ? by_key.find(*key) : by_key.end();
      if (found == by_key.end()) return invalid(fmt::format("nothing refers to storage {} of the file", i));
      const StorageReference& storage = found->second;
      std::array<std::byte, count_bytes> count_field{};
      if (archive_.size() - at_ < count_bytes) return invalid(fmt::format("storage `{}` is missing", storage.key));
      if (auto done = archive_.read(at_, count_field); !done) return done;
      at_ += count_bytes;
      const std::uint64_t count = read_little_endian(count_field);
      const auto dtype = dtype_of_storage(storage.type);
      const std::uint64_t element = dtype ? bits(*dtype) / 8 : 1;
      if (count != storage.bytes / element) {
        return invalid(fmt::format("storage `{}` has {} elements, and its pickle says {}", storage.key, count,
                                   storage.bytes / element));
      }
      if (storage.bytes > archive_.size() - at_) {
        return invalid(fmt::format("the last {} bytes of storage `{}` are missing",
                                   storage.bytes - (archive_.size() - at_), storage.key));
      }
      const TorchArchive::Place place{archive_.offset() + at_, storage.bytes};
      if (!archive.storages.emplace(storage.key, place).second) {
        return invalid(fmt::format("storage `{}` stands twice", storage.key));
      }
      at_ += storage.bytes;
    }
    if (at_ == archive_.size()) return {};
    return invalid(fmt::format("{} bytes behind the last storage", archive_.size() - at_));
  }

  const FileSlice& archive_;
  std::uint64_t at_ = 0;
};

}  // namespace

bool begins_legacy_archive(std::span<const std::byte> first) {
  std::string_view text(reinterpret_cast<const char*>(first.data()), first.size());
  // Behind `PROTO` and its version.
  if (text.size() > 2 && text[0] == '\x80') text.remove_prefix(2);
  return text.starts_with(magic);
}

Result<TorchArchive> read_legacy_archive(const FileSlice& archive) { return LegacyReader(archive).read(); }

}  // namespace omap
