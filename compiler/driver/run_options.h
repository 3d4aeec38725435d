#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "runtime/run/run.h"

namespace omap::driver {

/// What a command may use of the machine, as the user said it.
struct Resources {
  std::optional<unsigned> threads;    ///< one for each processor without it, four at most
  std::optional<std::string> memory;  ///< for buffers, `64MB`; see RunOptions
};

/// The error is what is wrong with them, for `Console::refuse_usage`. Where no threads are asked for, there are as many
/// as the memory is enough for.
[[nodiscard]] tl::expected<RunOptions, std::string> run_options(const Resources& resources);

}  // namespace omap::driver
