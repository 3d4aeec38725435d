#include "runtime/checkpoint/staged_output.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/checkpoint/commit_files.h"
#include "runtime/checkpoint/data_checksums.h"
#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/posix_file.h"
#include "runtime/checkpoint/staged_file.h"
#include "runtime/checkpoint/staging_journal.h"
#include "runtime/checkpoint/staging_place.h"
#include "runtime/checkpoint/written_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

}  // namespace

struct StagedOutput::Impl {
  StagingOptions options;
  StagedFiles staged;
  /// How many of `staged.files` are in the layout's list; if there is one more, it is the index.
  std::size_t layout_files = 0;
  std::optional<StagingJournal> journal;
  Resumption resumption;
  /// Names of files that an earlier run finished, and this one keeps: in the journal, staged yet or not.
  std::vector<std::string> kept;
  std::vector<fs::path> made_directories;
  DataChecksums checksums;
  /// P, locked.
  FileDescriptor directory;
  /// P holds nothing but what this run puts there, and files that it keeps.
  bool owns_staging = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!staged.to_stay) give_up();
  }

  Result<void> stage(const CheckpointLayout& layout);
  /// Counts bytes that were written, and finishes the file with the last of them.
  Result<void> note_written(std::uint32_t file, std::uint64_t bytes);
  Result<void> commit();

 private:
  std::vector<std::string> find_finished(const CheckpointLayout& layout);
  Result<void> begin_journal(const CheckpointLayout& layout);
  /// What a file of the layout is called in the journal: relative to the output, which may be the file itself.
  [[nodiscard]] std::string name_in_journal(const OutputFile& file) const {
    return staged.is_directory ? file.name : ".";
  }
  [[nodiscard]] fs::path staged_path(const OutputFile& file) const {
    return staged.is_directory ? staged.at.staged / file.name : staged.at.staged;
  }
  Result<void> stage_file(const OutputFile& file);
  void find_entries(const CheckpointLayout& layout);
  Result<void> make_folder(const fs::path& folder);
  Result<void> remove_staging();
  void give_up();
};

Result<void> StagedOutput::Impl::stage(const CheckpointLayout& layout) {
  layout_files = layout.files.size();
  checksums = DataChecksums(layout);
  staged.replacement = replacement_in(layout);
  if (auto free = check_replacement(staged.at, staged.is_directory, {options.replace}, layout); !free) return free;
  std::error_code ignored;
  staged.replaces = options.replace && fs::exists(fs::symlink_status(staged.at.path, ignored));
  if (auto made = make_directories(staged.at.path.parent_path(), made_directories); !made) return made;
  auto locked = lock_staging(staged.at.staging);
  if (!locked) return fail(std::move(locked.error()));
  directory = *std::move(locked);
  kept = find_finished(layout);
  if (auto removed = remove_leftovers(staged.at, kept); !removed) return removed;
  owns_staging = true;
  if (auto begun = begin_journal(layout); !begun) return begun;
  // It is there where files are kept.
  if (staged.is_directory && ::mkdir(staged.at.staged.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(write_failure(errno, "make", staged.at.staged));
  }
  for (const OutputFile& file : layout.files) {
    if (auto made = stage_file(file); !made) return made;
  }
  find_entries(layout);
  return layout.index ? stage_file(*layout.index) : Result<void>();
}

void StagedOutput::Impl::find_entries(const CheckpointLayout& layout) {
  for (std::size_t i = 0; i < layout_files; ++i) {
    if (layout.files[i].role == FileRole::config) staged.entries.push_back(i);
  }
  std::ranges::stable_partition(staged.entries,
                                [&](std::size_t i) { return layout.files[i].name != config_file_name; });
  if (layout.index) staged.entries.push_back(layout_files);
}

/// R1: the names of the files in P that this run need not write.
std::vector<std::string> StagedOutput::Impl::find_finished(const CheckpointLayout& layout) {
  if (!options.resume || options.digest.empty()) return {};
  const auto left = read_journal(staged.at.staging);
  if (!left) return {};
  resumption.leftover = Resumption::Leftover::of_another_conversion;
  if (left->digest != options.digest) return {};
  resumption.leftover = Resumption::Leftover::of_this_conversion;
  std::vector<std::string> names;
  for (const OutputFile& file : layout.files) {
    const std::string name = name_in_journal(file);
    if (std::ranges::find(left->finished, name) == left->finished.end()) continue;
    if (!looks_finished(staged_path(file), file)) continue;
    names.push_back(name);
    resumption.files += 1;
    resumption.bytes += file.size;
  }
  return names;
}

/// N1 and R2.
Result<void> StagedOutput::Impl::begin_journal(const CheckpointLayout& layout) {
  JournalEntries begin{options.digest, {}, kept};
  for (const OutputFile& file : layout.files) begin.made.push_back(name_in_journal(file));
  if (layout.index) begin.made.push_back(name_in_journal(*layout.index));
  auto begun = StagingJournal::begin(staged.at.staging, begin);
  if (!begun) return fail(std::move(begun.error()));
  journal.emplace(*std::move(begun));
  return {};
}

Result<void> StagedOutput::Impl::make_folder(const fs::path& folder) {
  if (folder.empty() || std::ranges::find(staged.folders, folder) != staged.folders.end()) return {};
  if (auto above = make_folder(folder.parent_path()); !above) return above;
  const fs::path path = staged.at.staged / folder;
  struct stat status {};
  const bool is_there = ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!is_there && ::mkdir(path.c_str(), 0777) != 0) return fail(write_failure(errno, "make", path));
  staged.folders.push_back(folder);
  return {};
}

