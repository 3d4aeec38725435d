#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/posix_file.h"
#include "runtime/checkpoint/write_behind.h"

namespace omap {

/// A file of a layout on its way to its final name: see staged_output.h.
struct StagedFile {
  std::filesystem::path staged;
  std::filesystem::path final;
  FileDescriptor fd;
  WriteBehind behind;
  bool renamed = false;
  /// Bytes of tensors that are still to be written.
  std::unique_ptr<std::atomic<std::uint64_t>> missing;
  /// Complete, on the disk, and in the journal.
  std::unique_ptr<std::atomic<bool>> finished;
};

/// S5: a new file, empty, and then one of the size and with the fixed bytes of `file`. Two steps, as what was made is
/// to be removed where the second fails.
[[nodiscard]] Result<StagedFile> make_staged_file(std::filesystem::path staged, std::filesystem::path final,
                                                  const OutputFile& file);
[[nodiscard]] Result<void> prepare(const StagedFile& staged, const OutputFile& file);

/// R1: whether `staged` is a regular file as large as `file`, which begins like it. What a run of another layout left
/// has a journal of another digest; this notices a file that was put there since.
[[nodiscard]] bool looks_finished(const std::filesystem::path& staged, const OutputFile& file);

/// R2: a file that an earlier run finished, opened and not changed.
[[nodiscard]] Result<StagedFile> keep_staged_file(std::filesystem::path staged, std::filesystem::path final,
                                                  const OutputFile& file);

}  // namespace omap
