#include "runtime/checkpoint/staged_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/checkpoint/data_checksums.h"
#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/posix_file.h"
#include "runtime/checkpoint/written_names.h"

// The protocol. DIR (or FILE) is the destination, P is its sibling `DIR.partial`.
//
// Staging
//  S1. Make the missing directories above P.
//  S2. Make P, or open the one that is there; lock it (flock, exclusive, without waiting). If it is held, another run
//  is
//      writing. If the name P no longer means what was locked, its owner has just finished: begin S2 again.
//  S3. Remove what a killed run left in P. A file that no run has made ends the attempt; it is somebody's.
//  S4. Make the folders and files of the layout, the index too, in P; set their sizes; write their fixed bytes. What
//      depends on a tensor's bytes, a checksum, is written with the last of them.
// Committing
//  C1. Sync every file. Each name in P still means the file that was written, even without locks.
//  C2. Where DIR was not there at S2: sync P and its folders, rename P to DIR (unless DIR is there by now), sync the
//      parent. Done. A FILE goes the same way, and where it was there, the rename replaces it at once.
//  C3. Else remove DIR's indexes, of any format, and sync where they were: from here on, nothing in DIR is loadable
//      through an index.
//  C4. Remove the old weight files, make DIR's folders, rename the new files from P into them, sync all. Old and new
//      shards never lie side by side; a single file takes the place of its predecessor in one step.
//  C5. Rename the new index into its place, sync there. Now the checkpoint is there.
//  C6. Remove P, and folders of DIR that old weights have left empty; sync the parent.
// Giving up (no commit, or one that failed before C3)
//  A1. Remove what S4 made, then P, then the directories of S1 that are empty.
// A commit that fails later leaves P: some of the old files are gone, so the new ones are worth keeping.
//
// Killed before C2 or C3: DIR is as it was. Killed within C3 to C5: DIR has no index, and old weight files or new ones,
// never both; where some shards are missing, the names of the others tell.

namespace omap {
namespace {

namespace fs = std::filesystem;

bool is_still(const fs::path& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

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

Diagnostic in_the_way(const fs::path& path) {
  return Diagnostic(Code::destination_exists, "`{}` is in the way: no run has made it", path.string())
      .help("look at it, move it elsewhere or remove it by hand, and run again");
}

/// S2.
Result<FileDescriptor> lock_staging(const fs::path& staging, bool is_directory) {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    if (is_directory && ::mkdir(staging.c_str(), 0777) != 0 && errno != EEXIST) {
      return fail(write_failure(errno, "make", staging));
    }
    const int flags = O_CLOEXEC | O_NOFOLLOW | (is_directory ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT);
    FileDescriptor fd(::open(staging.c_str(), flags, 0666));
    if (!fd.valid() && errno != ENOENT) return fail(write_failure(errno, "open", staging));
    if (!fd.valid()) continue;
    int error = 0;
    if (!lock(fd.get(), error)) {
      if (error == EWOULDBLOCK) break;
      return fail(write_failure(error, "lock", staging));
    }
    if (!is_still(staging, fd.get())) continue;
    if (is_directory || is_regular_file(fd.get())) return fd;
    return fail(in_the_way(staging));
  }
  return fail(Diagnostic(Code::destination_busy, "another run is writing to `{}`", staging.string())
                  .help("wait until it is done, or choose another destination"));
}

/// S3, for a directory.
Result<void> remove_leftovers(const fs::path& staging) {
  std::error_code error;
  if (const fs::directory_iterator readable(staging, error); error) {
    return fail(write_failure(error.value(), "read", staging));
  }
  const std::vector<std::string> names = names_below(staging);
  for (const std::string& name : names) {
    std::error_code ignored;
    if (!is_leftover_name(name) || fs::is_directory(fs::symlink_status(staging / name, ignored))) {
      return fail(in_the_way(staging / name));
    }
  }
  for (const std::string& name : names) {
    if (auto removed = remove_file(staging / name); !removed) return removed;
  }
  for (const std::string_view folder : weight_folders) ::rmdir((staging / folder).c_str());
  return {};
}

/// S4, but for the making: an empty file becomes one of the layout.
Result<void> prepare(int fd, const fs::path& path, const OutputFile& file) {
  // To 0 first: a leftover gives its blocks back, and reads as zeros.
  if (::ftruncate(fd, 0) != 0 || ::ftruncate(fd, static_cast<off_t>(file.size)) != 0) {
    return fail(write_failure(errno, "set the size of", path));
  }
  int error = write_at(fd, 0, std::as_bytes(std::span(file.head)));
  for (auto fixed = file.fixed.begin(); error == 0 && fixed != file.fixed.end(); ++fixed) {
    error = write_at(fd, fixed->offset, std::as_bytes(std::span(fixed->bytes)));
  }
  if (error != 0) return fail(write_failure(error, "write", path));
  return {};
}

}  // namespace

struct StagedOutput::Impl {
  struct StagedFile {
    fs::path staged;
    fs::path final;
    FileDescriptor fd;
    bool renamed = false;
  };

