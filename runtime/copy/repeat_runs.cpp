#include "runtime/copy/repeat_runs.h"

#include <algorithm>
#include <cstring>

#include "runtime/copy/simd_targets.h"
#include "runtime/copy/stream_bytes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/repeat_runs.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

/// Fills `total` bytes, at least a register, with registers that hold an element of `element_bytes` over and over. The
/// last one is moved back to end with them: by whole elements, as both sizes are multiples of one.
template <class Tag>
HWY_INLINE void fill_registers(Tag bytes, hn::Vec<Tag> pattern, std::uint64_t element_bytes, std::uint64_t total,
                               bool streaming, std::uint8_t* dst) {
  const std::uint64_t step = hn::Lanes(bytes);
  const std::uint64_t lead = (step - reinterpret_cast<std::uintptr_t>(dst) % step) % step;
  std::uint64_t at = 0;
  if (streaming && lead % element_bytes == 0) {
    hn::StoreU(pattern, bytes, dst);
    for (at = lead; at + step <= total; at += step) hn::Stream(pattern, bytes, dst + at);
  } else {
    for (; at + step <= total; at += step) hn::StoreU(pattern, bytes, dst + at);
  }
  if (at < total) hn::StoreU(pattern, bytes, dst + (total - step));
}

template <class Lane>
void repeat_elements(const CopyDim& outer, std::uint64_t times, bool streaming, const std::byte* src, std::byte* dst) {
  const hn::ScalableTag<std::uint8_t> bytes;
  const hn::FixedTag<std::uint8_t, 16> few_bytes;
  const std::uint64_t total = times * sizeof(Lane);
  for (std::uint64_t i = 0; i < outer.extent; ++i) {
    Lane element;
    std::memcpy(&element, src + i * outer.src_stride, sizeof(Lane));
    std::byte* const to = dst + i * outer.dst_stride;
    auto* const out = reinterpret_cast<std::uint8_t*>(to);
    if (total >= hn::Lanes(bytes)) {
      const auto pattern = hn::BitCast(bytes, hn::Set(hn::Repartition<Lane, decltype(bytes)>(), element));
      fill_registers(bytes, pattern, sizeof(Lane), total, streaming, out);
    } else if (total >= 16) {
      const auto pattern = hn::BitCast(few_bytes, hn::Set(hn::Repartition<Lane, decltype(few_bytes)>(), element));
      fill_registers(few_bytes, pattern, sizeof(Lane), total, false, out);
    } else {
      for (std::uint64_t k = 0; k < times; ++k) std::memcpy(to + k * sizeof(Lane), &element, sizeof(Lane));
    }
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

/// Whether there is a kernel for runs of this size.
bool repeat_here([[maybe_unused]] std::uint64_t run_bytes, [[maybe_unused]] const CopyDim& outer,
                 [[maybe_unused]] std::uint64_t times, [[maybe_unused]] bool streaming,
                 [[maybe_unused]] const std::byte* src, [[maybe_unused]] std::byte* dst) {
#if HWY_TARGET != HWY_SCALAR
  switch (run_bytes) {
    case 1:
      repeat_elements<std::uint8_t>(outer, times, streaming, src, dst);
      return true;
    case 2:
      repeat_elements<std::uint16_t>(outer, times, streaming, src, dst);
      return true;
    case 4:
      repeat_elements<std::uint32_t>(outer, times, streaming, src, dst);
      return true;
    case 8:
      repeat_elements<std::uint64_t>(outer, times, streaming, src, dst);
      return true;
    default:
      break;
  }
#endif
  return false;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {
namespace {

HWY_EXPORT(repeat_here);

/// What is there is doubled, up to a piece that stays in L1.
void repeat_run(std::uint64_t run_bytes, std::uint64_t times, bool streaming, const std::byte* src, std::byte* dst) {
  if (streaming && run_bytes >= 4096) {
    for (std::uint64_t i = 0; i < times; ++i) stream_bytes(run_bytes, src, dst + i * run_bytes);
    return;
  }
  const std::uint64_t piece = std::max<std::uint64_t>(4096 / run_bytes, 1) * run_bytes;
  const std::uint64_t total = run_bytes * times;
  std::memcpy(dst, src, run_bytes);
  for (std::uint64_t filled = run_bytes; filled < total;) {
    const std::uint64_t step = std::min({filled, piece, total - filled});
    std::memcpy(dst + filled, dst, step);
    filled += step;
  }
}

}  // namespace

void repeat_runs(std::uint64_t run_bytes, const CopyDim& outer, std::uint64_t times, bool streaming,
                 const std::byte* src, std::byte* dst) {
  if (!HWY_DYNAMIC_DISPATCH(repeat_here)(run_bytes, outer, times, streaming, src, dst)) {
    for (std::uint64_t i = 0; i < outer.extent; ++i) {
      repeat_run(run_bytes, times, streaming, src + i * outer.src_stride, dst + i * outer.dst_stride);
    }
  }
  if (streaming) end_stream();
}

}  // namespace omap
#endif
