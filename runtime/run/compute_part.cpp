#include "runtime/run/compute_part.h"

#include <algorithm>
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
  Chunk(const ComputedBox& box, const MoveInput& move, std::span<std::byte> staging)
      : box_(box), move_(move), staging_(staging) {
    element_bytes_ = bits(box.computation.destination) / 8;
    if (box.computation.source) element_bytes_ += bits(*box.computation.source) / 8;
    for (const Dtype operand : box.computation.operands) element_bytes_ += bits(operand) / 8;
  }

  [[nodiscard]] std::uint64_t elements() const { return staging_.size() / element_bytes_; }

  /// The results, densely.
  Result<std::span<const std::byte>> compute(std::uint64_t first, std::uint64_t last) {
    std::uint64_t used = 0;
    const auto take = [&](Dtype dtype) {
      const std::uint64_t size = (last - first) * bits(dtype) / 8;
      used += size;
      return staging_.subspan(used - size, size);
    };
    const Computation& computation = box_.computation;
    std::span<std::byte> source;
    if (computation.source) {
      source = take(*computation.source);
      if (auto done = fill(*box_.source, bits(*computation.source) / 8, first, last, source); !done) {
        return fail(std::move(done.error()));
      }
    }
    std::vector<std::span<const std::byte>> operands;
    for (std::size_t i = 0; i < computation.operands.size(); ++i) {
      const Dtype dtype = computation.operands[i];
      const std::span<std::byte> operand = take(dtype);
      if (auto done = fill(box_.operands[i], bits(dtype) / 8, first, last, operand); !done) {
        return fail(std::move(done.error()));
      }
      operands.push_back(operand);
    }
    const std::span<std::byte> results = take(computation.destination);
    omap::compute(computation, source, operands, results);
    return results;
  }

 private:
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
  std::uint64_t element_bytes_ = 0;
};

}  // namespace

Result<void> compute_part(const ComputedBox& box, const StridedCopy& part, const MoveInput& move, std::byte* dst,
                          std::span<std::byte> staging) {
  Chunk chunk(box, move, staging);
  const std::uint64_t size = bits(box.computation.destination) / 8;
  const std::uint64_t end = (src_end(part) + size - 1) / size;
  const StridedCopy by_element = swapped(part);
  for (std::uint64_t first = part.src_offset / size; first < end; first += chunk.elements()) {
    const std::uint64_t last = std::min(end, first + chunk.elements());
    const auto results = chunk.compute(first, last);
    if (!results) return fail(results.error());
    clip(by_element, first * size, last * size, [&](const StridedCopy& piece) {
      StridedCopy scatter = swapped(piece);
      scatter.src_offset -= first * size;
      execute(scatter, results->data(), dst);
    });
  }
  return {};
}

}  // namespace omap
