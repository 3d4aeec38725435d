#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// Lays out a zip archive of stored files (PKWARE's APPNOTE.TXT, 4.3) at the end of an output file, as `torch.save`
/// lays them out: the bytes of each file begin at a multiple of 64 from the archive's beginning, behind an extra field
/// `FB` that fills up. Sizes are in the local headers too, with zip64 fields where they need 64 bits; the zip64 end
/// record is always there. Without dates.
class ZipLayout {
 public:
  /// Refers to `file`, which grows by what is added.
  explicit ZipLayout(OutputFile& file) : file_(file), begin_(file.size) {}

  void add(std::string name, std::string_view bytes);
  /// A file of `size` bytes that are written later: where they begin in the output file.
  [[nodiscard]] std::uint64_t add_data(std::string name, std::uint64_t size);
  /// Adds the directory. The archive then ends where the output file does.
  void finish();

 private:
  struct Entry {
    std::string name;
    /// Of its local header in the archive.
    std::uint64_t header = 0;
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
    /// The place in `file_.checksums` of what is written later; its CRC goes into the directory as well.
    std::size_t checksum = none;
  };
  static constexpr std::size_t none = SIZE_MAX;

  /// Appends what the local header and the directory say alike.
  static void append_description(std::string& header, const Entry& entry, std::string_view extra);
  /// Appends a local header with its padding.
  void begin_entry(const Entry& entry);
  void append_directory_entry(std::string& directory, const Entry& entry, std::uint64_t at);
  void append_fixed(std::string bytes);

  OutputFile& file_;
  std::uint64_t begin_;
  std::vector<Entry> entries_;
};

}  // namespace omap
