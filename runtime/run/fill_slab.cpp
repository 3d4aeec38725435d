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
  Result<void> done;
  for (std::size_t i = slab.first; i < slab.last && done; ++i) {
    const PlacedBox& placed = sections.boxes[i];
    if (placed.computed) {
      clip_to_slab(placed, slab, [&](const StridedCopy& part) {
        if (done) done = compute_part(*placed.computed, part, source, buffer.data(), scratch);
      });
      continue;
    }
    if (placed.box->source == BoxCopy::zero) {
      clip_to_slab(placed, slab, [&](const StridedCopy& part) { fill_zero(part, buffer.data()); });
      continue;
    }
    const ByteRange& stored = stored_bytes(source.index().tensors()[placed.box->source], placed.box->piece);
    const ReadSource read = [&](std::uint64_t offset, std::span<std::byte> out) {
      return source.read(stored.file, stored.offset + offset, out);
    };
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
