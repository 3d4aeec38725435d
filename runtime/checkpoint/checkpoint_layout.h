#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/dtype/dtype.h"

namespace omap {

// What is written, before a byte of it is there. A format is a function that lays tensors out (`lay_out_...`): it gives
// every name, size and offset, and every byte that is not a tensor's. Running and writing know no format.

/// A tensor to be written: dense, row-major.
struct OutputTensor {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
};

/// Bytes of a file that no tensor decides.
struct FixedBytes {
  std::uint64_t offset = 0;
  std::string bytes;
};

/// The CRC-32 of zip archives (that of zlib) over bytes [begin, end) of a file. They are a tensor's, so it is known
/// only when all of them have been written: then it goes to each of `places` in the same file, 4 bytes, little-endian.
struct DataChecksum {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::vector<std::uint64_t> places;
};

/// What a file of a layout, other than the index, is for; in which order files get their names depends on it.
enum class FileRole : std::uint8_t { weights, config, tokenizer };

/// A file to be written, `size` bytes in all: `head` at its beginning, and tensors behind it, which `fixed` may stand
/// between.
struct OutputFile {
  /// Relative to the destination's directory, with `/` between folders.
  std::string name;
  std::string head;
  std::uint64_t size = 0;
  std::vector<FixedBytes> fixed = {};
  /// In the order of their bytes, which do not overlap.
  std::vector<DataChecksum> checksums = {};
  FileRole role = FileRole::weights;
};

/// Where the first byte of a tensor goes: an index into CheckpointLayout::files, and an offset in that file.
struct TensorPlace {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
};

/// Every name, size and offset of a checkpoint.
struct CheckpointLayout {
  std::vector<OutputFile> files;
  /// Parallel to the tensors given.
  std::vector<TensorPlace> places;
  /// A small file that makes the others a checkpoint; gets its final name last.
  std::optional<OutputFile> index;

  [[nodiscard]] std::uint64_t total_bytes() const;
};

/// A small file, known in whole: a config, or an index.
[[nodiscard]] OutputFile text_file(std::string name, std::string text);

}  // namespace omap
