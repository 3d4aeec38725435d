#include "runtime/checkpoint/tensor_pieces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace omap {
namespace {

using Sizes = std::vector<std::int64_t>;

std::string spell(const Sizes& sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

bool lies_in(const TensorPiece& piece, const Sizes& shape) {
  if (piece.offsets.size() != shape.size() || piece.sizes.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (piece.offsets[i] < 0 || piece.sizes[i] < 0 || piece.offsets[i] > shape[i]) return false;
    if (piece.sizes[i] > shape[i] - piece.offsets[i]) return false;
  }
  return true;
}

bool overlap(const TensorPiece& a, const TensorPiece& b) {
  for (std::size_t i = 0; i < a.sizes.size(); ++i) {
    if (a.offsets[i] + a.sizes[i] <= b.offsets[i] || b.offsets[i] + b.sizes[i] <= a.offsets[i]) return false;
  }
  return true;
}

/// The dimension along which the most pieces begin apart: only neighbours along it are compared.
std::size_t widest_dimension(const std::vector<TensorPiece>& pieces, std::size_t rank) {
  std::size_t widest = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    std::set<std::int64_t> begins;
    for (const TensorPiece& piece : pieces) begins.insert(piece.offsets[i]);
    if (begins.size() > most) {
      most = begins.size();
      widest = i;
    }
  }
  return widest;
}

/// Two pieces with an element in common. `pieces` is put in order.
const TensorPiece* find_overlap(std::vector<TensorPiece>& pieces, std::size_t rank) {
  if (rank == 0) return pieces.size() > 1 ? &pieces[1] : nullptr;
  const std::size_t along = widest_dimension(pieces, rank);
  std::ranges::sort(pieces, {},
                    [&](const TensorPiece& piece) { return std::pair(piece.offsets[along], piece.offsets); });
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::int64_t end = pieces[i].offsets[along] + pieces[i].sizes[along];
    for (std::size_t k = i + 1; k < pieces.size() && pieces[k].offsets[along] < end; ++k) {
      if (overlap(pieces[i], pieces[k])) return &pieces[k];
    }
  }
  return nullptr;
}

}  // namespace

tl::expected<TensorInfo, std::string> assemble_tensor(std::string key, Dtype dtype, Sizes shape,
                                                      std::vector<TensorPiece> pieces) {
  const auto count = element_count(shape);
  if (!count || !byte_count(dtype, shape)) {
    return tl::unexpected(fmt::format("`{}` has the shape {}, too large", key, spell(shape)));
  }
  for (const TensorPiece& piece : pieces) {
    if (lies_in(piece, shape)) continue;
    return tl::unexpected(fmt::format("a piece of `{}` has the sizes {} at {}, outside its shape {}", key,
                                      spell(piece.sizes), spell(piece.offsets), spell(shape)));
  }
  std::erase_if(pieces, [](const TensorPiece& piece) { return element_count(piece.sizes) == 0; });
  if (const TensorPiece* const second = find_overlap(pieces, shape.size())) {
    return tl::unexpected(fmt::format("two pieces of `{}` overlap: one is at {}", key, spell(second->offsets)));
  }
  std::int64_t held = 0;
  for (const TensorPiece& piece : pieces) held += *element_count(piece.sizes);
  if (held != *count) {
    return tl::unexpected(
        fmt::format("the pieces of `{}` have {} of the {} elements of its shape {}", key, held, *count, spell(shape)));
  }
  if (pieces.size() == 1) {
    return TensorInfo{std::move(key), dtype, std::move(shape), pieces[0].bytes, std::move(pieces[0].strides), {}};
  }
  return TensorInfo{std::move(key), dtype, std::move(shape), {}, {}, std::move(pieces)};
}

}  // namespace omap
