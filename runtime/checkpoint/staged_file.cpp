#include "runtime/checkpoint/staged_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/checkpoint/durable_files.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

Result<StagedFile> open_staged_file(fs::path staged, fs::path final, const OutputFile& file, int flags,
                                    std::string_view what) {
  FileDescriptor fd(::open(staged.c_str(), O_RDWR | O_CLOEXEC | flags, 0666));
  if (!fd.valid()) return fail(write_failure(errno, what, staged));
  return StagedFile{.staged = std::move(staged),
                    .final = std::move(final),
                    .fd = std::move(fd),
                    .behind = WriteBehind(file.size),
                    .missing = std::make_unique<std::atomic<std::uint64_t>>(0),
                    .finished = std::make_unique<std::atomic<bool>>(false)};
}

/// Whether an open file has the first of the fixed bytes, but for checksums among them, which come with the tensors.
bool has_fixed(int fd, const OutputFile& file) {
  constexpr std::uint64_t checksum_bytes = 4;
  const FixedBytes& fixed = file.fixed.front();
  std::string bytes(fixed.bytes.size(), '\0');
  const auto got = read_at(fd, fixed.offset, std::as_writable_bytes(std::span(bytes)));
  if (!got || *got != bytes.size()) return false;
  for (const DataChecksum& checksum : file.checksums) {
    for (const std::uint64_t place : checksum.places) {
      if (place < fixed.offset || place + checksum_bytes > fixed.offset + bytes.size()) continue;
      const std::size_t at = place - fixed.offset;
      bytes.replace(at, checksum_bytes, fixed.bytes, at, checksum_bytes);
    }
  }
  return bytes == fixed.bytes;
}

}  // namespace

Result<StagedFile> make_staged_file(fs::path staged, fs::path final, const OutputFile& file) {
  return open_staged_file(std::move(staged), std::move(final), file, O_CREAT | O_EXCL, "make");
}

Result<void> prepare(const StagedFile& staged, const OutputFile& file) {
  const int fd = staged.fd.get();
  if (::ftruncate(fd, static_cast<off_t>(file.size)) != 0) {
    return fail(write_failure(errno, "set the size of", staged.staged));
  }
  int error = write_at(fd, 0, std::as_bytes(std::span(file.head)));
  for (auto fixed = file.fixed.begin(); error == 0 && fixed != file.fixed.end(); ++fixed) {
    error = write_at(fd, fixed->offset, std::as_bytes(std::span(fixed->bytes)));
  }
  if (error != 0) return fail(write_failure(error, "write", staged.staged));
  return {};
}

bool looks_finished(const fs::path& staged, const OutputFile& file) {
  const FileDescriptor fd(::open(staged.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::uint64_t>(status.st_size) != file.size) return false;
  std::string head(file.head.size(), '\0');
  const auto got = read_at(fd.get(), 0, std::as_writable_bytes(std::span(head)));
  return got && *got == head.size() && head == file.head && (file.fixed.empty() || has_fixed(fd.get(), file));
}

Result<StagedFile> keep_staged_file(fs::path staged, fs::path final, const OutputFile& file) {
  auto kept = open_staged_file(std::move(staged), std::move(final), file, O_NOFOLLOW, "open");
  if (kept) *kept->finished = true;
  return kept;
}

}  // namespace omap
