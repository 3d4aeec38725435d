#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "diagnostics/diagnostic.h"
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
  /// `safetensors`
  [[nodiscard]] std::string_view format() const;
  /// The directory that the checkpoint is in, if it was given as a directory or by its index: configs lie there.
  /// A single file stands alone.
  [[nodiscard]] const std::optional<std::filesystem::path>& directory() const;

  /// Fills `out` with the bytes of a file from `offset` on. A short file is an error (`source_changed`).
  [[nodiscard]] Result<void> read(std::uint32_t file, std::uint64_t offset, std::span<std::byte> out) const;

 private:
  struct Impl;
  explicit CheckpointReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  friend Result<CheckpointReader> open_checkpoint(const std::filesystem::path& path);
};

/// Opens what is at `path`: a `.safetensors` file, a `.safetensors.index.json`, or a directory that holds
/// `model.safetensors.index.json`, `model.safetensors`, or other `.safetensors` files, all of which are its shards.
/// Every header is read and checked here; no tensor's bytes are.
[[nodiscard]] Result<CheckpointReader> open_checkpoint(const std::filesystem::path& path);

}  // namespace omap
