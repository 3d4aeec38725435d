#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <utility>

#include "compiler/driver/commands.h"
#include "compiler/driver/write_file.h"
#include "compiler/format/format.h"
#include "compiler/load_mapping.h"
#include "compiler/syntax/parse.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

Result<std::string> read_standard_input() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad()) return fail(Diagnostic(Code::read_failed, "cannot read standard input"));
  return text;
}

class Formatting {
 public:
  Formatting(const Console& console, const FmtArguments& arguments) : console_(console), arguments_(arguments) {}

  ExitCode run() {
    ExitCode worst = done;
    for (const std::string& file : arguments_.files) worst = std::max(worst, one(file));
    if (arguments_.files.empty()) worst = one("-");
    if (console_.json && !to_standard_output_) {
      const Value::List changed(changed_.begin(), changed_.end());
      console_.result(dump_json(Value::Object{{"changed", changed}}) + "\n");
    }
    return worst;
  }

 private:
  ExitCode one(const std::string& file) {
    const bool standard = file == "-";
    const std::string name = standard ? "<stdin>" : file;
    auto text = standard ? read_standard_input() : read_text(file);
    if (!text) return console_.report(text.error());
    SourceMap sources;
    Diagnostics diagnostics;
    const std::uint32_t index = sources.add(SourceFile(name, *text));
    const ast::Module module = parse(sources, index, diagnostics);
    if (has_errors(diagnostics)) return console_.report(diagnostics, sources);
    const std::string formatted = format(module, sources);
    // Parentheses that were not there may exceed a limit: nothing is written that could not be read.
    const std::uint32_t made = sources.add(SourceFile(name + " in canonical layout", formatted));
    (void)parse(sources, made, diagnostics);
    if (has_errors(diagnostics)) return console_.report(diagnostics, sources);
    if (standard && !arguments_.check) {
      to_standard_output_ = true;
      console_.result(formatted);
      return done;
    }
    return formatted == *text ? done : differs(name, formatted);
  }

  ExitCode differs(const std::string& name, const std::string& formatted) {
    changed_.push_back(name);
    if (arguments_.check) {
      if (!console_.json) console_.result(name + "\n");
      return wrong_input;
    }
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(name, ignored)) {
      Diagnostic refused(Code::write_failed, "this is no regular file, so it cannot be rewritten");
      return console_.report({std::move(refused).in(name).help("give the text on standard input: `olmoc fmt -`")});
    }
    if (const auto written = write_file(name, formatted); !written) return console_.report(written.error());
    if (!console_.json) console_.info("formatted " + name + "\n");
    return done;
  }

  const Console& console_;
  const FmtArguments& arguments_;
  std::vector<std::string> changed_;
  bool to_standard_output_ = false;
};

}  // namespace

ExitCode fmt_files(const Console& console, const FmtArguments& arguments) {
  return Formatting(console, arguments).run();
}

}  // namespace omap::driver
