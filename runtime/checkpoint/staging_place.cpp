#include "runtime/checkpoint/staging_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/written_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// File systems without locks are written to all the same: C1 notices a second run. Some parallel ones have no flock
/// at all, and NFS has none for directories (EBADF, as they cannot be opened for writing).
bool lock(int fd, int& error) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  error = errno;
  return error == ENOSYS || error == EBADF || error == EOPNOTSUPP || error == ENOLCK;
}

bool is_regular_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/// What is written to such a file is changed under its other names.
bool has_other_names(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 1;
}

Diagnostic in_the_way(const fs::path& path) {
  return Diagnostic(Code::destination_exists, "`{}` is in the way: no run has made it", path.string())
      .help("look at it, move it elsewhere or remove it by hand, and run again");
}

}  // namespace

bool is_still(const fs::path& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

Result<FileDescriptor> lock_staging(const fs::path& staging, bool is_directory) {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    const bool made = is_directory && ::mkdir(staging.c_str(), 0777) == 0;
    if (is_directory && !made && errno != EEXIST) return fail(write_failure(errno, "make", staging));
    // A directory that was made in vain; if another run has taken it over by now, it makes one of its own.
    const auto give_up = [&](int error, std::string_view what) {
      if (made) ::rmdir(staging.c_str());
      return fail(write_failure(error, what, staging));
    };
    const int flags = O_CLOEXEC | O_NOFOLLOW | (is_directory ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT);
    FileDescriptor fd(::open(staging.c_str(), flags, 0666));
    if (!fd.valid() && (errno == ELOOP || errno == ENOTDIR)) return fail(in_the_way(staging));
    if (!fd.valid() && errno != ENOENT) return give_up(errno, "open");
    if (!fd.valid()) continue;
    int error = 0;
    if (!lock(fd.get(), error)) {
      if (error == EWOULDBLOCK) break;
      return give_up(error, "lock");
    }
    if (!is_still(staging, fd.get())) continue;
    if (is_directory) return fd;
    if (!is_regular_file(fd.get())) return fail(in_the_way(staging));
    if (has_other_names(fd.get())) {
      return fail(
          Diagnostic(Code::destination_exists, "`{}` is in the way: the file has another name too", staging.string())
              .help("remove this name, and run again"));
    }
    return fd;
  }
  return fail(Diagnostic(Code::destination_busy, "another run is writing to `{}`", staging.string())
                  .help("wait until it is done, or choose another destination"));
}

Result<void> remove_leftovers(const fs::path& staging, std::span<const std::string> kept) {
  const auto names = names_below(staging);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    std::error_code ignored;
    if (!is_leftover_name(name) || fs::is_directory(fs::symlink_status(staging / name, ignored))) {
      return fail(in_the_way(staging / name));
    }
  }
  for (const std::string& name : *names) {
    if (std::ranges::find(kept, name) != kept.end()) continue;
    if (auto removed = remove_file(staging / name); !removed) return removed;
  }
  for (const std::string_view folder : weight_folders) ::rmdir((staging / folder).c_str());
  return {};
}

}  // namespace omap
