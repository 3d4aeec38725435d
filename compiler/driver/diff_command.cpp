#include "compiler/driver/commands.h"
#include "compiler/driver/print_comparison.h"
#include "runtime/run/compare.h"

namespace omap::driver {

ExitCode diff(const Console& console, const std::string& a, const std::string& b) {
  const auto first = open_checkpoint(a);
  const auto second = open_checkpoint(b);
  Diagnostics problems;
  for (const auto* checkpoint : {&first, &second}) {
    if (!*checkpoint) problems.insert(problems.end(), checkpoint->error().begin(), checkpoint->error().end());
  }
  if (!problems.empty()) return console.report(problems);
  const auto found = compare(*first, *second, {});
  if (!found) return console.report(found.error());
  return print_comparison(console, *found, a, b);
}

}  // namespace omap::driver
