#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/checkpoint_format.h"
#include "runtime/checkpoint/stored_object.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// A checkpoint, opened: headers read and checked, bytes on demand. Files are opened read-only, always.
/// Movable; `read` may be called from many threads at once.
class CheckpointReader {
 public:
  CheckpointReader(CheckpointReader&&) noexcept;
  CheckpointReader& operator=(CheckpointReader&&) noexcept;
  ~CheckpointReader();

  [[nodiscard]] const TensorIndex& index() const;
  /// As sides of a mapping name it: `safetensors`, `torch` or `dcp`.
  [[nodiscard]] std::string_view format() const;
  /// Entries that are no tensors, such as an optimizer's settings, where the format has them: see `read_object`.
  [[nodiscard]] const std::vector<StoredObject>& objects() const;
  /// The directory that the checkpoint is in, if it was given as a directory or by its index: configs lie there.
  /// A single file stands alone.
  [[nodiscard]] const std::optional<std::filesystem::path>& directory() const;

  /// Fills `out` with the bytes of a file from `offset` on. A short file is an error (`source_changed`).
  [[nodiscard]] Result<void> read(std::uint32_t file, std::uint64_t offset, std::span<std::byte> out) const;
  /// Sizes and times of `index().files()`, parallel to them, when they were opened.
  [[nodiscard]] std::vector<FileStamp> stamps() const;
  /// What was read is of no use if a file was written to since it was opened: that is an error (`source_changed`).
  [[nodiscard]] Result<void> check_unchanged() const;

 private:
  struct Impl;
  explicit CheckpointReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  friend Result<CheckpointReader> open_checkpoint(const std::filesystem::path&, std::optional<CheckpointFormat>);
};

/// Opens what is at `path`, in whatever format its contents are: a safetensors file, a file of `torch.save`, an index
/// of such files, or a directory that holds them or a checkpoint of torch.distributed.checkpoint (see
/// `find_checkpoint_files`). Every header is read and checked here; no tensor's bytes are. Where a format is `wanted`,
/// files are read as that one, whatever they are.
[[nodiscard]] Result<CheckpointReader> open_checkpoint(const std::filesystem::path& path,
                                                       std::optional<CheckpointFormat> wanted = {});

}  // namespace omap
