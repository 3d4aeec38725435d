#include <cmath>

#include "compiler/driver/commands.h"
#include "compiler/driver/print_comparison.h"
#include "runtime/run/compare.h"

namespace omap::driver {
namespace {

bool is_bound(const std::optional<double>& tolerance) {
  return !tolerance || (std::isfinite(*tolerance) && *tolerance >= 0);
}

}  // namespace

ExitCode diff(const Console& console, const DiffArguments& arguments) {
  const auto& [a, b, rtol, atol] = arguments;
  if (!is_bound(rtol) || !is_bound(atol))
    return console.refuse_usage("diff", "`--rtol` and `--atol` take numbers from 0");
  const auto first = open_checkpoint(a);
  const auto second = open_checkpoint(b);
  Diagnostics problems;
  for (const auto* checkpoint : {&first, &second}) {
    if (!*checkpoint) problems.insert(problems.end(), checkpoint->error().begin(), checkpoint->error().end());
  }
  if (!problems.empty()) return console.report(problems);
  CompareOptions options;
  if (rtol || atol) options.tolerance = {rtol.value_or(0), atol.value_or(0)};
  options.find_root = true;
  const auto found = compare(*first, *second, options);
  if (!found) return console.report(found.error());
  return print_comparison(console, *found, a, b, options.tolerance ? "numbers within the tolerance" : "bits");
}

}  // namespace omap::driver
