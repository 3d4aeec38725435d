#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"
#include "compiler/raise/raise.h"
#include "runtime/plan/invert.h"

namespace omap::driver {

ExitCode invert(const Console& console, const std::string& mapping) {
  const LoadedMapping loaded = load_mapping(mapping);
  const ExitCode code = console.report(loaded.diagnostics, loaded.sources);
  if (code != done || !loaded.plan) return code;
  const auto text = raise(omap::invert(*loaded.plan));
  if (!text) return console.report(text.error());
  console.result(*text);
  return done;
}

}  // namespace omap::driver
