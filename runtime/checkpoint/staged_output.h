#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/destination.h"

namespace omap {

// Files on their way to their final names: the one protocol, which every format shares.
//
// DIR (or FILE) is the destination, P is its sibling `DIR.partial`, a directory in either case, O is `P/DIR`. All files
// are written in O (or to it), reach the disk, and then get their final names by rename. Whoever looks at DIR sees what
// was there before, or the whole new checkpoint, or no checkpoint at all; never a half one.
//
// Staging
//  S1. Look at what is at DIR (`check_replacement`). Make the missing directories above P.
//  S2. Make P, or open the one that is there, through no link; lock it (flock, exclusive, without waiting: a killed
//      run's lock is gone with it). If it is held, another run is writing. If the name P no longer means what was
//      locked, its owner has just finished: begin S2 again.
//  S3. Remove what a killed run left in P, but for what R1 found, and its journal. P is a run's if the journal is
//      there, and a file in O if the journal names it. Anything else ends the attempt, with all as it was; it is
//      somebody's.
//  S4. Put a journal into P, by rename: it says which conversion this is, and names the files of the layout. It is the
//      first thing in P and the last to go, so what is there without one no run has made.
//  S5. Make O, with the folders and files of the layout, the index too, each as a new file; set their sizes; write
//      their fixed bytes. What depends on a tensor's bytes, a checksum, is written with the last of them.
// Noting what is finished (where a digest of the conversion is given)
//  N1. When the last byte of a file's tensors is written, the file is synced; then its name is added to the journal,
//      and the journal synced. Files are written one after another, so that a kill loses few.
// Resuming (if asked for)
//  R1. Before S3 the journal in P is read. If it is of the same conversion, files that it calls finished are kept, if
//      they are regular files of the right size and beginning. Bytes of a finished file are not looked at again.
//  R2. The journal of S4 has those names from the beginning. S5 makes the other files; those that are kept are only
//      opened.
// Committing
//  C1. Sync every file. Each name in O still means the file that was written, even without locks.
//  C2. Where DIR was not there at S1: sync O and its folders, rename O to DIR (unless DIR is there by now), sync the
//      parent; then C6. A FILE goes the same way, and where it was there, the rename replaces it at once.
//  C3. Else remove from DIR what a loader begins with: the configs that will be replaced, `config.json` before the
//      others, and indexes, of any format. Sync where they were: from here on, DIR is visibly incomplete.
//  C4. Remove the old weight files and tokenizer, make DIR's folders, rename the new ones from O into them, sync all.
//      Old and new shards never lie side by side; a single file takes the place of its predecessor in one step.
//  C5. Rename the new configs into their places, `config.json` after the others, and last the new index; sync behind
//      each. Now the checkpoint is there. Remove folders of DIR that old weights have left empty; sync the parent.
//  C6. Remove what is left of O, the journal, and P.
// Giving up (no commit, or one that failed before C3 removed anything)
//  A1. Remove what S5 and S4 made, then P, then the directories of S1 that are empty. A run that was asked to resume
//      leaves finished files, those that it had not got to as well, and the journal, for the next one.
// A commit that fails once a config or an index is gone leaves P: some of the old files are gone, so the new ones are
// worth keeping.
//
// Killed before C2 or C3: DIR is as it was. Killed within C3 to C5: DIR has no index, or no `config.json` if the new
// checkpoint has one; and it has old weight files or new ones, never both. Killed within C6: DIR is whole, and P has
// nothing but a journal. New weights are never beside an old config that is to be replaced. A config that the new
// checkpoint does not have is somebody's, and stays. Where some shards are missing, the names of the others tell.
// Resuming then finds in O those that have not been renamed, and writes the others again.

struct StagingOptions {
  /// What tells this conversion from others (`conversion_digest`). Empty: nothing is noted, and nothing resumed.
  std::string digest = {};
  /// Keep the finished files that a run of the same conversion left, and leave those of this one if it fails.
  bool resume = false;
  /// Replace a destination that is there.
  bool replace = false;
};

/// What a run that was to resume found.
struct Resumption {
  enum class Leftover : std::uint8_t { none, of_another_conversion, of_this_conversion };
  Leftover leftover = Leftover::none;
  /// Files that need not be written again, and their bytes.
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

/// The files of a checkpoint, staged. Without `commit`, the destructor gives up what was written.
///
/// Where the destination is there already, and may be replaced, files of the same names are replaced, and the files of
/// the checkpoint that it holds, in whatever format (`written_names.h`), are removed; no other file is touched. A
/// destination that appears only after `stage_output` is not replaced: `commit` fails with `destination_exists`.
/// Movable; `write` may be called from many threads at once. `commit` is called at most once, and nothing behind it.
class StagedOutput {
 public:
  StagedOutput(StagedOutput&&) noexcept;
  StagedOutput& operator=(StagedOutput&&) noexcept;
  ~StagedOutput();

  [[nodiscard]] const Resumption& resumption() const;
  /// Whether nothing of `layout.files[file]` has to be written: an earlier run has, or this one.
  [[nodiscard]] bool is_finished(std::uint32_t file) const;
  /// Says, before the first `write`, how many bytes all calls together will write to each of `layout.files`: with the
  /// last of them a file is finished. Without it no file is noted as finished before `commit`.
  void expect(std::span<const std::uint64_t> bytes);
  /// Writes `bytes` at `offset` of `layout.files[file]`: a part of a tensor, each byte once.
  [[nodiscard]] Result<void> write(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> commit();

 private:
  struct Impl;
  explicit StagedOutput(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  friend Result<StagedOutput> stage_output(const std::filesystem::path&, bool, const CheckpointLayout&,
                                           const StagingOptions&);
};

/// Makes the staging files and their folders, with fixed bytes written and sizes set. `destination_exists` where
/// something is there that `options` do not allow to replace, or in P that no run has made. `check_destination` comes
/// first: it alone knows what is read, and it looked for free space. No space is reserved here: that would write
/// everything once more on memory file systems, and made runs on ext4 half as fast. Directories above the destination
/// are made as needed.
[[nodiscard]] Result<StagedOutput> stage_output(const std::filesystem::path& destination, bool is_directory,
                                                const CheckpointLayout& layout, const StagingOptions& options = {});

}  // namespace omap
