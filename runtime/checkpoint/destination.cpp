#include "runtime/checkpoint/destination.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

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
  if (!is_directory) return std::vector<fs::path>{at.path, at.staging};
  const auto stale = stale_files(at.path, replacement_in(layout));
  if (!stale) return fail(stale.error());
  const auto left = names_below(at.staging);
  // Staging says what is wrong with it.
  const std::vector<std::string> leftovers = left ? *left : std::vector<std::string>();
  std::vector<fs::path> paths;
  for (const std::string& name : names_written(layout)) paths.push_back(at.path / name);
  for (const std::string& name : *stale) paths.push_back(at.path / name);
  for (const std::string& name : leftovers) paths.push_back(at.staging / name);
  return paths;
}

Result<void> check_kind(const DestinationPath& at, bool is_directory, const DestinationOptions& options,
                        const CheckpointLayout& layout) {
  if (auto own = refuse_link(at.path); !own) return own;
  std::error_code ignored;
  const fs::file_status status = fs::symlink_status(at.path, ignored);
  if (!fs::exists(status)) return {};
  const std::string path = at.path.string();
  const auto exists = [](Diagnostic what) { return fail(std::move(what)); };
  if (is_directory ? !fs::is_directory(status) : !fs::is_regular_file(status)) {
    return exists(Diagnostic(Code::destination_exists, "`{}` is there, and is not a {}", path,
                             is_directory ? "directory" : "regular file")
                      .help("choose another destination, or remove it"));
  }
  if (!options.replace) {
    return exists(Diagnostic(Code::destination_exists, "`{}` is there already", path)
                      .help("choose another destination, or replace it with `--force`"));
  }
  if (!is_directory) return {};
  std::vector<std::string> files = names_written(layout);
  auto stale = stale_files(at.path, replacement_in(layout));
  if (!stale) return fail(std::move(stale.error()));
  std::ranges::move(*stale, std::back_inserter(files));
  for (const std::string& name : files) {
    if (!fs::is_directory(fs::symlink_status(at.path / name, ignored))) continue;
    return exists(Diagnostic(Code::destination_exists, "`{}` is a directory, and has the name of a weight file",
                             (at.path / name).string())
                      .help("choose another destination, or remove it"));
  }
  for (const fs::path& folder : folders_written(layout)) {
    const fs::file_status there = fs::symlink_status(at.path / folder, ignored);
    if (!fs::exists(there) || fs::is_directory(there)) continue;
    return exists(Diagnostic(Code::destination_exists, "`{}` is no directory, and has the name of one to be written",
                             (at.path / folder).string())
                      .help("choose another destination, or remove it"));
  }
  // Names are given by rename, which does not cross file systems.
  const auto own = file_id(at.path);
  const auto parent = file_id(at.path.parent_path());
  if (own && parent && own->first != parent->first) {
    return exists(Diagnostic(Code::destination_exists, "`{}` is the root of a file system of its own", path)
                      .help("choose a directory inside it"));
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
std::uint64_t bytes_left_over(const DestinationPath& at, bool is_directory) {
  std::uint64_t bytes = 0;
  const auto add = [&bytes](const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  };
  if (!is_directory) add(at.staging);
  const auto names = is_directory ? names_below(at.staging) : std::vector<std::string>();
  if (!names) return bytes;
  for (const std::string& name : *names) {
    if (is_leftover_name(name)) add(at.staging / name);
  }
  return bytes;
}

Result<void> check_space(const DestinationPath& at, bool is_directory, const CheckpointLayout& layout) {
  fs::path existing = at.path.parent_path();
  while (!file_id(existing) && existing.has_relative_path()) existing = existing.parent_path();
  struct statvfs status {};
  if (::statvfs(existing.c_str(), &status) != 0) return {};
  const std::uint64_t free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  const std::uint64_t available = free + bytes_left_over(at, is_directory);
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
  return {std::move(path), std::move(staging)};
}

Result<void> refuse_link(const fs::path& destination) {
  std::error_code ignored;
  if (!fs::is_symlink(fs::symlink_status(destination, ignored))) return {};
  return fail(Diagnostic(Code::destination_exists, "`{}` is a symbolic link, and nothing is written through one",
                         destination.string())
                  .help("name what it points to, or remove the link"));
}

Replacement replacement_in(const CheckpointLayout& layout) {
  const auto is_weights = [](const OutputFile& file) { return is_weight_file_name(file.name); };
  Replacement made;
  if (std::ranges::count_if(layout.files, is_weights) == 1)
    made.only_file = std::ranges::find_if(layout.files, is_weights)->name;
  made.tokenizer = std::ranges::any_of(layout.files, is_tokenizer_file, &OutputFile::name);
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

Result<void> check_destination(const fs::path& destination, bool is_directory, const DestinationOptions& options,
                               const CheckpointLayout& layout, const fs::path& source,
                               std::span<const fs::path> files_read) {
  const DestinationPath at = resolve_destination(destination);
  // What would destroy the source is said first: `--force` is no way out of it.
  if (auto safe = check_against_source(at, is_directory, layout, source, files_read); !safe) return safe;
  if (auto free = check_kind(at, is_directory, options, layout); !free) return free;
  return check_space(at, is_directory, layout);
}

}  // namespace omap
