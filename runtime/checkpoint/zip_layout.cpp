#include "runtime/checkpoint/zip_layout.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "runtime/checkpoint/little_endian.h"

namespace omap {
namespace {

constexpr std::uint64_t alignment = 64;
constexpr std::uint64_t local_bytes = 30;
constexpr std::uint64_t local_crc = 14;
constexpr std::uint64_t directory_crc = 16;
constexpr std::uint64_t extra_header_bytes = 4;
constexpr std::uint64_t in_zip64_16 = 0xffff;
constexpr std::uint64_t in_zip64_32 = 0xffffffff;
constexpr std::uint64_t zip64_version = 45;
constexpr std::uint64_t zip64_extra = 1;
constexpr std::uint64_t padding_extra = 0x4246;  // `FB`
constexpr std::uint64_t utf8_names = 1U << 11;
/// 1980-01-01, the first day that there is: without it, readers that check dates complain.
constexpr std::uint64_t first_date = 1U << 5 | 1U;

struct Field {
  std::uint64_t number;
  unsigned size;
};
void append(std::string& bytes, std::initializer_list<Field> fields) {
  for (const Field& field : fields) append_little_endian(bytes, field.number, field.size);
}

std::uint64_t up_to(std::uint64_t number, std::uint64_t limit) { return std::min(number, limit); }

/// Numbers that do not fit 32 bits, in the order of the format.
std::string zip64_field(std::initializer_list<std::uint64_t> numbers) {
  std::string bytes;
  for (const std::uint64_t number : numbers) {
    if (number >= in_zip64_32) append_little_endian(bytes, number, 8);
  }
  if (bytes.empty()) return bytes;
  std::string field;
  append(field, {{zip64_extra, 2}, {bytes.size(), 2}});
  return field + bytes;
}

}  // namespace

void ZipLayout::append_fixed(std::string bytes) {
  const std::uint64_t at = file_.size;
  file_.size += bytes.size();
  if (!file_.fixed.empty() && file_.fixed.back().offset + file_.fixed.back().bytes.size() == at) {
    file_.fixed.back().bytes += bytes;
  } else {
    file_.fixed.push_back({at, std::move(bytes)});
  }
}

void ZipLayout::append_description(std::string& header, const Entry& entry, std::string_view extra) {
  append(header, {{utf8_names, 2},
                  {0, 2},
                  {0, 2},
                  {first_date, 2},
                  {entry.crc, 4},
                  {up_to(entry.size, in_zip64_32), 4},
                  {up_to(entry.size, in_zip64_32), 4},
                  {entry.name.size(), 2},
                  {extra.size(), 2}});
}

void ZipLayout::begin_entry(const Entry& entry) {
  std::string extra = zip64_field({entry.size, entry.size});
  const std::uint64_t unpadded = entry.header + local_bytes + entry.name.size() + extra.size() + extra_header_bytes;
  const std::uint64_t padding = (alignment - unpadded % alignment) % alignment;
  append(extra, {{padding_extra, 2}, {padding, 2}});
  extra.append(padding, 'Z');

  std::string header = "PK\x03\x04";
  append(header, {{entry.size < in_zip64_32 ? 0 : zip64_version, 2}});
  append_description(header, entry, extra);
  append_fixed(header + entry.name + extra);
}

void ZipLayout::add(std::string name, std::string_view bytes) {
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  Entry entry{std::move(name), file_.size - begin_, bytes.size(), static_cast<std::uint32_t>(crc)};
  begin_entry(entry);
  append_fixed(std::string(bytes));
  entries_.push_back(std::move(entry));
}

std::uint64_t ZipLayout::add_data(std::string name, std::uint64_t size) {
  Entry entry{std::move(name), file_.size - begin_, size};
  const std::uint64_t crc_place = file_.size + local_crc;
  begin_entry(entry);
  const std::uint64_t place = file_.size;
  // The CRC of nothing is 0, as it stands.
  if (size > 0) {
    entry.checksum = file_.checksums.size();
    file_.checksums.push_back({place, place + size, {crc_place}});
  }
  file_.size += size;
  entries_.push_back(std::move(entry));
  return place;
}

void ZipLayout::append_directory_entry(std::string& directory, const Entry& entry, std::uint64_t at) {
  if (entry.checksum != none) {
    file_.checksums[entry.checksum].places.push_back(at + directory.size() + directory_crc);
  }
  const std::string extra = zip64_field({entry.size, entry.size, entry.header});
  const std::uint64_t version = extra.empty() ? 0 : zip64_version;
  directory += "PK\x01\x02";
  append(directory, {{version, 2}, {version, 2}});
  append_description(directory, entry, extra);
  append(directory, {{0, 2}, {0, 2}, {0, 2}, {0, 4}, {up_to(entry.header, in_zip64_32), 4}});
  directory += entry.name + extra;
}

void ZipLayout::finish() {
  const std::uint64_t at = file_.size;
  std::string directory;
  for (const Entry& entry : entries_) append_directory_entry(directory, entry, at);
  const std::uint64_t offset = at - begin_;
  const std::uint64_t size = directory.size();
  const std::uint64_t count = entries_.size();
  constexpr std::uint64_t end64_rest = 44;
  directory += "PK\x06\x06";
  append(directory, {{end64_rest, 8},
                     {zip64_version, 2},
                     {zip64_version, 2},
                     {0, 4},
                     {0, 4},
                     {count, 8},
                     {count, 8},
                     {size, 8},
                     {offset, 8}});
  directory += "PK\x06\x07";
  append(directory, {{0, 4}, {offset + size, 8}, {1, 4}});
  directory += "PK\x05\x06";
  append(directory, {{0, 2},
                     {0, 2},
                     {up_to(count, in_zip64_16), 2},
                     {up_to(count, in_zip64_16), 2},
                     {up_to(size, in_zip64_32), 4},
                     {up_to(offset, in_zip64_32), 4},
                     {0, 2}});
  append_fixed(std::move(directory));
}

}  // namespace omap
