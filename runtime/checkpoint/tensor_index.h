#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/dtype/dtype.h"

namespace omap {

/// Where bytes lie: `file` is an index into TensorIndex::files.
struct ByteRange {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// A box of a tensor that is stored apart: elements [offsets[i], offsets[i] + sizes[i]) of each dimension i, at least
/// one. `bytes` and `strides` are its own, as those of a whole tensor are.
struct TensorPiece {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> sizes;
  ByteRange bytes;
  std::vector<std::int64_t> strides = {};
  friend bool operator==(const TensorPiece&, const TensorPiece&) = default;
};

/// What a header says of one tensor, little-endian. Extents are at least 0.
struct TensorInfo {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  /// All elements lie in it, the first one at its beginning. Empty where there are pieces.
  ByteRange bytes;
  /// From one element to the next along each dimension, in elements, at least 0: as many as `shape` has extents.
  /// Empty: dense and row-major.
  std::vector<std::int64_t> strides = {};
  /// If there are any, each element is in exactly one of them, and elements are whole bytes.
  std::vector<TensorPiece> pieces = {};
  friend bool operator==(const TensorInfo&, const TensorInfo&) = default;
};

/// The headers of a whole checkpoint: its tensors, by key, and the files that hold them.
/// Keys are unique. Immutable once made; safe to share between threads.
class TensorIndex {
 public:
  TensorIndex() = default;
  /// `tensors` need unique keys: whoever reads headers reports doubles with the files' names.
  TensorIndex(std::vector<std::filesystem::path> files, std::vector<TensorInfo> tensors);

  [[nodiscard]] const std::vector<std::filesystem::path>& files() const { return files_; }
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const { return tensors_; }
  /// The place of a key in `tensors()`.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view key) const;
  /// Bytes of all tensors, each dense.
  [[nodiscard]] std::uint64_t total_bytes() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::filesystem::path> files_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> by_key_;
};

/// Where the bytes of a tensor are, or of one of its pieces if it has any.
[[nodiscard]] inline const ByteRange& stored_bytes(const TensorInfo& tensor, std::uint32_t piece) {
  return tensor.pieces.empty() ? tensor.bytes : tensor.pieces[piece].bytes;
}

/// Elements of a shape, or nothing where the product exceeds 2^63 - 1. A zero extent makes it 0, whatever the others.
[[nodiscard]] std::optional<std::int64_t> element_count(const std::vector<std::int64_t>& shape);
/// The strides of a dense, row-major tensor of at least one element, in elements.
[[nodiscard]] std::vector<std::int64_t> dense_strides(const std::vector<std::int64_t>& shape);
/// Bytes of a tensor whose shape has been checked, dense.
[[nodiscard]] std::uint64_t dense_bytes(const TensorInfo& tensor);
/// Bytes of a dense tensor, or nothing where they exceed 2^63 - 1 or are not whole (types smaller than a byte).
[[nodiscard]] std::optional<std::int64_t> byte_count(Dtype dtype, const std::vector<std::int64_t>& shape);

}  // namespace omap
