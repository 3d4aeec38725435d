#include "runtime/checkpoint/destination.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "runtime/checkpoint/staging_place.h"
#include "runtime/checkpoint/written_names.h"
#include "runtime/tokenizer/tokenizer_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// What a path, followed through links, and a file that was opened have in common if they are the same file.
using FileId = std::pair<dev_t, ino_t>;

std::optional<FileId> file_id(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

std::vector<std::string> names_written(const CheckpointLayout& layout) {
  std::vector<std::string> names;
  for (const OutputFile& file : layout.files) names.push_back(file.name);
  if (layout.index) names.push_back(layout.index->name);
  return names;
}

std::set<fs::path> folders_written(const CheckpointLayout& layout) {
  std::set<fs::path> folders;
  for (const std::string& name : names_written(layout)) {
    const fs::path file(name);
    if (file.has_parent_path()) folders.insert(file.parent_path());
  }
  return folders;
}

/// Every path that staging and committing write, replace or remove.
Result<std::vector<fs::path>> paths_touched(const DestinationPath& at, bool is_directory,
                                            const CheckpointLayout& layout) {
  std::vector<fs::path> paths = {at.path};
  // Staging says what is wrong with others.
  if (const auto left = find_leftovers(at)) std::ranges::copy(*left, std::back_inserter(paths));
  if (!is_directory) return paths;
  const auto stale = stale_files(at.path, replacement_in(layout));
  if (!stale) return fail(stale.error());
  for (const std::string& name : names_written(layout)) paths.push_back(at.path / name);
  for (const std::string& name : *stale) paths.push_back(at.path / name);
  return paths;
}

/// Of a directory: no file of the layout, and none that goes, is a directory there.
Result<void> check_files_replaced(const DestinationPath& at, const CheckpointLayout& layout) {
  std::vector<std::string> files = names_written(layout);
  auto stale = stale_files(at.path, replacement_in(layout));
  if (!stale) return fail(std::move(stale.error()));
  std::ranges::move(*stale, std::back_inserter(files));
  for (const std::string& name : files) {
    std::error_code ignored;
    if (!fs::is_directory(fs::symlink_status(at.path / name, ignored))) continue;
    return fail(Diagnostic(Code::destination_exists, "`{}` is a directory, and has the name of a weight file",
                           (at.path / name).string())
                    .help("choose another destination, or remove it"));
  }
  return {};
}

/// Names are given by rename, which does not cross mounts, be they of one file system.
bool is_on_mount_of(const fs::path& directory, const fs::path& other) {
  struct statx a {};
  struct statx b {};
  if (::statx(AT_FDCWD, directory.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &a) != 0) return true;
  if (::statx(AT_FDCWD, other.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &b) != 0) return true;
  const bool same_device = a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
  const bool has_mounts = ((a.stx_mask & b.stx_mask) & STATX_MNT_ID) != 0;
  return same_device && (!has_mounts || a.stx_mnt_id == b.stx_mnt_id);
}

/// Of a directory: it and the folders of the layout, where they are there, are folders beside the staging directory.
Result<void> check_folders_replaced(const DestinationPath& at, const CheckpointLayout& layout) {
  std::vector<fs::path> folders = {at.path};
  for (const fs::path& folder : folders_written(layout)) folders.push_back(at.path / folder);
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    const fs::file_status there = fs::symlink_status(folder, ignored);
    if (!fs::exists(there)) continue;
    if (!fs::is_directory(there)) {
      return fail(Diagnostic(Code::destination_exists, "`{}` is no directory, and has the name of one to be written",
                             folder.string())
                      .help("choose another destination, or remove it"));
    }
    if (is_on_mount_of(folder, at.path.parent_path())) continue;
    return fail(Diagnostic(Code::destination_exists, "`{}` is the root of a file system of its own", folder.string())
                    .help("{}", folder == at.path ? "choose a directory inside it"
                                                  : "choose another destination, or unmount it"));
  }
  return {};
}

/// A path with all links followed as far as it is there, and without dots.
fs::path without_links(const fs::path& path) {
  std::error_code error;
  fs::path followed = fs::weakly_canonical(path, error);
  if (error) followed = path.lexically_normal();
  return followed.has_filename() || !followed.has_relative_path() ? followed : followed.parent_path();
}

/// Whether `path` is `directory` or lies below it; both without links and dots.
bool lies_inside(const fs::path& path, const fs::path& directory) {
  return std::ranges::mismatch(path, directory).in2 == directory.end();
}

