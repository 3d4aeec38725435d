#pragma once

#include <optional>
#include <string>

#include "runtime/run/run.h"

namespace omap::driver {

/// What a command may use of the machine, as the user said it.
struct Resources {
  std::optional<unsigned> threads;    ///< one for each processor without it, four at most
  std::optional<std::string> memory;  ///< for buffers, `64MB`; see RunOptions
};

/// Nothing if the memory is no size.
[[nodiscard]] std::optional<RunOptions> run_options(const Resources& resources);

}  // namespace omap::driver
