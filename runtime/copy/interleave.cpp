#include "runtime/copy/interleave.h"

#include "runtime/copy/element_loops.h"
#include "runtime/copy/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/interleave.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

/// How many elements of each stream were moved, whole registers of them.
template <class Lane, std::size_t Streams>
std::uint64_t interleave_registers(const Interleave& shape, const std::byte* src, std::byte* dst) {
  const hn::ScalableTag<Lane> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto stream = [&](std::size_t k) { return reinterpret_cast<const Lane*>(src + k * shape.src_stride); };
  const Lane* const s0 = stream(0);
  const Lane* const s1 = stream(1);
  const Lane* const s2 = stream(Streams > 2 ? 2 : 0);
  const Lane* const s3 = stream(Streams > 3 ? 3 : 0);
  auto* const out = reinterpret_cast<Lane*>(dst);
  std::uint64_t i = 0;
  for (; i + lanes <= shape.count; i += lanes) {
    const auto a = hn::LoadU(d, s0 + i);
    const auto b = hn::LoadU(d, s1 + i);
    if constexpr (Streams == 2) {
      hn::StoreInterleaved2(a, b, d, out + i * 2);
    } else if constexpr (Streams == 3) {
      hn::StoreInterleaved3(a, b, hn::LoadU(d, s2 + i), d, out + i * 3);
    } else {
      hn::StoreInterleaved4(a, b, hn::LoadU(d, s2 + i), hn::LoadU(d, s3 + i), d, out + i * 4);
    }
  }
  return i;
}

template <class Lane, std::size_t Streams>
std::uint64_t deinterleave_registers(const Deinterleave& shape, const std::byte* src, std::byte* dst) {
  const hn::ScalableTag<Lane> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto* const in = reinterpret_cast<const Lane*>(src);
  // Whole registers read all streams: the elements behind the last that is kept are there but for the last round.
  const std::uint64_t readable = shape.kept == Streams ? shape.count : shape.count - 1;
  std::uint64_t i = 0;
  for (; i + lanes <= readable; i += lanes) {
    hn::Vec<decltype(d)> v[4];
    if constexpr (Streams == 2) {
      hn::LoadInterleaved2(d, in + i * 2, v[0], v[1]);
    } else if constexpr (Streams == 3) {
      hn::LoadInterleaved3(d, in + i * 3, v[0], v[1], v[2]);
    } else {
      hn::LoadInterleaved4(d, in + i * 4, v[0], v[1], v[2], v[3]);
    }
    for (std::size_t k = 0; k < Streams; ++k) {
      if (k < shape.kept) hn::StoreU(v[k], d, reinterpret_cast<Lane*>(dst + k * shape.dst_stride) + i);
    }
  }
  return i;
}

template <class Lane>
std::uint64_t interleave_streams(const Interleave& shape, const std::byte* src, std::byte* dst) {
  if (shape.streams == 2) return interleave_registers<Lane, 2>(shape, src, dst);
  if (shape.streams == 3) return interleave_registers<Lane, 3>(shape, src, dst);
  return interleave_registers<Lane, 4>(shape, src, dst);
}

template <class Lane>
std::uint64_t deinterleave_streams(const Deinterleave& shape, const std::byte* src, std::byte* dst) {
  if (shape.streams == 2) return deinterleave_registers<Lane, 2>(shape, src, dst);
  if (shape.streams == 3) return deinterleave_registers<Lane, 3>(shape, src, dst);
  return deinterleave_registers<Lane, 4>(shape, src, dst);
}

// Calls `move` with an unsigned number of an element's size.
template <class Move>
std::uint64_t with_lane(std::uint64_t element_bytes, const Move& move) {
  switch (element_bytes) {
    case 1:
      return move(std::uint8_t());
    case 2:
      return move(std::uint16_t());
    case 4:
      return move(std::uint32_t());
    default:
      return move(std::uint64_t());
  }
}

std::uint64_t interleave_here(const Interleave& shape, const std::byte* src, std::byte* dst) {
  return with_lane(shape.element_bytes, [&](auto lane) { return interleave_streams<decltype(lane)>(shape, src, dst); });
}

std::uint64_t deinterleave_here(const Deinterleave& shape, const std::byte* src, std::byte* dst) {
  return with_lane(shape.element_bytes,
                   [&](auto lane) { return deinterleave_streams<decltype(lane)>(shape, src, dst); });
}
#else
std::uint64_t interleave_here(const Interleave&, const std::byte*, std::byte*) { return 0; }
std::uint64_t deinterleave_here(const Deinterleave&, const std::byte*, std::byte*) { return 0; }
#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {

HWY_EXPORT(interleave_here);
HWY_EXPORT(deinterleave_here);

void interleave(const Interleave& shape, const std::byte* src, std::byte* dst) {
  const std::uint64_t done = HWY_DYNAMIC_DISPATCH(interleave_here)(shape, src, dst);
  const std::uint64_t size = shape.element_bytes, group = size * shape.streams;
  copy_in_order(size, {shape.streams, shape.src_stride, size}, {shape.count - done, size, group}, src + done * size,
                dst + done * group);
}

void deinterleave(const Deinterleave& shape, const std::byte* src, std::byte* dst) {
  const std::uint64_t done = HWY_DYNAMIC_DISPATCH(deinterleave_here)(shape, src, dst);
  const std::uint64_t size = shape.element_bytes, group = size * shape.streams;
  copy_in_order(size, {shape.kept, size, shape.dst_stride}, {shape.count - done, group, size}, src + done * group,
                dst + done * size);
}

}  // namespace omap
#endif
