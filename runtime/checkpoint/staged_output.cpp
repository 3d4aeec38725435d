#include "runtime/checkpoint/staged_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/checkpoint/data_checksums.h"
#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/posix_file.h"
#include "runtime/checkpoint/staging_journal.h"
#include "runtime/checkpoint/staging_place.h"
#include "runtime/checkpoint/write_behind.h"
#include "runtime/checkpoint/written_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// S4, but for the making: an empty file becomes one of the layout.
Result<void> prepare(int fd, const fs::path& path, const OutputFile& file) {
  if (::ftruncate(fd, static_cast<off_t>(file.size)) != 0) return fail(write_failure(errno, "set the size of", path));
  int error = write_at(fd, 0, std::as_bytes(std::span(file.head)));
  for (auto fixed = file.fixed.begin(); error == 0 && fixed != file.fixed.end(); ++fixed) {
    error = write_at(fd, fixed->offset, std::as_bytes(std::span(fixed->bytes)));
  }
  if (error != 0) return fail(write_failure(error, "write", path));
  return {};
}

/// Whether an open file has the first of the fixed bytes, but for checksums among them, which come with the tensors.
bool has_fixed(int fd, const OutputFile& file) {
  constexpr std::uint64_t checksum_bytes = 4;
  const FixedBytes& fixed = file.fixed.front();
  std::string bytes(fixed.bytes.size(), '\0');
  const auto got = read_at(fd, fixed.offset, std::as_writable_bytes(std::span(bytes)));
  if (!got || *got != bytes.size()) return false;
  for (const DataChecksum& checksum : file.checksums) {
    for (const std::uint64_t place : checksum.places) {
      if (place < fixed.offset || place + checksum_bytes > fixed.offset + bytes.size()) continue;
      const std::size_t at = place - fixed.offset;
      bytes.replace(at, checksum_bytes, fixed.bytes, at, checksum_bytes);
    }
  }
  return bytes == fixed.bytes;
}

/// Whether an open file is as large as one of the layout, and begins like it: what a run of another layout left has a
/// journal of another digest, and this notices a file that was put there since.
bool looks_like(int fd, const OutputFile& file) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::uint64_t>(status.st_size) != file.size) return false;
  std::string head(file.head.size(), '\0');
  const auto got = read_at(fd, 0, std::as_writable_bytes(std::span(head)));
  return got && *got == head.size() && head == file.head && (file.fixed.empty() || has_fixed(fd, file));
}

}  // namespace

struct StagedOutput::Impl {
  struct StagedFile {
    StagedFile(fs::path staged_at, fs::path final_at, FileDescriptor opened, std::uint64_t size)
        : staged(std::move(staged_at)), final(std::move(final_at)), fd(std::move(opened)), behind(size) {}

    fs::path staged;
    fs::path final;
    FileDescriptor fd;
    WriteBehind behind;
    bool renamed = false;
    /// Bytes of tensors that are still to be written.
    std::unique_ptr<std::atomic<std::uint64_t>> missing = std::make_unique<std::atomic<std::uint64_t>>(0);
    /// Complete, on the disk, and in the journal.
    std::unique_ptr<std::atomic<bool>> finished = std::make_unique<std::atomic<bool>>(false);
  };

