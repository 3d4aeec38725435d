#include "runtime/checkpoint/data_checksums.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace omap {
namespace {

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// The CRC of the same bytes with `count` zeros behind them, less that of the zeros.
std::uint32_t shifted(std::uint32_t crc, std::uint64_t count) {
  return static_cast<std::uint32_t>(crc32_combine(crc, 0, static_cast<z_off_t>(count)));
}

Result<void> put_into_places(std::uint32_t crc, const DataChecksum& range, const DataChecksums::Put& put) {
  std::array<std::byte, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(crc >> (8 * i) & 0xFFU);
  for (const std::uint64_t place : range.places) {
    if (auto done = put(place, bytes); !done) return done;
  }
  return {};
}

}  // namespace

DataChecksums::DataChecksums(const CheckpointLayout& layout) {
  for (const OutputFile& file : layout.files) {
    File& of = files_.emplace_back(File{file.checksums, std::make_unique<State[]>(file.checksums.size())});
    for (std::size_t i = 0; i < of.ranges.size(); ++i) of.states[i].missing = of.ranges[i].end - of.ranges[i].begin;
  }
}

Result<void> DataChecksums::add(std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes,
                                const Put& put) {
  const File& of = files_[file];
  const std::uint64_t end = offset + bytes.size();
  for (auto range = std::ranges::upper_bound(of.ranges, offset, {}, &DataChecksum::end);
       range != of.ranges.end() && range->begin < end; ++range) {
    const std::uint64_t first = std::max(offset, range->begin);
    const std::uint64_t last = std::min(end, range->end);
    const auto piece = bytes.subspan(static_cast<std::size_t>(first - offset), static_cast<std::size_t>(last - first));
    if (piece.empty()) continue;
    State& state = of.states[static_cast<std::size_t>(range - of.ranges.begin())];
    state.sum ^= shifted(crc_of(piece), range->end - last);
    // Whoever brings the last bytes sees what all others have added.
    if (state.missing.fetch_sub(piece.size()) != piece.size()) continue;
    if (auto done = put_into_places(state.sum, *range, put); !done) return done;
  }
  return {};
}

}  // namespace omap
