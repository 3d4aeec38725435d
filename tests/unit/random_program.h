#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/tensor_index.h"
#include "tests/unit/random_copy.h"

namespace omap {

/// A tensor in memory. `info.bytes.size` is set, its place in a file is not.
struct MadeTensor {
  TensorInfo info;
  std::vector<std::byte> bytes;
};

/// A program, the sources that it reads, and what every destination has to hold.
struct MadeProgram {
  CopyProgram program;
  std::vector<MadeTensor> sources;
  std::vector<std::vector<std::byte>> wanted;

  [[nodiscard]] std::vector<OutputTensor> outputs() const {
    std::vector<OutputTensor> tensors;
    for (const Destination& made : program.destinations) tensors.push_back({made.key, made.dtype, made.shape});
    return tensors;
  }
};

inline std::uint64_t elements(const std::vector<std::int64_t>& shape) {
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) product *= static_cast<std::uint64_t>(extent);
  return product;
}

inline MadeTensor random_tensor(Draw& draw, std::string key, Dtype dtype, std::vector<std::int64_t> shape) {
  MadeTensor made{{std::move(key), dtype, std::move(shape), {}}, {}};
  made.bytes.resize(elements(made.info.shape) * bits(dtype) / 8);
  for (std::byte& byte : made.bytes) byte = static_cast<std::byte>(draw.from(0, 255));
  made.info.bytes.size = made.bytes.size();
  return made;
}

/// Calls `visit(index)` for every index of a shape, row-major.
template <class Visit>
void for_each_index(const std::vector<std::int64_t>& shape, const Visit& visit) {
  if (elements(shape) == 0) return;
  std::vector<std::int64_t> index(shape.size());
  for (;;) {
    visit(index);
    std::size_t k = index.size();
    while (k > 0 && ++index[k - 1] == shape[k - 1]) index[--k] = 0;
    if (k == 0) return;
  }
}

inline std::vector<std::uint64_t> row_major_strides(const std::vector<std::int64_t>& shape, std::uint64_t bytes) {
  std::vector<std::uint64_t> strides(shape.size());
  for (std::size_t k = shape.size(); k-- > 0;) {
    strides[k] = bytes;
    bytes *= static_cast<std::uint64_t>(shape[k]);
  }
  return strides;
}

/// One box of a destination: `origin` and `shape` in it. Its source, if not zero, has the axes in another order, may
/// lack some, and may be larger than the box.
inline void add_random_box(Draw& draw, MadeProgram& made, const std::vector<std::int64_t>& origin,
                           const std::vector<std::int64_t>& shape) {
  Destination& destination = made.program.destinations.back();
  std::vector<std::byte>& wanted = made.wanted.back();
  const std::uint64_t bytes = bits(destination.dtype) / 8;
  const std::vector<std::uint64_t> dst_strides = row_major_strides(destination.shape, bytes);
  BoxCopy box;
  box.copy.run_bytes = bytes;

  std::vector<std::size_t> order(shape.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  if (!draw.once_in(4)) draw.shuffle(order);
  std::erase_if(order, [&](std::size_t) { return draw.once_in(12); });
  std::vector<std::int64_t> src_shape;
  std::vector<std::uint64_t> src_origin;
  for (const std::size_t k : order) {
    const std::uint64_t before = draw.once_in(5) ? draw.from(1, 3) : 0;
    const std::uint64_t behind = draw.once_in(5) ? draw.from(1, 3) : 0;
    src_origin.push_back(before);
    src_shape.push_back(shape[k] + static_cast<std::int64_t>(before + behind));
  }
  const bool zero = draw.once_in(12);
  const std::vector<std::uint64_t> strides = row_major_strides(src_shape, bytes);
  std::vector<std::uint64_t> src_strides(shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    src_strides[order[i]] = strides[i];
    box.copy.src_offset += src_origin[i] * strides[i];
  }
  for (std::size_t k = 0; k < shape.size(); ++k) {
    box.copy.dst_offset += static_cast<std::uint64_t>(origin[k]) * dst_strides[k];
    box.copy.dims.push_back({static_cast<std::uint64_t>(shape[k]), src_strides[k], dst_strides[k]});
  }
  if (!zero) {
    box.source = static_cast<std::uint32_t>(made.sources.size());
    made.sources.push_back(random_tensor(draw, fmt::format("s{}", made.sources.size()), destination.dtype, src_shape));
  }

  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    std::uint64_t dst = box.copy.dst_offset;
    std::uint64_t src = box.copy.src_offset;
    for (std::size_t k = 0; k < index.size(); ++k) {
      dst += static_cast<std::uint64_t>(index[k]) * dst_strides[k];
      src += static_cast<std::uint64_t>(index[k]) * src_strides[k];
    }
    if (!zero) std::memcpy(&wanted[dst], &made.sources.back().bytes[src], bytes);
  });
  normalize(box.copy);
  destination.boxes.push_back(std::move(box));
}

/// Cuts a box along one axis into up to three, and some of those again.
inline void add_random_boxes(Draw& draw, MadeProgram& made, std::vector<std::int64_t> origin,
                             std::vector<std::int64_t> shape) {
  if (shape.empty()) return add_random_box(draw, made, origin, shape);
  const std::size_t axis = draw.from(0, shape.size() - 1);
  auto left = static_cast<std::uint64_t>(shape[axis]);
  for (std::uint64_t pieces = draw.from(1, 3); pieces > 0; --pieces) {
    const std::uint64_t extent = pieces == 1 ? left : draw.from(0, left);
    shape[axis] = static_cast<std::int64_t>(extent);
    if (draw.once_in(5)) {
      add_random_boxes(draw, made, origin, shape);
    } else {
      add_random_box(draw, made, origin, shape);
    }
    origin[axis] += shape[axis];
    left -= extent;
  }
}

/// A destination whose extents multiply to about `size` at most.
inline void add_random_destination(Draw& draw, MadeProgram& made, std::uint64_t size) {
  constexpr Dtype dtypes[] = {Dtype::u8, Dtype::bf16, Dtype::f32, Dtype::i64};
  Destination destination;
  destination.key = fmt::format("d{}", made.program.destinations.size());
  destination.dtype = dtypes[draw.from(0, 3)];
  for (std::uint64_t rank = draw.from(0, 4); rank > 0; --rank) {
    const std::uint64_t most = rank == 1 ? size : std::min<std::uint64_t>(size, 40);
    const std::uint64_t extent = draw.once_in(30) ? 0 : draw.from(1, most);
    destination.shape.push_back(static_cast<std::int64_t>(extent));
    size = std::max<std::uint64_t>(1, size / std::max<std::uint64_t>(1, extent));
  }
  draw.shuffle(destination.shape);
  destination.bytes = elements(destination.shape) * bits(destination.dtype) / 8;
  made.wanted.emplace_back(destination.bytes);
  made.program.destinations.push_back(destination);
  add_random_boxes(draw, made, std::vector<std::int64_t>(destination.shape.size()), destination.shape);
  draw.shuffle(made.program.destinations.back().boxes);
}

}  // namespace omap
