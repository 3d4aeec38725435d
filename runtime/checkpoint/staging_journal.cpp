#include "runtime/checkpoint/staging_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <span>

#include "runtime/checkpoint/durable_files.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line = "omap journal 2";
constexpr std::string_view conversion_word = "conversion ";
constexpr std::string_view made_word = "makes ";
constexpr std::string_view finished_word = "finished ";
/// Of as many files as a checkpoint may have; anything larger is no journal.
constexpr std::uint64_t max_journal_bytes = 64U << 20;

std::string spell(const JournalEntries& entries) {
  std::string text = fmt::format("{}\n{}{}\n", first_line, conversion_word, entries.digest);
  for (const std::string& name : entries.made) text += fmt::format("{}{}\n", made_word, name);
  for (const std::string& name : entries.finished) text += fmt::format("{}{}\n", finished_word, name);
  return text;
}

/// The text up to the next line end, which is taken from `rest` with it; nothing if there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::optional<JournalEntries> read_journal(const fs::path& directory) {
  const FileDescriptor fd(
      ::open((directory / journal_file_name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) > max_journal_bytes) return std::nullopt;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const auto got = read_at(fd.get(), 0, std::as_writable_bytes(std::span(text)));
  if (!got) return std::nullopt;
  text.resize(*got);

  std::string_view rest = text;
  if (take_line(rest) != first_line) return std::nullopt;
  const auto conversion = take_line(rest);
  if (!conversion || !conversion->starts_with(conversion_word)) return std::nullopt;
  JournalEntries entries{std::string(conversion->substr(conversion_word.size())), {}, {}};
  while (const auto line = take_line(rest)) {
    if (line->starts_with(made_word)) {
      entries.made.emplace_back(line->substr(made_word.size()));
    } else if (line->starts_with(finished_word)) {
      entries.finished.emplace_back(line->substr(finished_word.size()));
    } else {
      return std::nullopt;
    }
  }
  return entries;
}

Result<StagingJournal> StagingJournal::begin(const fs::path& directory, const JournalEntries& entries) {
  const fs::path made = directory / new_journal_file_name;
  if (auto removed = remove_file(made); !removed) return fail(std::move(removed.error()));
  StagingJournal journal(FileDescriptor(::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)),
                         directory / journal_file_name);
  if (!journal.fd_.valid()) return fail(write_failure(errno, "make", made));
  auto begun = journal.write_new(made, spell(entries));
  if (!begun) {
    (void)remove_file(made);
    return fail(std::move(begun.error()));
  }
  return journal;
}

Result<void> StagingJournal::write_new(const fs::path& made, std::string_view text) {
  const int error = write_at(fd_.get(), 0, std::as_bytes(std::span(text)));
  if (error != 0) return fail(write_failure(error, "write", made));
  size_ = text.size();
  if (auto synced = sync_file(fd_.get(), made); !synced) return synced;
  if (auto renamed = rename_over(made, path_); !renamed) return renamed;
  return sync_directory(path_.parent_path());
}

Result<void> StagingJournal::add(std::string_view name) {
  const std::string line = fmt::format("{}{}\n", finished_word, name);
  const std::scoped_lock lock(mutex_);
  const int error = write_at(fd_.get(), size_, std::as_bytes(std::span(line)));
  if (error != 0) return fail(write_failure(error, "write", path_));
  size_ += line.size();
  return sync_file(fd_.get(), path_);
}

Result<void> remove_journal(const fs::path& directory) {
  if (auto removed = remove_file(directory / new_journal_file_name); !removed) return removed;
  return remove_file(directory / journal_file_name);
}

}  // namespace omap