  DestinationPath at;
  bool is_directory = false;
  StagingOptions options;
  std::optional<StagingJournal> journal;
  Resumption resumption;
  /// Names of files that an earlier run finished, and this one keeps: in the journal, staged yet or not.
  std::vector<std::string> kept;
  /// The destination was there when staging began.
  bool replaces = false;
  /// How many of `files` are in the layout's; if there is one more, it is the index.
  std::size_t layout_files = 0;
  /// Those of `files` that a loader begins with, in the order in which they get their names: configs, `config.json`
  /// after the others, and the index.
  std::vector<std::size_t> entries;
  /// What takes the place of old files: an only file of weights that of its namesake, by its rename.
  Replacement replacement;
  std::vector<fs::path> made_directories;
  /// Folders of the layout, relative to the destination, from the top.
  std::vector<fs::path> folders;
  DataChecksums checksums;
  /// P, locked.
  FileDescriptor directory;
  /// P holds nothing but what this run puts there, and files that it keeps.
  bool owns_staging = false;
  std::vector<StagedFile> files;
  /// What was written is not to be removed: it has its final name, or is to replace files that are gone.
  bool keeps_staging = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!keeps_staging) give_up();
  }

  Result<void> stage(const CheckpointLayout& layout);
  /// Counts bytes that were written, and finishes the file with the last of them.
  Result<void> note_written(std::uint32_t file, std::uint64_t bytes);
  Result<void> commit();

 private:
  std::vector<std::string> find_finished(const CheckpointLayout& layout);
  Result<void> begin_journal(const CheckpointLayout& layout);
  /// What a file of the layout is called in the journal: relative to the output, which may be the file itself.
  [[nodiscard]] std::string name_in_journal(const OutputFile& file) const { return is_directory ? file.name : "."; }
  [[nodiscard]] fs::path staged_path(const OutputFile& file) const {
    return is_directory ? at.staged / file.name : at.staged;
  }
  Result<void> stage_file(const OutputFile& file);
  void find_entries(const CheckpointLayout& layout);
  Result<void> make_folder(const fs::path& folder);
  Result<void> sync_files();
  Result<void> commit_whole();
  Result<void> commit_into_directory();
  Result<void> remove_staging();
  Result<void> remove_entries();
  Result<void> remove_stale_files();
  Result<void> sync_folders();
  Result<void> rename_into_place(StagedFile& file);
  void give_up();
};

