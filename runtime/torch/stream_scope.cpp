#include "runtime/torch/stream_scope.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

namespace omap {
namespace {

bool has_streams(c10::Device device) { return !device.is_cpu() && !device.is_meta(); }

}  // namespace

StreamScope::StreamScope(const std::optional<c10::Stream>& stream) {
  if (!stream) return;
  if (has_streams(stream->device())) {
    const c10::Stream before = c10::impl::VirtualGuardImpl(stream->device_type()).getStream(stream->device());
    if (before != *stream) {
      c10::Event event(stream->device_type());
      event.record(before);
      event.block(*stream);
    }
  }
  guard_.reset_stream(*stream);
}

std::vector<c10::Stream> current_streams(std::span<const c10::Device> devices) {
  std::vector<c10::Stream> streams;
  for (const c10::Device device : devices) {
    if (!has_streams(device)) continue;
    const bool known =
        std::ranges::any_of(streams, [&](const c10::Stream& stream) { return stream.device() == device; });
    if (!known) streams.push_back(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }
  return streams;
}

c10::Device with_index(c10::Device device) {
  if (!has_streams(device)) return c10::Device(device.type());
  return device.has_index() ? device : c10::impl::VirtualGuardImpl(device.type()).getDevice();
}

}  // namespace omap
