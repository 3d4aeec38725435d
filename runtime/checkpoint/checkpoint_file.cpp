#include "runtime/checkpoint/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace omap {
namespace {

namespace fs = std::filesystem;

/// Of a slice's beginning and end; the headers of an archive with one tensor fit twice.
constexpr std::uint64_t kept_bytes = 4 << 10;

Diagnostic read_failure(const fs::path& path, int error) {
  return Diagnostic(Code::read_failed, "`{}` cannot be read: {}", path.string(), errno_text(error))
      .help("look at the disk or the network that the file is on");
}

Diagnostic cut_off(const fs::path& path, std::uint64_t end) {
  return Diagnostic(Code::source_changed, "`{}` ended before byte {}: it became shorter while it was read",
                    path.string(), end)
      .help("wait until whatever writes the file is done, then run again");
}

FileStamp stamp_of(const struct stat& status) {
  constexpr std::int64_t second = 1'000'000'000;
  return {static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec};
}

}  // namespace

CheckpointFile::CheckpointFile(FileDescriptor fd, fs::path path, FileStamp stamp)
    : fd_(std::move(fd)), path_(std::move(path)), stamp_(stamp) {}

Result<CheckpointFile> CheckpointFile::open(const fs::path& path) {
  // O_NONBLOCK: a pipe is refused below, without waiting for somebody who writes to it.
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    const int error = errno;
    Diagnostic closed(Code::not_found, "`{}` cannot be opened: {}", path.string(), errno_text(error));
    if (error == EMFILE) return fail(std::move(closed).help("raise the limit of open files: `ulimit -n 65536`"));
    return fail(std::move(closed).help("look at the path and its permissions"));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(read_failure(path, errno));
  if (!S_ISREG(status.st_mode)) {
    return fail(Diagnostic(Code::not_a_checkpoint, "`{}` is not a regular file", path.string())
                    .help("checkpoints are read from files: copy the data into one"));
  }
  return CheckpointFile(std::move(fd), path, stamp_of(status));
}

Result<void> CheckpointFile::check_unchanged() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return fail(read_failure(path_, errno));
  const FileStamp now = stamp_of(status);
  if (now == stamp_) return {};
  Diagnostic changed =
      now.size == stamp_.size
          ? Diagnostic(Code::source_changed, "`{}` was written to while it was read", path_.string())
          : Diagnostic(Code::source_changed, "`{}` had {} bytes when it was opened, and has {} after it was read",
                       path_.string(), stamp_.size, now.size);
  return fail(std::move(changed).help("wait until whatever writes the file is done, then run again"));
}

Result<void> CheckpointFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  const auto got = read_at(fd_.get(), offset, out);
  if (!got) return fail(read_failure(path_, got.error()));
  if (*got < out.size()) return fail(cut_off(path_, offset + out.size()));
  return {};
}

Result<std::string> CheckpointFile::read_text(std::uint64_t offset, std::uint64_t size) const {
  std::string text(size, '\0');
  auto done = read(offset, std::as_writable_bytes(std::span(text)));
  if (!done) return fail(std::move(done.error()));
  return text;
}

FileSlice::FileSlice(const CheckpointFile& file, std::uint64_t offset, std::uint64_t size)
    : file_(&file), offset_(offset), size_(size) {
  assert(offset <= file.size() && size <= file.size() - offset);
}

Result<bool> FileSlice::read_kept(Kept& kept, std::uint64_t begin, std::uint64_t end, std::uint64_t offset,
                                  std::span<std::byte> out) const {
  if (offset < begin || offset + out.size() > end) return false;
  if (kept.bytes.empty()) {
    kept.begin = begin;
    kept.bytes.resize(static_cast<std::size_t>(end - begin));
    if (auto done = file_->read(offset_ + begin, kept.bytes); !done) {
      kept.bytes.clear();
      return fail(std::move(done.error()));
    }
  }
  std::copy_n(kept.bytes.begin() + static_cast<std::ptrdiff_t>(offset - begin), out.size(), out.begin());
  return true;
}

Result<void> FileSlice::read(std::uint64_t offset, std::span<std::byte> out) const {
  assert(offset <= size_ && out.size() <= size_ - offset);
  if (out.empty()) return {};
  const std::uint64_t head_end = std::min(size_, size_ <= 2 * kept_bytes ? size_ : kept_bytes);
  auto done = read_kept(head_, 0, head_end, offset, out);
  if (done && !*done && head_end < size_) done = read_kept(tail_, size_ - kept_bytes, size_, offset, out);
  if (!done) return fail(std::move(done.error()));
  return *done ? Result<void>() : file_->read(offset_ + offset, out);
}

}  // namespace omap
