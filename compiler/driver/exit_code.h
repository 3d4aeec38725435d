#pragma once

#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// What olmoc returns to the shell (docs/program.md).
enum ExitCode : int {
  done = 0,
  wrong_input = 1,  ///< of `diff` and `verify`: the checkpoints differ
  wrong_usage = 2,
  system_failed = 3,
};

/// `system_failed` if the machine is to blame for an error, `wrong_input` for any other error, else `done`.
[[nodiscard]] ExitCode exit_code(const Diagnostics& diagnostics);

}  // namespace omap::driver
