#pragma once

#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>

#include <optional>
#include <span>
#include <vector>

namespace omap {

/// Makes a stream, if one is given, the current one of its device for as long as it lives, in this thread. What is put
/// there waits for what was put on the stream that was current before.
class StreamScope {
 public:
  explicit StreamScope(const std::optional<c10::Stream>& stream);

 private:
  c10::OptionalStreamGuard guard_;
};

/// The current streams of devices, in this thread: a worker makes them its own by c10::MultiStreamGuard.
[[nodiscard]] std::vector<c10::Stream> current_streams(std::span<const c10::Device> devices);

/// A device with its index: the current one of its kind where none is given. The CPU and `meta` have none.
[[nodiscard]] c10::Device with_index(c10::Device device);

}  // namespace omap
