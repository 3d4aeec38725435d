#include <utility>

#include "compiler/driver/commands.h"
#include "compiler/driver/write_file.h"
#include "compiler/load_mapping.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/print_ir.h"

namespace omap::driver {

ExitCode compile(const Console& console, const CompileArguments& arguments) {
  const LoadedMapping loaded = load_mapping(arguments.mapping);
  const ExitCode code = console.report(loaded.diagnostics, loaded.sources);
  if (code != done || !loaded.plan) return code;
  const bool listing = arguments.emit == "ir";
  const std::string text = listing ? print_ir(*loaded.plan) : write_plan(*loaded.plan);
  if (!listing && text.size() > PlanLimits::bytes) {
    Diagnostic problem(Code::plan_limit, "the plan has {} bytes: none with more than {} is read", text.size(),
                       PlanLimits::bytes);
    return console.report({std::move(problem).in(arguments.mapping).help("use the mapping itself")});
  }
  if (!arguments.output) {
    console.result(text);
    return done;
  }
  if (const auto written = write_file(*arguments.output, text); !written) return console.report(written.error());
  return done;
}

}  // namespace omap::driver