Result<void> StagedOutput::Impl::stage_file(const OutputFile& file) {
  if (auto made = make_folder(fs::path(file.name).parent_path()); !made) return made;
  const bool is_kept = std::ranges::find(kept, name_in_journal(file)) != kept.end();
  fs::path final = staged.is_directory ? staged.at.path / file.name : staged.at.path;
  auto opened = is_kept ? keep_staged_file(staged_path(file), std::move(final), file)
                        : make_staged_file(staged_path(file), std::move(final), file);
  if (!opened) return fail(std::move(opened.error()));
  staged.files.push_back(*std::move(opened));
  return is_kept ? Result<void>() : prepare(staged.files.back(), file);
}

Result<void> StagedOutput::Impl::note_written(std::uint32_t number, std::uint64_t bytes) {
  StagedFile& file = staged.files[number];
  // Who counts the last bytes sees all others: they were written before they were counted.
  if (options.digest.empty() || file.missing->fetch_sub(bytes) != bytes) return {};
  if (auto synced = sync_file(file.fd.get(), file.staged); !synced) return synced;
  const std::string name = file.staged.lexically_relative(staged.at.staged).generic_string();
  if (auto noted = journal->add(name); !noted) return noted;
  *file.finished = true;
  return {};
}

Result<void> StagedOutput::Impl::commit() {
  if (auto done = commit_files(staged); !done) {
    if (staged.to_stay) {
      done.error().back().notes.push_back(fmt::format("the new files are in `{}`", staged.at.staged.string()));
    }
    return done;
  }
  for (const fs::path& made : made_directories) {
    if (auto synced = sync_directory(made.parent_path()); !synced) return synced;
  }
  if (auto synced = sync_directory(staged.at.path.parent_path()); !synced) return synced;
  return remove_staging();
}

/// C6. Where O cannot be removed the journal stays, so that the next run takes it over.
Result<void> StagedOutput::Impl::remove_staging() {
  const DestinationPath& at = staged.at;
  for (auto folder = staged.folders.rbegin(); folder != staged.folders.rend(); ++folder) {
    ::rmdir((at.staged / *folder).c_str());
  }
  if (staged.is_directory) ::rmdir(at.staged.c_str());
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(at.staged, ignored))) return {};
  // NFS keeps a file that is removed while it is open, under another name, and with it the directory.
  journal.reset();
  if (auto removed = remove_journal(at.staging); !removed) return removed;
  ::rmdir(at.staging.c_str());
  return {};
}

/// A1. The lock is held until P is gone.
void StagedOutput::Impl::give_up() {
  const auto is_finished = [](const StagedFile& file) { return file.finished->load(); };
  const bool leaves_finished = options.resume && (!kept.empty() || std::ranges::any_of(staged.files, is_finished));
  for (StagedFile& file : staged.files) {
    if (leaves_finished && is_finished(file)) continue;
    const bool ours = !file.renamed && is_still(file.staged, file.fd.get());
    // As in C6.
    file.fd = FileDescriptor();
    if (ours) ::unlink(file.staged.c_str());
  }
  if (!leaves_finished && directory.valid() && is_still(staged.at.staging, directory.get())) {
    if (owns_staging) (void)remove_staging();
    ::rmdir(staged.at.staging.c_str());
  }
  for (; !made_directories.empty(); made_directories.pop_back()) ::rmdir(made_directories.back().c_str());
}

StagedOutput::StagedOutput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StagedOutput::StagedOutput(StagedOutput&&) noexcept = default;
StagedOutput& StagedOutput::operator=(StagedOutput&&) noexcept = default;
StagedOutput::~StagedOutput() = default;

Result<void> StagedOutput::write(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes) {
  assert(file < impl_->layout_files);
  StagedFile& to = impl_->staged.files[file];
  const int error = write_at(to.fd.get(), offset, bytes);
  if (error != 0) return fail(write_failure(error, "write", to.staged));
  to.behind.wrote(to.fd.get(), offset, bytes.size());
  auto added = impl_->checksums.add(file, offset, bytes, [&to](std::uint64_t place, std::span<const std::byte> sum) {
    const int failed = write_at(to.fd.get(), place, sum);
    return failed == 0 ? Result<void>() : fail(write_failure(failed, "write", to.staged));
  });
  return added ? impl_->note_written(file, bytes.size()) : added;
}

void StagedOutput::expect(std::span<const std::uint64_t> bytes) {
  assert(bytes.size() == impl_->layout_files);
  for (std::size_t i = 0; i < bytes.size(); ++i) *impl_->staged.files[i].missing = bytes[i];
}

bool StagedOutput::is_finished(std::uint32_t file) const { return *impl_->staged.files[file].finished; }

const Resumption& StagedOutput::resumption() const { return impl_->resumption; }

Result<void> StagedOutput::commit() { return impl_->commit(); }

Result<StagedOutput> stage_output(const fs::path& destination, bool is_directory, const CheckpointLayout& layout,
                                  const StagingOptions& options) {
  assert(is_directory || (layout.files.size() == 1 && !layout.index));
  auto impl = std::make_unique<StagedOutput::Impl>();
  impl->staged.at = resolve_destination(destination);
  impl->staged.is_directory = is_directory;
  impl->options = options;
  if (auto staged = impl->stage(layout); !staged) return fail(std::move(staged.error()));
  return StagedOutput(std::move(impl));
}

}  // namespace omap
