#include <cerrno>
#include <cstring>
#include <fstream>

#include "compiler/driver/commands.h"
#include "compiler/driver/load_mapping.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"

namespace omap::driver {
namespace {

Result<void> write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return {};
  return fail(Diagnostic(Code::write_failed, "cannot write the file: {}", std::strerror(errno)).in(path));
}

}  // namespace

ExitCode compile(const Console& console, const CompileArguments& arguments) {
  const LoadedMapping loaded = load_mapping(arguments.mapping);
  const ExitCode code = console.report(loaded.diagnostics, loaded.sources);
  if (!loaded.plan) return code;
  const std::string text = arguments.emit == "ir" ? print_ir(*loaded.plan) : write_plan(*loaded.plan);
  if (!arguments.output) {
    console.result(text);
    return done;
  }
  if (const auto written = write_text(*arguments.output, text); !written) return console.report(written.error());
  return done;
}

}  // namespace omap::driver
