#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

// The safetensors format (github.com/huggingface/safetensors, README.md "Format"):
//   u64 little-endian N | N bytes of UTF-8 JSON | data until the end of the file
// with an entry `"key": {"dtype", "shape", "data_offsets": [begin, end)}` for each tensor, offsets from the first byte
// of data, and optionally `"__metadata__"`: string to string.

/// The greatest N that the reference implementation accepts.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;

/// The name in a header that is no tensor's.
inline constexpr std::string_view safetensors_metadata_name = "__metadata__";

struct SafetensorsHeader {
  /// In the order of their data. `bytes.offset` counts from the beginning of the file; `bytes.file` is 0.
  std::vector<TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

/// N, from the first 8 bytes of a file of `file_size` bytes: at most the limit, and within the file.
/// `first` is shorter where the file is.
[[nodiscard]] Result<std::uint64_t> safetensors_header_length(std::span<const std::byte> first, std::uint64_t file_size,
                                                              std::string_view file);

/// Reads the JSON of a header; `file_size` is that of the whole file. Stricter than the reference implementation:
/// a name that stands twice is refused, `null` as `__metadata__` is refused, and so is an extent above 2^63 - 1.
/// Fields of an entry that the format does not have are passed over. `file` is named in errors.
[[nodiscard]] Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::uint64_t file_size,
                                                                 std::string_view file);

/// The bytes before the data (length, JSON, blanks up to a multiple of 8), as the reference writer makes them:
/// `__metadata__` first, then the tensors in the order given, which is the order of their data, without gaps: of their
/// places, only `bytes.size` is read.
[[nodiscard]] std::string write_safetensors_header(std::span<const TensorInfo> tensors,
                                                   const std::map<std::string, std::string>& metadata);

}  // namespace omap