Result<void> StagedOutput::Impl::stage(const CheckpointLayout& layout) {
  layout_files = layout.files.size();
  checksums = DataChecksums(layout);
  replacement = replacement_in(layout);
  if (auto free = check_replacement(at, is_directory, {options.replace}, layout); !free) return free;
  std::error_code ignored;
  replaces = options.replace && fs::exists(fs::symlink_status(at.path, ignored));
  if (auto made = make_directories(at.path.parent_path(), made_directories); !made) return made;
  auto locked = lock_staging(at.staging);
  if (!locked) return fail(std::move(locked.error()));
  directory = *std::move(locked);
  kept = find_finished(layout);
  if (auto removed = remove_leftovers(at, kept); !removed) return removed;
  owns_staging = true;
  if (auto begun = begin_journal(layout); !begun) return begun;
  // It is there where files are kept.
  if (is_directory && ::mkdir(at.staged.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(write_failure(errno, "make", at.staged));
  }
  for (const OutputFile& file : layout.files) {
    if (auto staged = stage_file(file); !staged) return staged;
  }
  find_entries(layout);
  return layout.index ? stage_file(*layout.index) : Result<void>();
}

void StagedOutput::Impl::find_entries(const CheckpointLayout& layout) {
  for (std::size_t i = 0; i < layout_files; ++i) {
    if (layout.files[i].role == FileRole::config) entries.push_back(i);
  }
  std::ranges::stable_partition(entries, [&](std::size_t i) { return layout.files[i].name != config_file_name; });
  if (layout.index) entries.push_back(layout_files);
}

/// R1: the names of the files in P that this run need not write.
std::vector<std::string> StagedOutput::Impl::find_finished(const CheckpointLayout& layout) {
  if (!options.resume || options.digest.empty()) return {};
  const auto left = read_journal(at.staging);
  if (!left) return {};
  resumption.leftover = Resumption::Leftover::of_another_conversion;
  if (left->digest != options.digest) return {};
  resumption.leftover = Resumption::Leftover::of_this_conversion;
  std::vector<std::string> names;
  for (const OutputFile& file : layout.files) {
    const std::string name = name_in_journal(file);
    if (std::ranges::find(left->finished, name) == left->finished.end()) continue;
    const FileDescriptor fd(::open(staged_path(file).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid() || !looks_like(fd.get(), file)) continue;
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
  auto begun = StagingJournal::begin(at.staging, begin);
  if (!begun) return fail(std::move(begun.error()));
  journal.emplace(*std::move(begun));
  return {};
}

Result<void> StagedOutput::Impl::make_folder(const fs::path& folder) {
  if (folder.empty() || std::ranges::find(folders, folder) != folders.end()) return {};
  if (auto above = make_folder(folder.parent_path()); !above) return above;
  struct stat status {};
  const bool is_there = ::lstat((at.staged / folder).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!is_there && ::mkdir((at.staged / folder).c_str(), 0777) != 0) {
    return fail(write_failure(errno, "make", at.staged / folder));
  }
  folders.push_back(folder);
  return {};
}

Result<void> StagedOutput::Impl::stage_file(const OutputFile& file) {
  if (auto made = make_folder(fs::path(file.name).parent_path()); !made) return made;
  const fs::path path = staged_path(file);
  const bool is_finished = std::ranges::find(kept, name_in_journal(file)) != kept.end();
  const int making = is_finished ? O_NOFOLLOW : O_CREAT | O_EXCL;
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | making, 0666));
  if (!fd.valid()) return fail(write_failure(errno, is_finished ? "open" : "make", path));
  files.emplace_back(path, is_directory ? at.path / file.name : at.path, std::move(fd), file.size);
  *files.back().finished = is_finished;
  return is_finished ? Result<void>() : prepare(files.back().fd.get(), path, file);
}

Result<void> StagedOutput::Impl::note_written(std::uint32_t number, std::uint64_t bytes) {
  StagedFile& file = files[number];
  // Who counts the last bytes sees all others: they were written before they were counted.
  if (options.digest.empty() || file.missing->fetch_sub(bytes) != bytes) return {};
  if (auto synced = sync_file(file.fd.get(), file.staged); !synced) return synced;
  if (auto noted = journal->add(file.staged.lexically_relative(at.staged).generic_string()); !noted) return noted;
  *file.finished = true;
  return {};
}

Result<void> StagedOutput::Impl::commit() {
  if (auto synced = sync_files(); !synced) return synced;
  auto done = is_directory && replaces ? commit_into_directory() : commit_whole();
  if (!done) {
    if (keeps_staging)
      done.error().back().notes.push_back(fmt::format("the new files are in `{}`", at.staged.string()));
    return done;
  }
  for (const fs::path& made : made_directories) {
    if (auto synced = sync_directory(made.parent_path()); !synced) return synced;
  }
  if (auto synced = sync_directory(at.path.parent_path()); !synced) return synced;
  return remove_staging();
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
      if (auto synced = sync_directory(at.staged / folder); !synced) return synced;
    }
    if (auto synced = sync_directory(at.staged); !synced) return synced;
  }
  auto renamed = replaces ? rename_over(at.staged, at.path) : rename_to_new(at.staged, at.path);
  keeps_staging = renamed.has_value();
  return renamed;
}

/// C3.
Result<void> StagedOutput::Impl::remove_entries() {
  std::vector<fs::path> paths;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) paths.push_back(files[*entry].final);
  for (const std::string_view index : index_file_names) paths.push_back(at.path / index);
  for (const fs::path& path : paths) {
    std::error_code ignored;
    const bool is_there = fs::exists(fs::symlink_status(path, ignored));
    if (auto removed = remove_file(path); !removed) return removed;
    keeps_staging = keeps_staging || is_there;
  }
  keeps_staging = true;
  for (const std::string_view folder : weight_folders) {
    std::error_code ignored;
    if (!fs::is_directory(fs::symlink_status(at.path / folder, ignored))) continue;
    if (auto synced = sync_directory(at.path / folder); !synced) return synced;
  }
  return sync_directory(at.path);
}

