#include "compiler/driver/run_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "compiler/driver/byte_size.h"
#include "runtime/run/slab.h"

namespace omap::driver {
namespace {

/// More do not help: from here on the storage or the memory bus is the limit.
constexpr unsigned max_default_threads = 4;

}  // namespace

tl::expected<RunOptions, std::string> run_options(const Resources& resources) {
  RunOptions options;
  options.threads =
      resources.threads.value_or(std::clamp(std::thread::hardware_concurrency(), 1u, max_default_threads));
  if (!resources.memory) return options;
  const auto bytes = parse_byte_size(*resources.memory);
  if (!bytes) {
    return tl::unexpected(
        fmt::format("`--memory` takes a size such as `64MiB`, `64MB` or `1GB`, not `{}`", *resources.memory));
  }
  options.memory = *bytes;
  const std::uint64_t enough_for = *bytes / min_memory_a_thread;
  if (!resources.threads && enough_for > 0) {
    options.threads = static_cast<unsigned>(std::min<std::uint64_t>(options.threads, enough_for));
  }
  const unsigned needed = resources.threads.value_or(1);
  if (enough_for >= needed) return options;
  return tl::unexpected(fmt::format("`--memory {}` is too little: it takes `{}MiB` at least{}", *resources.memory,
                                    needed * (min_memory_a_thread >> 20),
                                    needed > 1 ? fmt::format(", for {} threads", needed) : ""));
}

}  // namespace omap::driver
