#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "diagnostics/diagnostic.h"

namespace omap {

/// How a state is converted. The defaults make new tensors, each on the device of its sources, and leave the sources
/// alone.
struct ConvertOptions {
  enum class Views : std::uint8_t {
    never,    ///< every destination is memory of its own
    allowed,  ///< a destination that can be seen in one source is a view of it: no memory, no copy
  };
  Views views = Views::never;

  /// Frees each source when its last use is done, so that beside the state no more is held than one
  /// destination a thread, and one more; a source that is only renamed hands its memory over, and nothing is copied.
  /// Takes effect for tensors that nobody else holds: give the state away, `convert(std::move(state), ...)`.
  bool release_sources = false;

  /// What the model is cast to, in the same pass: destinations that would have the state's own dtype, the float that
  /// most of its bytes are (`ModelCast`). Others stay as they are: integers, floats that differ from the model's, and
  /// what the mapping stores `as` a dtype. One that omap casts to: float32, bfloat16, half, double, or a float of 8
  /// bits.
  std::optional<c10::ScalarType> dtype = {};

  /// Where the destinations go. Without it, to the device that all sources of a destination are on.
  std::optional<c10::Device> device = {};

  /// Threads that move bytes on the CPU; 0: as many as the machine has, up to 8.
  unsigned threads = 0;

  /// Where copies on its device are put; on other devices, and without it, on their current streams. It waits for what
  /// was put on the current stream of its device before, and sources are not given back before it has read them. What
  /// is put there may still run when `convert` returns, as with any operation of LibTorch: whoever reads the results on
  /// another stream has that one wait.
  std::optional<c10::Stream> stream = {};

  /// Called now and then, from one thread at a time, with the bytes that are done and all bytes. May be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};

  /// Asks a conversion to stop: it then gives OM7005.
  std::stop_token stop = {};

  /// Gets what is worth knowing and no error: values that are rounded, defaults that were taken. May be empty.
  std::function<void(const Diagnostic&)> note = {};
};

}  // namespace omap
