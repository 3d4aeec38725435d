#include "compiler/driver/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap::driver {
namespace {

namespace fs = std::filesystem;

struct NewFile {
  FileDescriptor fd;
  fs::path path;
};

/// A file that nobody else has, in `directory`.
Result<NewFile> make_new_file(const fs::path& directory) {
  for (int number = 0;; ++number) {
    fs::path path = directory / fmt::format(".omap-{}-{}.partial", ::getpid(), number);
    FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd.valid()) return NewFile{std::move(fd), std::move(path)};
    if (errno != EEXIST) return fail(write_failure(errno, "make a file in", directory));
  }
}

/// Owner, group and permissions of another file.
Result<void> take_over(const NewFile& file, const struct stat& other) {
  // Who may not give files away has made one of its own.
  if (::fchown(file.fd.get(), other.st_uid, other.st_gid) != 0 && errno != EPERM && errno != EINVAL) {
    return fail(write_failure(errno, "set the owner of", file.path));
  }
  if (::fchmod(file.fd.get(), other.st_mode & 07777) == 0) return {};
  return fail(write_failure(errno, "set the permissions of", file.path));
}

/// `old`: of the regular file that is there.
Result<void> replace(const fs::path& path, const std::optional<struct stat>& old, std::string_view text) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const auto made = make_new_file(directory);
  if (!made) return fail(made.error());
  auto written = old ? take_over(*made, *old) : Result<void>();
  if (written) {
    const int error = write_at(made->fd.get(), 0, std::as_bytes(std::span(text)));
    if (error != 0) written = fail(write_failure(error, "write", path));
  }
  if (written) written = sync_file(made->fd.get(), path);
  if (written) written = rename_over(made->path, path);
  if (!written) {
    (void)remove_file(made->path);
    return written;
  }
  return sync_directory(directory);
}

/// A pipe or a device has no offsets.
Result<void> write_through(const fs::path& path, std::string_view text) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return fail(write_failure(errno, "open", path));
  while (!text.empty()) {
    const ssize_t n = ::write(fd.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return fail(write_failure(errno, "write", path));
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<void> write_file(const fs::path& path, std::string_view text) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail(write_failure(errno, "look at", path));
    std::error_code ignored;
    if (!fs::is_symlink(fs::symlink_status(path, ignored))) return replace(path, std::nullopt, text);
    return fail(Diagnostic(Code::write_failed, "`{}` is a symbolic link to nothing", path.string())
                    .help("remove the link, or name the file that is meant"));
  }
  if (S_ISDIR(status.st_mode)) return fail(write_failure(EISDIR, "write", path));
  if (!S_ISREG(status.st_mode)) return write_through(path, text);
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return fail(write_failure(error.value(), "look at", path));
  return replace(target, status, text);
}

}  // namespace omap::driver
