#include "runtime/bind/cut_copies.h"

#include <doctest/doctest.h>

#include <numeric>

#include "tests/unit/random_program.h"

using namespace omap;

namespace {

using Sizes = std::vector<std::int64_t>;

/// Cuts a box into pieces, along one axis after another.
void add_pieces(Draw& draw, Sizes offsets, Sizes sizes, std::vector<TensorPiece>& pieces) {
  const std::size_t axis = draw.from(0, sizes.size() - 1);
  if (sizes[axis] < 2 || draw.once_in(3)) {
    pieces.push_back({offsets, sizes, {}, {}});
    return;
  }
  const auto cut = static_cast<std::int64_t>(draw.from(1, static_cast<std::uint64_t>(sizes[axis] - 1)));
  const std::int64_t rest = sizes[axis] - cut;
  sizes[axis] = cut;
  add_pieces(draw, offsets, sizes, pieces);
  offsets[axis] += cut;
  sizes[axis] = rest;
  add_pieces(draw, offsets, sizes, pieces);
}

/// Dense, with its axes stored in some other order.
Sizes shuffled_strides(Draw& draw, const Sizes& sizes) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  draw.shuffle(order);
  Sizes strides(sizes.size());
  std::int64_t stride = 1;
  for (const std::size_t axis : order) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return strides;
}

/// Where each byte of a piece lies in the dense tensor.
std::vector<std::uint64_t> places_in_tensor(const TensorInfo& tensor, const TensorPiece& piece, std::uint64_t element) {
  const Sizes strides = piece.strides.empty() ? dense_strides(piece.sizes) : piece.strides;
  const Sizes dense = dense_strides(tensor.shape);
  std::vector<std::uint64_t> places(elements(piece.sizes) * element);
  for_each_index(piece.sizes, [&](const Sizes& index) {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    for (std::size_t d = 0; d < index.size(); ++d) {
      from += static_cast<std::uint64_t>(index[d] * strides[d]) * element;
      to += static_cast<std::uint64_t>((piece.offsets[d] + index[d]) * dense[d]) * element;
    }
    for (std::uint64_t b = 0; b < element; ++b) places[from + b] = to + b;
  });
  return places;
}

/// A copy as rules make them: of each dimension an interval, seen as a product of axes, in any order in the
/// destination; sometimes it is repeated.
StridedCopy random_copy_of(Draw& draw, const TensorInfo& tensor, std::uint64_t element) {
  const Sizes dense = dense_strides(tensor.shape);
  StridedCopy copy;
  copy.run_bytes = element;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const auto stride = static_cast<std::uint64_t>(dense[d]) * element;
    const auto size = static_cast<std::uint64_t>(tensor.shape[d]);
    std::uint64_t extent = draw.once_in(3) ? draw.from(1, size) : size;
    copy.src_offset += draw.from(0, size - extent) * stride;
    std::uint64_t step = 1;
    for (const std::uint64_t factor : {2U, 3U, 2U}) {
      if (extent % factor != 0 || draw.once_in(2)) continue;
      copy.dims.push_back({factor, step * stride, 0});
      step *= factor;
      extent /= factor;
    }
    copy.dims.push_back({extent, step * stride, 0});
  }
  if (draw.once_in(4)) copy.dims.push_back({draw.from(2, 3), 0, 0});
  if (draw.once_in(2)) draw.shuffle(copy.dims);
  if (draw.once_in(2)) std::ranges::stable_sort(copy.dims, {}, &CopyDim::src_stride);
  std::uint64_t span = element;
  for (CopyDim& dim : copy.dims) {
    dim.dst_stride = span;
    span *= dim.extent;
  }
  copy.dst_offset = draw.from(0, 5) * element;
  normalize(copy);
  return copy;
}

}  // namespace

TEST_CASE("a copy cut by pieces moves the same bytes") {
  Draw draw(20260101);
  std::size_t cut_in_several = 0;
  for (int round = 0; round < 20'000; ++round) {
    CAPTURE(round);
    TensorInfo tensor;
    tensor.dtype = draw.once_in(2) ? Dtype::f32 : Dtype::u8;
    const std::uint64_t element = bits(tensor.dtype) / 8;
    for (std::uint64_t rank = draw.from(1, 4); rank > 0; --rank) {
      tensor.shape.push_back(static_cast<std::int64_t>(draw.once_in(6) ? 1 : draw.from(2, 12)));
    }
    add_pieces(draw, Sizes(tensor.shape.size()), tensor.shape, tensor.pieces);
    for (TensorPiece& piece : tensor.pieces) {
      if (draw.once_in(3)) piece.strides = shuffled_strides(draw, piece.sizes);
    }
    const StridedCopy copy = random_copy_of(draw, tensor, element);
    const std::vector<PieceCopy> cut = cut_by_pieces(copy, tensor);
    if (cut.size() > tensor.pieces.size()) ++cut_in_several;
    std::vector<ByteMove> moves;
    for (const PieceCopy& part : cut) {
      CHECK(is_normal(part.copy));
      const auto places = places_in_tensor(tensor, tensor.pieces[part.piece], element);
      std::vector<ByteMove> of_piece;
      append_moves(part.copy, of_piece);
      for (const ByteMove& move : of_piece) {
        REQUIRE(move.src < places.size());
        moves.push_back({move.dst, places[move.src]});
      }
    }
    REQUIRE(sorted(std::move(moves)) == moves_of(copy));
  }
  CHECK(cut_in_several > 100);
}

TEST_CASE("pieces along rows are one run each, and those that a copy does not meet are left alone") {
  TensorInfo tensor{"w", Dtype::f32, {8, 3}, {}, {}, {}};
  for (std::int64_t row = 0; row < 8; row += 2) tensor.pieces.push_back({{row, 0}, {2, 3}, {}, {}});
  const auto all = cut_by_pieces(StridedCopy{0, 0, 96, {}}, tensor);
  REQUIRE(all.size() == 4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    CHECK(all[i].piece == i);
    CHECK(all[i].copy == StridedCopy{0, 24 * i, 24, {}});
  }
  const auto rows = cut_by_pieces(StridedCopy{36, 4, 24, {}}, tensor);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].piece == 1);
  CHECK(rows[0].copy == StridedCopy{12, 4, 12, {}});
  CHECK(rows[1].piece == 2);
  CHECK(rows[1].copy == StridedCopy{0, 16, 12, {}});
}