Result<void> check_against_source(const DestinationPath& at, bool is_directory, const CheckpointLayout& layout,
                                  const fs::path& source, std::span<const fs::path> files_read) {
  std::error_code ignored;
  const fs::path from = without_links(fs::absolute(source, ignored));
  const fs::path to = without_links(at.path);
  if (from == to || (fs::is_directory(from, ignored) && lies_inside(to, from))) {
    return fail(Diagnostic(Code::destination_in_source, "the destination `{}` {} the source `{}`", to.string(),
                           from == to ? "is" : "lies inside", from.string())
                    .help("the source is never changed: choose a destination outside it"));
  }
  std::set<FileId> read;
  for (const fs::path& file : files_read) {
    if (const auto id = file_id(file)) read.insert(*id);
  }
  const auto touched = paths_touched(at, is_directory, layout);
  if (!touched) return fail(touched.error());
  for (const fs::path& path : *touched) {
    const auto id = file_id(path);
    if (!id || !read.contains(*id)) continue;
    return fail(Diagnostic(Code::destination_in_source, "writing `{}` would destroy `{}`, which is read",
                           at.path.string(), path.string())
                    .help("what is read is never changed: choose a destination outside it"));
  }
  return {};
}

/// What a killed run left, and the next one takes over.
std::uint64_t bytes_left_over(const DestinationPath& at) {
  std::uint64_t bytes = 0;
  const auto files = find_leftovers(at);
  if (!files) return bytes;
  for (const fs::path& file : *files) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

Result<void> check_space(const DestinationPath& at, const CheckpointLayout& layout) {
  fs::path existing = at.path.parent_path();
  while (!file_id(existing) && existing.has_relative_path()) existing = existing.parent_path();
  struct statvfs status {};
  if (::statvfs(existing.c_str(), &status) != 0) return {};
  const std::uint64_t free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  const std::uint64_t available = free + bytes_left_over(at);
  const std::uint64_t needed = layout.total_bytes();
  if (needed <= available) return {};
  return fail(Diagnostic(Code::no_space, "`{}` needs {} bytes, and `{}` has {} free", at.path.string(), needed,
                         existing.string(), available)
                  .help("free some space, or choose a destination on another file system"));
}

}  // namespace

DestinationPath resolve_destination(const fs::path& given) {
  std::error_code ignored;
  fs::path path = fs::absolute(given, ignored);
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  const fs::path name = path.filename();
  // What `..` means depends on links.
  path = name == "." || name == ".." ? without_links(path) : without_links(path.parent_path()) / name;
  fs::path staging = path;
  staging += ".partial";
  fs::path staged = staging / path.filename();
  return {std::move(path), std::move(staging), std::move(staged)};
}

Replacement replacement_in(const CheckpointLayout& layout) {
  Replacement made;
  if (std::ranges::count(layout.files, FileRole::weights, &OutputFile::role) == 1)
    made.only_file = std::ranges::find(layout.files, FileRole::weights, &OutputFile::role)->name;
  made.tokenizer = std::ranges::find(layout.files, FileRole::tokenizer, &OutputFile::role) != layout.files.end();
  return made;
}

Result<std::vector<std::string>> stale_files(const fs::path& destination, const Replacement& replacement) {
  auto names = names_below(destination);
  if (!names) return names;
  std::erase_if(*names, [&](const std::string& name) {
    const bool old_weights = is_weight_file_name(name) && name != replacement.only_file;
    const bool old_tokenizer = replacement.tokenizer && is_tokenizer_file(name);
    return !is_index_file_name(name) && !old_weights && !old_tokenizer;
  });
  return names;
}

Result<void> check_replacement(const DestinationPath& at, bool is_directory, const DestinationOptions& options,
                               const CheckpointLayout& layout) {
  std::error_code ignored;
  const fs::file_status status = fs::symlink_status(at.path, ignored);
  if (!fs::exists(status)) return {};
  const std::string path = at.path.string();
  if (fs::is_symlink(status)) {
    return fail(
        Diagnostic(Code::destination_exists, "`{}` is a symbolic link, and nothing is written through one", path)
            .help("name what it points to, or remove the link"));
  }
  if (is_directory ? !fs::is_directory(status) : !fs::is_regular_file(status)) {
    return fail(Diagnostic(Code::destination_exists, "`{}` is there, and is not a {}", path,
                           is_directory ? "directory" : "regular file")
                    .help("choose another destination, or remove it"));
  }
  if (!options.replace) {
    return fail(Diagnostic(Code::destination_exists, "`{}` is there already", path)
                    .help("choose another destination, or have it replaced (`--force`)"));
  }
  if (!is_directory) return {};
  if (auto files = check_files_replaced(at, layout); !files) return files;
  return check_folders_replaced(at, layout);
}

Result<void> check_destination(const fs::path& destination, bool is_directory, const DestinationOptions& options,
                               const CheckpointLayout& layout, const fs::path& source,
                               std::span<const fs::path> files_read) {
  const DestinationPath at = resolve_destination(destination);
  // What would destroy the source is said first: `--force` is no way out of it.
  if (auto safe = check_against_source(at, is_directory, layout, source, files_read); !safe) return safe;
  if (auto free = check_replacement(at, is_directory, options, layout); !free) return free;
  return check_space(at, layout);
}

}  // namespace omap
