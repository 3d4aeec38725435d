#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap {

/// The file that makes a directory a staging directory: it says which conversion writes there, which files that makes,
/// and which of them are finished, complete and on the disk. Lines of text, each of them whole or not yet there:
///
///     omap journal 2
///     conversion DIGEST
///     makes NAME
///     ...
///     finished NAME
///     ...
///
/// A conversion that nobody goes on with has no digest.
inline constexpr std::string_view journal_file_name = ".omap-journal";
/// What becomes a journal by a rename.
inline constexpr std::string_view new_journal_file_name = ".omap-journal.new";

struct JournalEntries {
  std::string digest;
  /// Relative to the output, with `/` between folders.
  std::vector<std::string> made;
  std::vector<std::string> finished;
};

/// What the journal in `directory` says; nothing if there is none, or none that this version wrote. A last line that a
/// kill cut off is none.
[[nodiscard]] std::optional<JournalEntries> read_journal(const std::filesystem::path& directory);

/// A journal that is written to. Movable while nobody adds to it; `add` may be called from many threads at once.
class StagingJournal {
 public:
  /// Replaces the journal in `directory`, whole, by one with these entries, which is on the disk then.
  [[nodiscard]] static Result<StagingJournal> begin(const std::filesystem::path& directory,
                                                    const JournalEntries& entries);
  StagingJournal(StagingJournal&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::move(other.path_)), size_(other.size_) {}

  /// Says that a file is finished; when this returns, that is on the disk.
  [[nodiscard]] Result<void> add(std::string_view name);

 private:
  StagingJournal(FileDescriptor fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] Result<void> write_new(const std::filesystem::path& made, std::string_view text);

  std::mutex mutex_;
  FileDescriptor fd_;
  std::filesystem::path path_;
  std::uint64_t size_ = 0;
};

/// Removes it, if it is there.
[[nodiscard]] Result<void> remove_journal(const std::filesystem::path& directory);

}  // namespace omap