  DestinationPath at;
  bool is_directory = false;
  /// The destination was there when staging began.
  bool replaces = false;
  /// How many of `files` are in the layout's; if there is one more, it is the index.
  std::size_t layout_files = 0;
  /// What takes the place of old files: an only file of weights that of its namesake, by its rename.
  Replacement replacement;
  std::vector<fs::path> made_directories;
  /// Folders of the layout, relative to the destination, from the top.
  std::vector<fs::path> folders;
  DataChecksums checksums;
  /// Of the staging directory; a single staging file is locked itself.
  FileDescriptor directory;
  std::vector<StagedFile> files;
  /// P is not to be removed: it has its final name, or holds what is to replace files that are gone.
  bool keeps_staging = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!keeps_staging) give_up();
  }

  Result<void> stage(const CheckpointLayout& layout);
  Result<void> commit();

 private:
  Result<void> stage_file(const OutputFile& file);
  Result<void> make_folder(const fs::path& folder);
  Result<void> sync_files();
  Result<void> commit_whole();
  Result<void> commit_into_directory();
  Result<void> rename_into_place(StagedFile& file);
  void remove_folders(const fs::path& above) const;
  void give_up();
};

Result<void> StagedOutput::Impl::stage(const CheckpointLayout& layout) {
  layout_files = layout.files.size();
  checksums = DataChecksums(layout);
  replacement = replacement_in(layout);
  std::error_code ignored;
  replaces = fs::exists(fs::symlink_status(at.path, ignored));
  if (auto made = make_directories(at.path.parent_path(), made_directories); !made) return made;
  auto locked = lock_staging(at.staging, is_directory);
  if (!locked) return fail(std::move(locked.error()));
  if (!is_directory) {
    files.push_back({at.staging, at.path, *std::move(locked)});
    return prepare(files.front().fd.get(), at.staging, layout.files.front());
  }
  directory = *std::move(locked);
  if (auto removed = remove_leftovers(at.staging); !removed) return removed;
  for (const OutputFile& file : layout.files) {
    if (auto staged = stage_file(file); !staged) return staged;
  }
  return layout.index ? stage_file(*layout.index) : Result<void>();
}

Result<void> StagedOutput::Impl::make_folder(const fs::path& folder) {
  if (folder.empty() || std::ranges::find(folders, folder) != folders.end()) return {};
  if (auto above = make_folder(folder.parent_path()); !above) return above;
  if (::mkdir((at.staging / folder).c_str(), 0777) != 0) return fail(write_failure(errno, "make", at.staging / folder));
  folders.push_back(folder);
  return {};
}

Result<void> StagedOutput::Impl::stage_file(const OutputFile& file) {
  if (auto made = make_folder(fs::path(file.name).parent_path()); !made) return made;
  const fs::path path = at.staging / file.name;
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.valid()) return fail(write_failure(errno, "make", path));
  files.push_back({path, at.path / file.name, std::move(fd)});
  return prepare(files.back().fd.get(), path, file);
}

Result<void> StagedOutput::Impl::commit() {
  if (auto synced = sync_files(); !synced) return synced;
  auto done = is_directory && replaces ? commit_into_directory() : commit_whole();
  if (!done) {
    if (keeps_staging)
      done.error().back().notes.push_back(fmt::format("the new files are in `{}`", at.staging.string()));
    return done;
  }
  for (const fs::path& made : made_directories) {
    if (auto synced = sync_directory(made.parent_path()); !synced) return synced;
  }
  return sync_directory(at.path.parent_path());
}

/// C1.
Result<void> StagedOutput::Impl::sync_files() {
  for (const StagedFile& file : files) {
    if (auto synced = sync_file(file.fd.get(), file.staged); !synced) return synced;
    if (is_still(file.staged, file.fd.get())) continue;
    return fail(
        Diagnostic(Code::write_failed, "`{}` was removed or replaced while it was written", file.staged.string())
            .help("make sure that no other run writes to this destination, and run again"));
  }
  return {};
}

