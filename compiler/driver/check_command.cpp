#include <fmt/format.h>

#include <algorithm>

#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"

namespace omap::driver {

ExitCode check(const Console& console, const std::vector<std::string>& files) {
  ExitCode worst = done;
  for (const std::string& file : files) {
    const LoadedFile loaded = load_file(file);
    const ExitCode code = console.report(loaded.diagnostics, loaded.sources);
    worst = std::max(worst, code);
    if (code != done || console.json) continue;
    std::size_t rules = 0;
    for (const Plan& plan : loaded.plans) rules += plan.rules.size();
    console.info(fmt::format("{}: {} mapping{}, {} rule{}, no errors\n", file, loaded.plans.size(),
                             loaded.plans.size() == 1 ? "" : "s", rules, rules == 1 ? "" : "s"));
  }
  return worst;
}

}  // namespace omap::driver
