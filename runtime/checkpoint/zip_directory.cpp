#include "runtime/checkpoint/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "runtime/checkpoint/byte_text.h"
#include "runtime/checkpoint/little_endian.h"

namespace omap {
namespace {

constexpr std::uint64_t end_bytes = 22;
constexpr std::uint64_t max_comment = 0xffff;
constexpr std::uint64_t locator64_bytes = 20;
constexpr std::uint64_t end64_bytes = 56;
constexpr std::uint64_t entry_bytes = 46;
constexpr std::uint64_t local_bytes = 30;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t entry_signature = 0x02014b50;
constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint64_t in_zip64_16 = 0xffff;
constexpr std::uint64_t in_zip64_32 = 0xffffffff;
constexpr std::uint64_t encrypted_flag = 1;

/// Little-endian fields of a record that has been read in whole.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t at(std::size_t offset, unsigned size) const {
    return read_little_endian(bytes_.subspan(offset, size));
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

/// An entry of the directory, with the place of its local header.
struct Listed {
  ZipEntry entry;
  std::uint64_t header = 0;
};

class ZipReader {
 public:
  explicit ZipReader(const FileSlice& archive) : archive_(archive) {}

  Result<std::vector<ZipEntry>> read() {
    auto directory = find_directory();
    if (!directory) return fail(std::move(directory.error()));
    auto listed = read_entries(*directory);
    if (!listed) return fail(std::move(listed.error()));
    if (auto placed = place_entries(*listed, *directory); !placed) return fail(std::move(placed.error()));
    std::vector<ZipEntry> entries;
    entries.reserve(listed->size());
    for (Listed& each : *listed) entries.push_back(std::move(each.entry));
    return entries;
  }

 private:
  [[nodiscard]] tl::unexpected<Diagnostics> invalid(std::string what) const {
    std::string subject = archive_.file().path().string();
    if (archive_.size() != archive_.file().size()) {
      subject += fmt::format(": bytes {} to {}", archive_.offset(), archive_.offset() + archive_.size());
    }
    return fail(Diagnostic(Code::archive_invalid, "{}", what)
                    .help("the file is cut off, damaged or no archive of `torch.save`: copy or write it again")
                    .in(std::move(subject)));
  }

  [[nodiscard]] Result<std::vector<std::byte>> bytes_at(std::uint64_t offset, std::uint64_t size) const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    if (auto done = archive_.read(offset, bytes); !done) return fail(std::move(done.error()));
    return bytes;
  }

  /// The end record is the last thing in the archive but for a comment, of which it tells the length.
  Result<Directory> find_directory() const {
    const std::uint64_t size = archive_.size();
    if (size < end_bytes) return invalid(fmt::format("{} bytes are too few for a zip archive", size));
    for (const std::uint64_t searched : {end_bytes, std::min(size, end_bytes + max_comment)}) {
      const auto tail = bytes_at(size - searched, searched);
      if (!tail) return fail(tail.error());
      for (std::uint64_t at = searched - end_bytes + 1; at-- > 0;) {
        const Fields end{std::span(*tail).subspan(static_cast<std::size_t>(at))};
        if (end.at(0, 4) != end_signature || end.at(20, 2) != searched - end_bytes - at) continue;
        return read_end(end, size - searched + at);
      }
    }
    return invalid("the zip archive has no end record: its last bytes are missing");
  }

  [[nodiscard]] Result<Directory> read_end(const Fields& end, std::uint64_t at) const {
    Directory directory{end.at(16, 4), end.at(12, 4), end.at(10, 2)};
    if (end.at(4, 2) != end.at(6, 2) || end.at(8, 2) != end.at(10, 2)) {
      return invalid("the zip archive is one of several parts");
    }
    if (at >= locator64_bytes) {
      const auto locator = bytes_at(at - locator64_bytes, locator64_bytes);
      if (!locator) return fail(locator.error());
      if (Fields(*locator).at(0, 4) == locator64_signature) return read_end64(Fields(*locator), at - locator64_bytes);
    }
    if (directory.offset == in_zip64_32 || directory.size == in_zip64_32 || directory.entries == in_zip64_16) {
      return invalid("the end record of the zip archive refers to a zip64 one that is not there");
    }
    return checked(directory, at);
  }

  [[nodiscard]] Result<Directory> read_end64(const Fields& locator, std::uint64_t at) const {
    const std::uint64_t offset = locator.at(8, 8);
    if (at < end64_bytes || offset > at - end64_bytes) return invalid("the zip64 end record lies outside the archive");
    const auto bytes = bytes_at(offset, end64_bytes);
    if (!bytes) return fail(bytes.error());
    const Fields end(*bytes);
    if (end.at(0, 4) != end64_signature) return invalid("there is no zip64 end record where one is said to be");
    if (end.at(24, 8) != end.at(32, 8)) return invalid("the zip archive is one of several parts");
    return checked({end.at(48, 8), end.at(40, 8), end.at(32, 8)}, offset);
  }

  /// The directory ends at or before `end`, where the first end record begins.
  [[nodiscard]] Result<Directory> checked(const Directory& directory, std::uint64_t end) const {
    if (directory.offset > end || directory.size > end - directory.offset) {
      return invalid("the directory of the zip archive lies outside the archive");
    }
    if (directory.size > max_zip_directory || directory.entries > max_zip_entries) {
      return invalid(fmt::format("the directory of the zip archive is too large: {} entries, {} bytes",
                                 directory.entries, directory.size));
    }
    if (directory.entries * entry_bytes > directory.size) {
      return invalid(fmt::format("the directory of the zip archive has {} bytes for {} entries", directory.size,
                                 directory.entries));
    }
    return directory;
  }

