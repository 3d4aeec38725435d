#include "runtime/run/fill_slab.h"

#include "runtime/copy/clip.h"
#include "runtime/copy/copy_kernel.h"
#include "runtime/run/compute_part.h"
#include "runtime/run/gather.h"

namespace omap {
namespace {

/// Emits the parts of a box that lie in a slab, with destination offsets in the slab's buffer.
void clip_to_slab(const PlacedBox& placed, const Slab& slab, const EmitCopy& emit) {
  StridedCopy copy = placed.box->copy;
  if (slab.rows > 1) {
    copy.dst_offset = placed.begin - slab.origin;
    const std::uint64_t at = slab.offset - slab.origin;
    return clip(copy, {slab.pitch, at / slab.pitch, slab.rows, at % slab.pitch, slab.width}, emit);
  }
  const std::uint64_t end = slab.offset + slab.width;
  if (placed.end <= slab.offset || placed.begin >= end) return;
  copy.dst_offset = placed.begin;
  clip(copy, slab.offset, end, [&](StridedCopy part) {
    part.dst_offset -= slab.offset;
    emit(part);
  });
}

}  // namespace

Result<void> fill_slab(const Slab& slab, const Sections& sections, const CheckpointReader& source,
                       std::span<std::byte> buffer, std::span<std::byte> scratch) {
  const auto read_tensor = [&](std::uint32_t tensor, std::uint32_t piece) -> ReadSource {
    const ByteRange& range = stored_bytes(source.index().tensors()[tensor], piece);
    return [&source, &range](std::uint64_t offset, std::span<std::byte> out) {
      return source.read(range.file, range.offset + offset, out);
    };
  };
  // Half of the scratch holds what is computed, the other what is read for it.
  const std::span<std::byte> staging = scratch.first(scratch.size() / 2);
  const MoveInput move = [&](std::uint32_t tensor, std::uint32_t piece, const StridedCopy& copy, std::byte* out) {
    return gather(copy, read_tensor(tensor, piece), out, scratch.subspan(staging.size()));
  };
  Result<void> done;
  for (std::size_t i = slab.first; i < slab.last && done; ++i) {
    const PlacedBox& placed = sections.boxes[i];
    if (placed.computed) {
      clip_to_slab(placed, slab, [&](const StridedCopy& part) {
        if (done) done = compute_part(*placed.computed, part, move, buffer.data(), staging);
      });
      continue;
    }
    if (placed.box->source == BoxCopy::zero) {
      clip_to_slab(placed, slab, [&](const StridedCopy& part) { fill_zero(part, buffer.data()); });
      continue;
    }
    const ReadSource read = read_tensor(placed.box->source, placed.box->piece);
    clip_to_slab(placed, slab, [&](const StridedCopy& part) {
      if (done) done = gather(part, read, buffer.data(), scratch);
    });
  }
  return done;
}

Result<void> write_slab(const Slab& slab, std::span<const std::byte> buffer, StagedOutput& output) {
  for (std::uint64_t row = 0; row < slab.rows; ++row) {
    auto written =
        output.write(slab.file, slab.offset + row * slab.pitch, buffer.subspan(row * slab.width, slab.width));
    if (!written) return written;
  }
  return {};
}

}  // namespace omap
