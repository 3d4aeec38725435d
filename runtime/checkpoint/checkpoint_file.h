#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap {

/// What tells whether a file is still the one that it was.
struct FileStamp {
  std::uint64_t size = 0;
  /// Of the last change of its bytes, since 1970.
  std::int64_t modified_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// A regular file, open for reading alone, and its size when it was opened. Errors name its path.
/// `read` may be called from many threads at once.
class CheckpointFile {
 public:
  [[nodiscard]] static Result<CheckpointFile> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return stamp_.size; }
  /// When it was opened.
  [[nodiscard]] const FileStamp& stamp() const { return stamp_; }
  /// An error (`source_changed`) if it was written to since it was opened.
  [[nodiscard]] Result<void> check_unchanged() const;
  /// Fills `out`. A file that ends before is an error (`source_changed`).
  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] Result<std::string> read_text(std::uint64_t offset, std::uint64_t size) const;

 private:
  CheckpointFile(FileDescriptor fd, std::filesystem::path path, FileStamp stamp);

  FileDescriptor fd_;
  std::filesystem::path path_;
  FileStamp stamp_;
};

/// A part of a file that is a file of its own, such as an archive among others. Offsets count from its beginning.
/// What lies at its beginning and at its end is read once and kept, so that looking at headers is few reads.
/// Refers to the file; of one thread.
class FileSlice {
 public:
  /// `offset + size` is at most the file's size.
  FileSlice(const CheckpointFile& file, std::uint64_t offset, std::uint64_t size);
  explicit FileSlice(const CheckpointFile& file) : FileSlice(file, 0, file.size()) {}

  [[nodiscard]] const CheckpointFile& file() const { return *file_; }
  /// Where it begins in the file.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// `offset + out.size()` is at most `size()`.
  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  struct Kept {
    std::uint64_t begin = 0;
    std::vector<std::byte> bytes;
  };
  /// Reads `kept` if it has not been read, and copies from it if it has all of `out`.
  [[nodiscard]] Result<bool> read_kept(Kept& kept, std::uint64_t begin, std::uint64_t end, std::uint64_t offset,
                                       std::span<std::byte> out) const;

  const CheckpointFile* file_;
  std::uint64_t offset_;
  std::uint64_t size_;
  mutable Kept head_;
  mutable Kept tail_;
};

}  // namespace omap