Result<void> StagedOutput::Impl::remove_stale_files() {
  const auto stale = stale_files(at.path, replacement);
  if (!stale) return fail(stale.error());
  for (const std::string& name : *stale) {
    if (auto removed = remove_file(at.path / name); !removed) return removed;
  }
  return {};
}

/// C3 to C5.
Result<void> StagedOutput::Impl::commit_into_directory() {
  if (auto removed = remove_entries(); !removed) return removed;
  if (auto removed = remove_stale_files(); !removed) return removed;
  for (const fs::path& folder : folders) {
    if (::mkdir((at.path / folder).c_str(), 0777) == 0 || errno == EEXIST) continue;
    return fail(write_failure(errno, "make", at.path / folder));
  }
  for (std::size_t i = 0; i < layout_files; ++i) {
    if (std::ranges::find(entries, i) != entries.end()) continue;
    if (auto renamed = rename_into_place(files[i]); !renamed) return renamed;
  }
  if (auto synced = sync_folders(); !synced) return synced;

  for (const std::size_t entry : entries) {
    if (auto renamed = rename_into_place(files[entry]); !renamed) return renamed;
    if (auto synced = sync_directory(files[entry].final.parent_path()); !synced) return synced;
  }
  for (const std::string_view folder : weight_folders) ::rmdir((at.path / folder).c_str());
  return {};
}

/// C6. Where O cannot be removed the journal stays, so that the next run takes it over.
Result<void> StagedOutput::Impl::remove_staging() {
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) ::rmdir((at.staged / *folder).c_str());
  if (is_directory) ::rmdir(at.staged.c_str());
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(at.staged, ignored))) return {};
  // NFS keeps a file that is removed while it is open, under another name, and with it the directory.
  journal.reset();
  if (auto removed = remove_journal(at.staging); !removed) return removed;
  ::rmdir(at.staging.c_str());
  return {};
}

/// Of the destination.
Result<void> StagedOutput::Impl::sync_folders() {
  for (const fs::path& folder : folders) {
    if (auto synced = sync_directory(at.path / folder); !synced) return synced;
  }
  return sync_directory(at.path);
}

Result<void> StagedOutput::Impl::rename_into_place(StagedFile& file) {
  auto renamed = rename_over(file.staged, file.final);
  file.renamed = renamed.has_value();
  return renamed;
}

/// A1. The lock is held until P is gone.
void StagedOutput::Impl::give_up() {
  const auto is_finished = [](const StagedFile& file) { return file.finished->load(); };
  const bool leaves_finished = options.resume && (!kept.empty() || std::ranges::any_of(files, is_finished));
  for (StagedFile& file : files) {
    if (leaves_finished && is_finished(file)) continue;
    const bool ours = !file.renamed && is_still(file.staged, file.fd.get());
    // As in C6.
    file.fd = FileDescriptor();
    if (ours) ::unlink(file.staged.c_str());
  }
  if (!leaves_finished && directory.valid() && is_still(at.staging, directory.get())) {
    if (owns_staging) (void)remove_staging();
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
  Impl::StagedFile& to = impl_->files[file];
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
  for (std::size_t i = 0; i < bytes.size(); ++i) *impl_->files[i].missing = bytes[i];
}

bool StagedOutput::is_finished(std::uint32_t file) const { return *impl_->files[file].finished; }

const Resumption& StagedOutput::resumption() const { return impl_->resumption; }

Result<void> StagedOutput::commit() { return impl_->commit(); }

Result<StagedOutput> stage_output(const fs::path& destination, bool is_directory, const CheckpointLayout& layout,
                                  const StagingOptions& options) {
  assert(is_directory || (layout.files.size() == 1 && !layout.index));
  auto impl = std::make_unique<StagedOutput::Impl>();
  impl->at = resolve_destination(destination);
  impl->is_directory = is_directory;
  impl->options = options;
  if (auto staged = impl->stage(layout); !staged) return fail(std::move(staged.error()));
  return StagedOutput(std::move(impl));
}

}  // namespace omap
