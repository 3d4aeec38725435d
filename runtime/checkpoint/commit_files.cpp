#include "runtime/checkpoint/commit_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/staging_place.h"
#include "runtime/checkpoint/written_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// C1.
Result<void> sync_files(const StagedFiles& staged) {
  for (const StagedFile& file : staged.files) {
    if (auto synced = sync_file(file.fd.get(), file.staged); !synced) return synced;
    if (is_still(file.staged, file.fd.get())) continue;
    return fail(
        Diagnostic(Code::write_failed, "`{}` was removed or replaced while it was written", file.staged.string())
            .help("make sure that no other run writes to this destination, and run again"));
  }
  return {};
}

/// The layout's folders in `root`, and `root`.
Result<void> sync_folders(const StagedFiles& staged, const fs::path& root) {
  for (const fs::path& folder : staged.folders) {
    if (auto synced = sync_directory(root / folder); !synced) return synced;
  }
  return sync_directory(root);
}

/// C2.
Result<void> commit_whole(StagedFiles& staged) {
  if (staged.is_directory) {
    if (auto synced = sync_folders(staged, staged.at.staged); !synced) return synced;
  }
  auto renamed =
      staged.replaces ? rename_over(staged.at.staged, staged.at.path) : rename_to_new(staged.at.staged, staged.at.path);
  staged.to_stay = renamed.has_value();
  return renamed;
}

/// C3.
Result<void> remove_entries(StagedFiles& staged) {
  const fs::path& root = staged.at.path;
  std::vector<fs::path> paths;
  for (auto entry = staged.entries.rbegin(); entry != staged.entries.rend(); ++entry) {
    paths.push_back(staged.files[*entry].final);
  }
  for (const std::string_view index : index_file_names) paths.push_back(root / index);
  for (const fs::path& path : paths) {
    std::error_code ignored;
    const bool is_there = fs::exists(fs::symlink_status(path, ignored));
    if (auto removed = remove_file(path); !removed) return removed;
    staged.to_stay = staged.to_stay || is_there;
  }
  staged.to_stay = true;
  for (const std::string_view folder : weight_folders) {
    std::error_code ignored;
    if (!fs::is_directory(fs::symlink_status(root / folder, ignored))) continue;
    if (auto synced = sync_directory(root / folder); !synced) return synced;
  }
  return sync_directory(root);
}

Result<void> remove_stale_files(const StagedFiles& staged) {
  const auto stale = stale_files(staged.at.path, staged.replacement);
  if (!stale) return fail(stale.error());
  for (const std::string& name : *stale) {
    if (auto removed = remove_file(staged.at.path / name); !removed) return removed;
  }
  return {};
}

Result<void> rename_into_place(StagedFile& file) {
  auto renamed = rename_over(file.staged, file.final);
  file.renamed = renamed.has_value();
  return renamed;
}

/// C4, but for the old files.
Result<void> name_others(StagedFiles& staged) {
  for (const fs::path& folder : staged.folders) {
    if (::mkdir((staged.at.path / folder).c_str(), 0777) == 0 || errno == EEXIST) continue;
    return fail(write_failure(errno, "make", staged.at.path / folder));
  }
  for (std::size_t i = 0; i < staged.files.size(); ++i) {
    if (std::ranges::find(staged.entries, i) != staged.entries.end()) continue;
    if (auto renamed = rename_into_place(staged.files[i]); !renamed) return renamed;
  }
  return sync_folders(staged, staged.at.path);
}

/// C5.
Result<void> name_entries(StagedFiles& staged) {
  for (const std::size_t entry : staged.entries) {
    StagedFile& file = staged.files[entry];
    if (auto renamed = rename_into_place(file); !renamed) return renamed;
    if (auto synced = sync_directory(file.final.parent_path()); !synced) return synced;
  }
  for (const std::string_view folder : weight_folders) ::rmdir((staged.at.path / folder).c_str());
  return {};
}

}  // namespace

Result<void> commit_files(StagedFiles& staged) {
  if (auto synced = sync_files(staged); !synced) return synced;
  if (!staged.is_directory || !staged.replaces) return commit_whole(staged);
  if (auto removed = remove_entries(staged); !removed) return removed;
  if (auto removed = remove_stale_files(staged); !removed) return removed;
  if (auto named = name_others(staged); !named) return named;
  return name_entries(staged);
}

}  // namespace omap