  [[nodiscard]] Result<std::vector<Listed>> read_entries(const Directory& directory) const {
    const auto bytes = bytes_at(directory.offset, directory.size);
    if (!bytes) return fail(bytes.error());
    std::vector<Listed> listed;
    std::unordered_set<std::string> names;
    std::span<const std::byte> rest(*bytes);
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      auto entry = read_entry(rest, i);
      if (!entry) return fail(std::move(entry.error()));
      if (!names.insert(entry->entry.name).second) {
        return invalid(fmt::format("`{}` stands twice in the zip archive", entry->entry.name));
      }
      listed.push_back(std::move(*entry));
    }
    if (!rest.empty()) {
      return invalid(fmt::format("{} bytes behind the entries of the zip archive's directory", rest.size()));
    }
    return listed;
  }

  /// Takes an entry from the beginning of `rest`.
  [[nodiscard]] Result<Listed> read_entry(std::span<const std::byte>& rest, std::uint64_t number) const {
    if (rest.size() < entry_bytes || Fields(rest).at(0, 4) != entry_signature) {
      return invalid(fmt::format("entry {} of the zip archive's directory is none", number));
    }
    const Fields fields(rest);
    const auto name_length = static_cast<std::size_t>(fields.at(28, 2));
    const auto extra_length = static_cast<std::size_t>(fields.at(30, 2));
    const std::size_t whole = entry_bytes + name_length + extra_length + static_cast<std::size_t>(fields.at(32, 2));
    if (rest.size() < whole) return invalid(fmt::format("entry {} of the zip archive's directory is cut off", number));
    const std::string name(as_text(rest.subspan(entry_bytes, name_length)));
    if (name.empty() || name.find('\0') != std::string::npos) {
      return invalid(fmt::format("entry {} of the zip archive has no proper name", number));
    }
    if ((fields.at(8, 2) & encrypted_flag) != 0) return invalid(fmt::format("`{}` is encrypted", name));
    if (fields.at(10, 2) != 0) return invalid(fmt::format("`{}` is compressed; `torch.save` stores", name));

    std::uint64_t size = fields.at(24, 4);
    std::uint64_t stored = fields.at(20, 4);
    std::uint64_t header = fields.at(42, 4);
    const auto extra = rest.subspan(entry_bytes + name_length, extra_length);
    if (!widen(extra, {&size, &stored, &header})) {
      return invalid(fmt::format("the zip64 sizes of `{}` are missing", name));
    }
    if (size != stored) return invalid(fmt::format("`{}` has {} bytes, stored as {}", name, size, stored));
    rest = rest.subspan(whole);
    return Listed{{name, 0, size}, header};
  }

  /// Takes the 64-bit numbers for those that are all ones, in their order, from the extra field 1.
  static bool widen(std::span<const std::byte> extra, std::initializer_list<std::uint64_t*> numbers) {
    std::span<const std::byte> wide;
    while (extra.size() >= 4) {
      const auto length = static_cast<std::size_t>(Fields(extra).at(2, 2));
      if (extra.size() - 4 < length) break;
      if (Fields(extra).at(0, 2) == 1) wide = extra.subspan(4, length);
      extra = extra.subspan(4 + length);
    }
    for (std::uint64_t* const number : numbers) {
      if (*number != in_zip64_32) continue;
      if (wide.size() < 8) return false;
      *number = Fields(wide).at(0, 8);
      wide = wide.subspan(8);
    }
    return true;
  }

  /// Finds the bytes of each entry behind its local header.
  Result<void> place_entries(std::vector<Listed>& listed, const Directory& directory) const {
    std::vector<Listed*> by_header;
    for (Listed& each : listed) by_header.push_back(&each);
    std::ranges::sort(by_header, {}, &Listed::header);
    std::uint64_t end = 0;
    for (Listed* const each : by_header) {
      if (each->header < end) return invalid(fmt::format("`{}` begins inside another file", each->entry.name));
      if (auto placed = place_entry(*each, directory); !placed) return placed;
      end = each->entry.offset + each->entry.size;
    }
    return {};
  }

  Result<void> place_entry(Listed& listed, const Directory& directory) const {
    ZipEntry& entry = listed.entry;
    if (listed.header > directory.offset || directory.offset - listed.header < local_bytes) {
      return invalid(fmt::format("`{}` lies outside the zip archive", entry.name));
    }
    const auto bytes = bytes_at(listed.header, local_bytes);
    if (!bytes) return fail(bytes.error());
    const Fields local(*bytes);
    if (local.at(0, 4) != local_signature) {
      return invalid(fmt::format("`{}` is not where the zip archive's directory says", entry.name));
    }
    const std::uint64_t name_begin = listed.header + local_bytes;
    entry.offset = name_begin + local.at(26, 2) + local.at(28, 2);
    if (entry.offset > directory.offset || entry.size > directory.offset - entry.offset) {
      return invalid(fmt::format("`{}` reaches beyond the files of the zip archive", entry.name));
    }
    const auto name = bytes_at(name_begin, local.at(26, 2));
    if (!name) return fail(name.error());
    if (as_text(*name) != entry.name || local.at(8, 2) != 0) {
      return invalid(fmt::format("`{}` is another file where it lies", entry.name));
    }
    return {};
  }

  const FileSlice& archive_;
};

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const FileSlice& archive) { return ZipReader(archive).read(); }

}  // namespace omap
