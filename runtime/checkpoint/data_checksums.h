#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// The checksums of a layout's files, gathered while their bytes are written: from many threads, in any order, each
/// byte once.
///
/// A CRC is linear: with Z_n what n bytes of zeros behind a text make of its CRC (zlib's `crc32_combine`),
///
///     crc(p_1 p_2 ... p_k) = Z_a1 crc(p_1) ^ Z_a2 crc(p_2) ^ ... ^ crc(p_k)
///
/// where a_i bytes stand behind piece i. So each piece gives its part as it comes, and none is kept.
class DataChecksums {
 public:
  DataChecksums() = default;
  explicit DataChecksums(const CheckpointLayout& layout);

  /// Writes 4 bytes of a checksum at an offset of the file.
  using Put = std::function<Result<void>(std::uint64_t offset, std::span<const std::byte> bytes)>;

  /// Takes in `bytes`, which have been written at `offset` of `layout.files[file]`. Each checksum that they complete is
  /// put into its places.
  [[nodiscard]] Result<void> add(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes,
                                 const Put& put);

 private:
  struct State {
    std::atomic<std::uint32_t> sum{0};
    std::atomic<std::uint64_t> missing{0};
  };
  struct File {
    std::vector<DataChecksum> ranges;
    std::unique_ptr<State[]> states;
  };
  std::vector<File> files_;
};

}  // namespace omap
