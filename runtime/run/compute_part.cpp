#include "runtime/run/compute_part.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/copy/clip.h"
#include "runtime/copy/copy_kernel.h"

namespace omap {
namespace {

/// The same copy read backwards. A dense source nests as a destination does, so that `clip` cuts it by source bytes.
StridedCopy swapped(StridedCopy copy) {
  std::swap(copy.src_offset, copy.dst_offset);
  for (CopyDim& dim : copy.dims) std::swap(dim.src_stride, dim.dst_stride);
  return copy;
}

/// Elements [first, last) of a box, and where they lie while they are computed.
class Chunk {
 public:
  Chunk(const ComputedBox& box, const MoveInput& move, std::span<std::byte> staging, const LieInMemory& in_memory)
      : box_(box), move_(move), staging_(staging), in_memory_(in_memory) {
    element_bytes_ = bits(box.computation.destination) / 8;
    if (box.computation.source) element_bytes_ += bits(*box.computation.source) / 8;
    for (const Dtype operand : box.computation.operands) element_bytes_ += bits(operand) / 8;
  }

  [[nodiscard]] std::uint64_t elements() const { return staging_.size() / element_bytes_; }

  /// The results, densely: at `results`, or in the staging.
  Result<std::span<const std::byte>> compute(std::uint64_t first, std::uint64_t last, std::byte* results) {
    std::uint64_t used = 0;
    const auto take = [&](Dtype dtype) {
      const std::uint64_t size = (last - first) * bits(dtype) / 8;
      used += size;
      return staging_.subspan(used - size, size);
    };
    const auto input = [&](Dtype dtype, const ComputedBox::Input& from) -> Result<std::span<const std::byte>> {
      const std::uint64_t size = bits(dtype) / 8;
      if (const auto there = lies(from, first * size, last * size)) return *there;
      const std::span<std::byte> taken = take(dtype);
      if (auto done = fill(from, size, first, last, taken); !done) return fail(std::move(done.error()));
      return taken;
    };
    const Computation& computation = box_.computation;
    std::span<const std::byte> source;
    if (computation.source) {
      const auto taken = input(*computation.source, *box_.source);
      if (!taken) return fail(taken.error());
      source = *taken;
    }
    std::vector<std::span<const std::byte>> operands;
    for (std::size_t i = 0; i < computation.operands.size(); ++i) {
      const auto taken = input(computation.operands[i], box_.operands[i]);
      if (!taken) return fail(taken.error());
      operands.push_back(*taken);
    }
    const std::uint64_t bytes = (last - first) * bits(computation.destination) / 8;
    const std::span<std::byte> made = results ? std::span(results, bytes) : take(computation.destination);
    omap::compute(computation, source, operands, made);
    return made;
  }

 private:
  /// The bytes [begin, end) of an input that one run of a source in memory holds.
  [[nodiscard]] std::optional<std::span<const std::byte>> lies(const ComputedBox::Input& input, std::uint64_t begin,
                                                               std::uint64_t end) const {
    const std::byte* const memory = in_memory_ ? in_memory_(input.source) : nullptr;
    if (!memory) return std::nullopt;
    for (const StridedCopy& copy : input.copies) {
      if (copy.dims.empty() && copy.dst_offset <= begin && end <= copy.dst_offset + copy.run_bytes) {
        return std::span(memory + copy.src_offset + (begin - copy.dst_offset), end - begin);
      }
    }
    return std::nullopt;
  }

  Result<void> fill(const ComputedBox::Input& input, std::uint64_t size, std::uint64_t first, std::uint64_t last,
                    std::span<std::byte> out) {
    Result<void> done;
    for (std::size_t i = 0; i < input.copies.size(); ++i) {
      const std::uint32_t piece = input.pieces.empty() ? 0 : input.pieces[i];
      clip(input.copies[i], first * size, last * size, [&](StridedCopy part) {
        part.dst_offset -= first * size;
        if (done) done = move_(input.source, piece, part, out.data());
      });
    }
    return done;
  }

  const ComputedBox& box_;
  const MoveInput& move_;
  std::span<std::byte> staging_;
  const LieInMemory& in_memory_;
  std::uint64_t element_bytes_ = 0;
};

}  // namespace

Result<void> compute_part(const ComputedBox& box, const StridedCopy& part, const MoveInput& move, std::byte* dst,
                          std::span<std::byte> staging, const LieInMemory& in_memory) {
  Chunk chunk(box, move, staging, in_memory);
  const std::uint64_t size = bits(box.computation.destination) / 8;
  const std::uint64_t end = (src_end(part) + size - 1) / size;
  const bool dense = part.dims.empty() && part.src_offset % size == 0 && part.run_bytes % size == 0;
  const StridedCopy by_element = swapped(part);
  for (std::uint64_t first = part.src_offset / size; first < end; first += chunk.elements()) {
    const std::uint64_t last = std::min(end, first + chunk.elements());
    std::byte* const in_place = dense ? dst + part.dst_offset + (first * size - part.src_offset) : nullptr;
    const auto results = chunk.compute(first, last, in_place);
    if (!results) return fail(results.error());
    if (dense) continue;
    clip(by_element, first * size, last * size, [&](const StridedCopy& piece) {
      StridedCopy scatter = swapped(piece);
      scatter.src_offset -= first * size;
      execute(scatter, results->data(), dst);
    });
  }
  return {};
}

}  // namespace omap
