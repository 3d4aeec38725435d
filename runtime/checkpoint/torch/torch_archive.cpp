#include "runtime/checkpoint/torch/torch_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/checkpoint/byte_text.h"
#include "runtime/checkpoint/pickle/pickle_failure.h"
#include "runtime/checkpoint/torch/legacy_archive.h"
#include "runtime/checkpoint/torch/rebuild_tensor.h"
#include "runtime/checkpoint/zip_directory.h"

namespace omap {
namespace {

constexpr std::string_view zip_magic = "PK\x03\x04";
constexpr std::string_view object_file = "/data.pkl";
constexpr std::string_view order_file = "/byteorder";
constexpr std::string_view storage_folder = "/data/";

tl::unexpected<Diagnostics> invalid(const FileSlice& archive, std::string what) {
  return fail(Diagnostic(Code::archive_invalid, "{}", what)
                  .help("write the file again with `torch.save`")
                  .in(archive.file().path().string()));
}

/// The one entry in a folder of the archive's root that ends so.
const ZipEntry* find_root_file(const std::vector<ZipEntry>& entries, std::string_view suffix) {
  const ZipEntry* found = nullptr;
  for (const ZipEntry& entry : entries) {
    const std::string_view name = entry.name;
    if (!name.ends_with(suffix) || name.find('/') != name.size() - suffix.size()) continue;
    if (found != nullptr) return nullptr;
    found = &entry;
  }
  return found;
}

Result<std::vector<char>> read_entry(const FileSlice& archive, const ZipEntry& entry) {
  std::vector<char> bytes(static_cast<std::size_t>(entry.size));
  if (auto done = archive.read(entry.offset, std::as_writable_bytes(std::span(bytes))); !done) {
    return fail(std::move(done.error()));
  }
  return bytes;
}

/// Archives without a byte order are older than it, and of little-endian machines.
Result<void> check_byte_order(const FileSlice& archive, const std::vector<ZipEntry>& entries) {
  const ZipEntry* const entry = find_root_file(entries, order_file);
  if (entry == nullptr) return {};
  constexpr std::string_view little = "little";
  if (entry->size > 2 * little.size()) return invalid(archive, fmt::format("`{}` is no byte order", entry->name));
  const auto order = read_entry(archive, *entry);
  if (!order) return fail(order.error());
  if (std::ranges::equal(*order, little)) return {};
  return invalid(archive,
                 fmt::format("its byte order is `{}`; `little` is read", fmt::join(order->begin(), order->end(), "")));
}

Result<TorchArchive> read_zip_archive(const FileSlice& archive) {
  const auto entries = read_zip_directory(archive);
  if (!entries) return fail(entries.error());
  const ZipEntry* const object = find_root_file(*entries, object_file);
  if (object == nullptr) {
    return invalid(archive,
                   fmt::format("the zip archive has not exactly one `*{}`: it is none of `torch.save`", object_file));
  }
  if (auto little = check_byte_order(archive, *entries); !little) return fail(std::move(little.error()));
  if (object->size > max_pickle_bytes) {
    return invalid(archive,
                   fmt::format("`{}` has {} bytes; at most {} are read", object->name, object->size, max_pickle_bytes));
  }
  auto bytes = read_entry(archive, *object);
  if (!bytes) return fail(std::move(bytes.error()));
  auto pickle = read_pickle(*std::move(bytes), is_checkpoint_global);
  if (!pickle) return fail(pickle_failure(pickle.error(), archive.file().path().string()));
  if (pickle->length() != object->size) {
    return invalid(archive,
                   fmt::format("`{}` has {} bytes behind its pickle", object->name, object->size - pickle->length()));
  }

  TorchArchive read{*std::move(pickle), {}};
  const std::string folder = object->name.substr(0, object->name.size() - object_file.size()).append(storage_folder);
  for (const ZipEntry& entry : *entries) {
    if (!entry.name.starts_with(folder)) continue;
    read.storages.emplace(entry.name.substr(folder.size()),
                          TorchArchive::Place{archive.offset() + entry.offset, entry.size});
  }
  return read;
}

}  // namespace

bool begins_torch_archive(std::span<const std::byte> first) {
  return as_text(first).starts_with(zip_magic) || begins_legacy_archive(first);
}

Result<TorchArchive> read_torch_archive(const FileSlice& archive) {
  std::array<std::byte, 32> first{};
  const std::span<std::byte> there = std::span(first).first(std::min<std::uint64_t>(first.size(), archive.size()));
  if (auto done = archive.read(0, there); !done) return fail(std::move(done.error()));
  return begins_legacy_archive(there) ? read_legacy_archive(archive) : read_zip_archive(archive);
}

}  // namespace omap
