#include "compiler/driver/exit_code.h"

namespace omap::driver {

ExitCode exit_code(const Diagnostics& diagnostics) {
  ExitCode code = done;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    switch (info(diagnostic.code).fault) {
      case Fault::system:
        return system_failed;
      case Fault::usage:
        return wrong_usage;
      case Fault::input:
        code = wrong_input;
    }
  }
  return code;
}

}  // namespace omap::driver
