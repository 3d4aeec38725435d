#include "runtime/copy/stream_bytes.h"

#include <algorithm>
#include <cstring>

#include "runtime/copy/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/stream_bytes.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

void stream_here(std::uint64_t bytes, const std::byte* src, std::byte* dst) {
#if HWY_TARGET == HWY_SCALAR
  std::memcpy(dst, src, bytes);
#else
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr std::uint64_t line = 64;
  const hn::CappedTag<std::uint8_t, line> d;
  const std::uint64_t lead = std::min(bytes, (line - reinterpret_cast<std::uintptr_t>(dst) % line) % line);
  std::memcpy(dst, src, lead);
  const auto* const from = reinterpret_cast<const std::uint8_t*>(src);
  auto* const to = reinterpret_cast<std::uint8_t*>(dst);
  std::uint64_t at = lead;
  for (; at + line <= bytes; at += line) {
    for (std::uint64_t part = 0; part < line; part += hn::Lanes(d)) {
      hn::Stream(hn::LoadU(d, from + at + part), d, to + at + part);
    }
  }
  std::memcpy(dst + at, src + at, bytes - at);
#endif
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {

HWY_EXPORT(stream_here);

void stream_bytes(std::uint64_t bytes, const std::byte* src, std::byte* dst) {
  if (bytes == 0) return;  // They may come with null, which `memcpy` does not take.
  HWY_DYNAMIC_DISPATCH(stream_here)(bytes, src, dst);
}

void end_stream() { hwy::FlushStream(); }

}  // namespace omap
#endif
