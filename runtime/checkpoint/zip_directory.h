#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_file.h"

namespace omap {

/// A stored file of a zip archive. `offset` is where its bytes begin in the archive.
struct ZipEntry {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Archives with more entries, or a larger directory, are not read.
inline constexpr std::uint64_t max_zip_entries = 1U << 24;
inline constexpr std::uint64_t max_zip_directory = 1U << 30;

/// Reads the central directory of a zip archive (PKWARE's APPNOTE.TXT, 4.3), zip64 included. It has to end the archive.
/// Entries have to be stored, as `torch.save` stores them: without compression or encryption, each under a name of its
/// own, inside the archive and apart from the others and the directory. Sizes are those of the directory: local headers
/// may leave theirs out. Checksums are not looked at: `torch.save` can be told to leave them out.
/// In the order of the directory. Errors (`archive_invalid`) name the file, and the archive's place in it.
[[nodiscard]] Result<std::vector<ZipEntry>> read_zip_directory(const FileSlice& archive);

}  // namespace omap
