#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/print_ir.h"

namespace omap::driver {
namespace {

/// Under another name first: a half-written plan never has the final one.
Result<void> write_text(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, path, error);
  if (file && !error) return {};
  const std::string why = error ? error.message() : std::strerror(errno);
  std::filesystem::remove(partial, error);
  return fail(Diagnostic(Code::write_failed, "cannot write the file: {}", why).in(path));
}

}  // namespace

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
  if (const auto written = write_text(*arguments.output, text); !written) return console.report(written.error());
  return done;
}

}  // namespace omap::driver
