#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/destination.h"

namespace omap {

/// Files on their way to their final names. The protocol, which every format shares:
///
///  1. Everything is written under a sibling of the destination: `DIR.partial/` or `FILE.partial`, which this run has
///     locked (flock: a killed run's lock is gone with it, and its leftovers are taken over).
///  2. `commit` syncs each file, then gives final names by rename, the index last, and syncs the directories.
///     A directory that was not there gets its name in one rename.
///  3. Without `commit`, the destructor removes what was written. A killed run leaves `.partial` only, and so does a
///     commit that failed after the first file was replaced.
///
/// Where the destination is there already (`replace`), files of the same names are replaced, and the files of the
/// checkpoint that it holds, in whatever format (`written_names.h`), are removed; no other file is touched. A
/// destination that appears only after `stage_output` is not replaced: `commit` fails with `destination_exists`.
/// Movable; `write` may be called from many threads at once.
class StagedOutput {
 public:
  StagedOutput(StagedOutput&&) noexcept;
  StagedOutput& operator=(StagedOutput&&) noexcept;
  ~StagedOutput();

  /// Writes `bytes` at `offset` of `layout.files[file]`: a part of a tensor, each byte once.
  [[nodiscard]] Result<void> write(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> commit();

 private:
  struct Impl;
  explicit StagedOutput(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  friend Result<StagedOutput> stage_output(const std::filesystem::path&, bool, const CheckpointLayout&);
};

/// Makes the staging files and their folders, with fixed bytes written and sizes set. `check_destination` comes first;
/// it looked for free space, and no space is reserved here: that would write everything once more on memory file
/// systems. Directories above the destination are made as needed.
[[nodiscard]] Result<StagedOutput> stage_output(const std::filesystem::path& destination, bool is_directory,
                                                const CheckpointLayout& layout);

}  // namespace omap
