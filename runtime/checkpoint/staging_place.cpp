#include "runtime/checkpoint/staging_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/staging_journal.h"

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

Diagnostic in_the_way(const fs::path& path) {
  return Diagnostic(Code::destination_exists, "`{}` is in the way: nothing tells that a run has made it", path.string())
      .help("look at it, move it elsewhere or remove it by hand, and run again");
}

/// What is below a directory, each thing behind what is in it; links are not followed. The first error ends it.
void list_below(const fs::path& directory, std::vector<fs::directory_entry>& entries, std::error_code& error) {
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (fs::is_directory(entry->symlink_status(ignored))) list_below(entry->path(), entries, error);
    if (error) return;
    entries.push_back(*entry);
  }
}

Result<std::vector<fs::directory_entry>> entries_below(const fs::path& directory) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  list_below(directory, entries, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(write_failure(error.value(), "read", directory));
  }
  return entries;
}

bool is_directory(const fs::directory_entry& entry) {
  std::error_code ignored;
  return fs::is_directory(entry.symlink_status(ignored));
}

}  // namespace

bool is_still(const fs::path& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

Result<FileDescriptor> lock_staging(const fs::path& staging) {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    const bool made = ::mkdir(staging.c_str(), 0777) == 0;
    if (!made && errno != EEXIST) return fail(write_failure(errno, "make", staging));
    // A directory that was made in vain; if another run has taken it over by now, it makes one of its own.
    const auto give_up = [&](int error, std::string_view what) {
      if (made) ::rmdir(staging.c_str());
      return fail(write_failure(error, what, staging));
    };
    FileDescriptor fd(::open(staging.c_str(), O_CLOEXEC | O_NOFOLLOW | O_RDONLY | O_DIRECTORY));
    if (!fd.valid() && (errno == ELOOP || errno == ENOTDIR)) return fail(in_the_way(staging));
    if (!fd.valid() && errno != ENOENT) return give_up(errno, "open");
    if (!fd.valid()) continue;
    int error = 0;
    if (!lock(fd.get(), error)) {
      if (error == EWOULDBLOCK) break;
      return give_up(error, "lock");
    }
    if (is_still(staging, fd.get())) return fd;
  }
  return fail(Diagnostic(Code::destination_busy, "another run is writing to `{}`", staging.string())
                  .help("wait until it is done, or choose another destination"));
}

Result<std::vector<fs::path>> find_leftovers(const DestinationPath& at) {
  const auto entries = entries_below(at.staging);
  if (!entries) return fail(entries.error());
  const auto journal = read_journal(at.staging);
  std::set<std::string> made;
  if (journal) made.insert(journal->made.begin(), journal->made.end());
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : *entries) {
    const fs::path& path = entry.path();
    if (path == at.staging / new_journal_file_name || (journal && path == at.staging / journal_file_name)) continue;
    if (journal && is_directory(entry)) continue;
    // An output that is a file has the name of the whole.
    const bool is_ours =
        journal && (path == at.staged || made.contains(path.lexically_relative(at.staged).generic_string()));
    if (!is_ours) return fail(in_the_way(path));
    files.push_back(path);
  }
  return files;
}

Result<void> remove_leftovers(const DestinationPath& at, std::span<const std::string> kept) {
  const auto files = find_leftovers(at);
  if (!files) return fail(files.error());
  for (const fs::path& file : *files) {
    if (std::ranges::find(kept, file.lexically_relative(at.staged).generic_string()) != kept.end()) continue;
    if (auto removed = remove_file(file); !removed) return removed;
  }
  const auto entries = entries_below(at.staging);
  if (!entries) return fail(entries.error());
  for (const fs::directory_entry& entry : *entries) {
    // Those that are empty.
    if (is_directory(entry)) ::rmdir(entry.path().c_str());
  }
  return {};
}

}  // namespace omap
