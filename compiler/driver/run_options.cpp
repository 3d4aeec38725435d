#include "compiler/driver/run_options.h"

#include <algorithm>
#include <thread>

#include "compiler/driver/byte_size.h"

namespace omap::driver {
namespace {

/// More do not help: from here on the storage or the memory bus is the limit.
constexpr unsigned max_default_threads = 4;

}  // namespace

std::optional<RunOptions> run_options(const Resources& resources) {
  RunOptions options;
  options.threads =
      resources.threads.value_or(std::clamp(std::thread::hardware_concurrency(), 1u, max_default_threads));
  if (resources.memory) {
    const auto bytes = parse_byte_size(*resources.memory);
    if (!bytes) return std::nullopt;
    options.memory = *bytes;
  }
  return options;
}

}  // namespace omap::driver
