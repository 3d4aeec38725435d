#include "compiler/driver/exit_code.h"

namespace omap::driver {

ExitCode exit_code(const Diagnostics& diagnostics) {
  ExitCode code = done;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    if (info(diagnostic.code).fault == Fault::system) return system_failed;
    code = wrong_input;
  }
  return code;
}

}  // namespace omap::driver
