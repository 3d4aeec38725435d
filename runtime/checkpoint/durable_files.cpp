#include "runtime/checkpoint/durable_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "runtime/checkpoint/posix_file.h"

namespace omap {

namespace fs = std::filesystem;

Diagnostic write_failure(int error, std::string_view what, const fs::path& path) {
  const bool full = error == ENOSPC || error == EDQUOT;
  Diagnostic failed(full ? Code::no_space : Code::write_failed, "cannot {} `{}`: {}", what, path.string(),
                    errno_text(error));
  if (full) return std::move(failed).help("free some space, or choose a destination on another file system");
  if (error == EMFILE)
    return std::move(failed).help("raise the limit of open files (`ulimit -n 65536`), or write larger shards");
  return std::move(failed).help("look at the destination's permissions and its disk, or choose another destination");
}

Result<void> sync_file(int fd, const fs::path& path) {
  // EINVAL: a file system that has nothing to sync, as some have for directories.
  if (::fsync(fd) == 0 || errno == EINVAL) return {};
  return fail(write_failure(errno, "sync", path));
}

Result<void> sync_directory(const fs::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail(write_failure(errno, "open", path));
  return sync_file(fd.get(), path);
}

Result<void> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(write_failure(errno, "remove", path));
}

Result<void> rename_over(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(write_failure(errno, "write", to));
}

/// A file system without this operation gets a look and a rename instead.
Result<void> rename_to_new(const fs::path& from, const fs::path& to) {
  int error = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (error == EINVAL || error == ENOSYS) {
    struct stat status {};
    if (::lstat(to.c_str(), &status) != 0) return rename_over(from, to);
    error = EEXIST;
  }
  if (error == 0) return {};
  if (error != EEXIST) return fail(write_failure(error, "write", to));
  return fail(Diagnostic(Code::destination_exists, "`{}` was made by something else in the meantime", to.string())
                  .help("choose another destination, or have it replaced (`--force`)"));
}

Result<void> make_directories(const fs::path& path, std::vector<fs::path>& made) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) == 0) return {};
  if (auto above = make_directories(path.parent_path(), made); !above) return above;
  if (::mkdir(path.c_str(), 0777) == 0) {
    made.push_back(path);
  } else if (errno != EEXIST) {
    return fail(write_failure(errno, "make", path));
  }
  return {};
}

}  // namespace omap
