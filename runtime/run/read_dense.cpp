#include "runtime/run/read_dense.h"

#include <vector>

#include "runtime/copy/clip.h"
#include "runtime/run/gather.h"

namespace omap {
namespace {

constexpr std::size_t scratch_bytes = 64 << 10;

/// Moves a piece to its place in the dense tensor.
StridedCopy place_piece(const TensorInfo& tensor, const TensorPiece& piece) {
  const std::uint64_t element = bits(tensor.dtype) / 8;
  const auto bytes = [&](std::int64_t elements) { return static_cast<std::uint64_t>(elements) * element; };
  const auto strides = piece.strides.empty() ? dense_strides(piece.sizes) : piece.strides;
  const auto dense = dense_strides(tensor.shape);
  StridedCopy copy;
  copy.run_bytes = element;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    copy.dst_offset += bytes(piece.offsets[d] * dense[d]);
    copy.dims.push_back({static_cast<std::uint64_t>(piece.sizes[d]), bytes(strides[d]), bytes(dense[d])});
  }
  normalize(copy);
  return copy;
}

Result<void> read_piece(const CheckpointReader& reader, const TensorInfo& tensor, const TensorPiece& piece,
                        std::uint64_t offset, std::span<std::byte> out, std::span<std::byte> scratch) {
  const ReadSource read = [&](std::uint64_t from, std::span<std::byte> bytes) {
    return reader.read(piece.bytes.file, piece.bytes.offset + from, bytes);
  };
  Result<void> done;
  clip(place_piece(tensor, piece), offset, offset + out.size(), [&](StridedCopy part) {
    part.dst_offset -= offset;
    if (done) done = gather(part, read, out.data(), scratch);
  });
  return done;
}

}  // namespace

Result<void> read_dense(const CheckpointReader& reader, const TensorInfo& tensor, std::uint64_t offset,
                        std::span<std::byte> out) {
  if (out.empty()) return {};
  if (tensor.pieces.empty() && tensor.strides.empty()) {
    return reader.read(tensor.bytes.file, tensor.bytes.offset + offset, out);
  }
  std::vector<std::byte> scratch(scratch_bytes);
  if (tensor.pieces.empty()) {
    const TensorPiece whole{std::vector<std::int64_t>(tensor.shape.size()), tensor.shape, tensor.bytes, tensor.strides};
    return read_piece(reader, tensor, whole, offset, out, scratch);
  }
  for (const TensorPiece& piece : tensor.pieces) {
    if (auto done = read_piece(reader, tensor, piece, offset, out, scratch); !done) return done;
  }
  return {};
}

}  // namespace omap
