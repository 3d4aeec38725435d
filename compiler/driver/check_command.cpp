#include "compiler/compile.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/load_mapping.h"
#include "stdlib-mappings/standard_mappings.h"

namespace omap::driver {
namespace {

/// The text that a FILE argument names: of `check`, all mappings of it count.
Result<std::string> text_of(const std::string& file) {
  for (const StandardMapping& mapping : standard_mappings()) {
    if (file == fmt::format("std:{}", mapping.name)) return std::string(mapping.text);
  }
  if (file.starts_with("std:")) return fail(load_mapping(file).diagnostics);
  return read_text(file);
}

}  // namespace

ExitCode check(const Console& console, const std::vector<std::string>& files) {
  ExitCode worst = done;
  for (const std::string& file : files) {
    auto text = text_of(file);
    if (!text) {
      worst = std::max(worst, console.report(text.error()));
      continue;
    }
    const Compilation compilation = omap::compile(file, std::move(*text));
    worst = std::max(worst, console.report(compilation.diagnostics, compilation.sources));
    if (has_errors(compilation.diagnostics)) continue;
    std::size_t rules = 0;
    for (const Plan& plan : compilation.plans) rules += plan.rules.size();
    if (!console.json) {
      console.info(fmt::format("{}: {} mapping{}, {} rule{}, no errors\n", file, compilation.plans.size(),
                               compilation.plans.size() == 1 ? "" : "s", rules, rules == 1 ? "" : "s"));
    }
  }
  return worst;
}

}  // namespace omap::driver