/// C2.
Result<void> StagedOutput::Impl::commit_whole() {
  if (is_directory) {
    for (const fs::path& folder : folders) {
      if (auto synced = sync_directory(at.staging / folder); !synced) return synced;
    }
    if (auto synced = sync_file(directory.get(), at.staging); !synced) return synced;
  }
  auto renamed = replaces ? rename_over(at.staging, at.path) : rename_to_new(at.staging, at.path);
  keeps_staging = renamed.has_value();
  return renamed;
}

/// C3 to C6.
Result<void> StagedOutput::Impl::commit_into_directory() {
  for (const std::string_view index : index_file_names) {
    if (auto removed = remove_file(at.path / index); !removed) return removed;
  }
  keeps_staging = true;
  for (const std::string_view folder : weight_folders) {
    std::error_code ignored;
    if (!fs::is_directory(fs::symlink_status(at.path / folder, ignored))) continue;
    if (auto synced = sync_directory(at.path / folder); !synced) return synced;
  }
  if (auto synced = sync_directory(at.path); !synced) return synced;

  for (const std::string& name : stale_files(at.path, replacement)) {
    if (auto removed = remove_file(at.path / name); !removed) return removed;
  }
  for (const fs::path& folder : folders) {
    if (::mkdir((at.path / folder).c_str(), 0777) == 0 || errno == EEXIST) continue;
    return fail(write_failure(errno, "make", at.path / folder));
  }
  const std::span<StagedFile> all(files);
  for (StagedFile& file : all.first(layout_files)) {
    if (auto renamed = rename_into_place(file); !renamed) return renamed;
  }
  for (const fs::path& folder : folders) {
    if (auto synced = sync_directory(at.path / folder); !synced) return synced;
  }
  if (auto synced = sync_directory(at.path); !synced) return synced;

  if (files.size() > layout_files) {
    if (auto renamed = rename_into_place(files.back()); !renamed) return renamed;
    if (auto synced = sync_directory(files.back().final.parent_path()); !synced) return synced;
  }
  remove_folders(at.staging);
  ::rmdir(at.staging.c_str());
  for (const std::string_view folder : weight_folders) ::rmdir((at.path / folder).c_str());
  return {};
}

/// Those that are empty.
void StagedOutput::Impl::remove_folders(const fs::path& above) const {
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) ::rmdir((above / *folder).c_str());
}

Result<void> StagedOutput::Impl::rename_into_place(StagedFile& file) {
  auto renamed = rename_over(file.staged, file.final);
  file.renamed = renamed.has_value();
  return renamed;
}

/// A1. The lock is held until P is gone.
void StagedOutput::Impl::give_up() {
  for (StagedFile& file : files) {
    const bool ours = !file.renamed && is_still(file.staged, file.fd.get());
    // NFS keeps a file that is removed while it is open, under another name, and with it the directory.
    if (is_directory) file.fd = FileDescriptor();
    if (ours) ::unlink(file.staged.c_str());
  }
  if (directory.valid() && is_still(at.staging, directory.get())) {
    remove_folders(at.staging);
    ::rmdir(at.staging.c_str());
  }
  for (; !made_directories.empty(); made_directories.pop_back()) ::rmdir(made_directories.back().c_str());
}

StagedOutput::StagedOutput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StagedOutput::StagedOutput(StagedOutput&&) noexcept = default;
StagedOutput& StagedOutput::operator=(StagedOutput&&) noexcept = default;
StagedOutput::~StagedOutput() = default;

Result<void> StagedOutput::write(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes) {
  assert(file < impl_->layout_files);
  const Impl::StagedFile& to = impl_->files[file];
  const int error = write_at(to.fd.get(), offset, bytes);
  if (error != 0) return fail(write_failure(error, "write", to.staged));
  return impl_->checksums.add(file, offset, bytes, [&to](std::uint64_t place, std::span<const std::byte> checksum) {
    const int failed = write_at(to.fd.get(), place, checksum);
    return failed == 0 ? Result<void>() : fail(write_failure(failed, "write", to.staged));
  });
}

Result<void> StagedOutput::commit() { return impl_->commit(); }

Result<StagedOutput> stage_output(const fs::path& destination, bool is_directory, const CheckpointLayout& layout) {
  assert(is_directory || (layout.files.size() == 1 && !layout.index));
  auto impl = std::make_unique<StagedOutput::Impl>();
  impl->at = resolve_destination(destination);
  impl->is_directory = is_directory;
  if (auto staged = impl->stage(layout); !staged) return fail(std::move(staged.error()));
  return StagedOutput(std::move(impl));
}

}  // namespace omap
