#include "compiler/raise/raise.h"

#include <fmt/format.h>

#include <iterator>

#include "compiler/compile.h"
#include "compiler/format/format.h"
#include "compiler/raise/spell_statement.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/parse.h"
#include "runtime/plan/invert.h"

namespace omap {
namespace {

using syntax::quoted;

/// Statements, one a line; the layout is for `format` to make.
class Raising {
 public:
  explicit Raising(const Plan& plan) : plan_(plan) {}

  std::string text() {
    line("omap 1\n");
    side(plan_.left);
    side(plan_.right);
    line("");
    documentation(plan_.doc);
    line("mapping {}: {} <-> {} {{", plan_.name, plan_.left.name, plan_.right.name);
    declarations();
    for (const Rule& r : plan_.rules) line("{}", spell_rule(r));
    for (const Tie& tie : plan_.ties) {
      line("tie {0}:{1} = {0}:{2}{3}", tie.side, to_text(tie.dropped), to_text(tie.kept), spell_condition(tie.when));
    }
    for (const Ignore& ignore : plan_.ignores) {
      line("ignore {}:{}{}", ignore.side, to_text(ignore.pattern), spell_condition(ignore.when));
    }
    for (const Same& same : plan_.sames) line("same {}{}", to_text(same.pattern), spell_condition(same.when));
    modules();
    config();
    line("}}");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void side(const SideDeclaration& side) {
    line("side {}: {}{}", side.name, side.format, side.root.empty() ? "" : " root " + quoted(side.root));
  }

  void documentation(const std::string& doc) {
    if (doc.empty()) return;
    for (std::size_t begin = 0; begin <= doc.size();) {
      const std::size_t end = std::min(doc.find('\n', begin), doc.size());
      const std::string text = doc.substr(begin, end - begin);
      line("///{}{}", text.empty() ? "" : " ", text);
      begin = end + 1;
    }
  }

  void declarations() {
    for (const Requirement& require : plan_.requirements) {
      line("require {}{}", to_text(require.condition), require.message.empty() ? "" : " " + quoted(require.message));
    }
    for (const Note& note : plan_.notes) {
      line("note {} {}{}", note.side, quoted(note.text), spell_condition(note.when));
    }
    for (const Param& param : plan_.params) {
      documentation(param.doc);
      line("{}", spell_param(param));
    }
    for (const Index& index : plan_.indexes) line("{}", spell_index(index));
    line("");
  }

  void modules() {
    if (plan_.modules.empty()) return;
    line("\nstate module {{");
    for (const Rule& r : plan_.modules) line("{}", spell_rule(r));
    line("}}");
  }

  /// Lines keep their order, so that a file has as many sections as it takes.
  void config() {
    std::string file;
    for (const ConfigLine& config : plan_.config) {
      const auto root = config_root(config.left);
      // What begins with a param stands in any section.
      const std::string own(root ? root->file : file.empty() ? default_config_file : std::string_view(file));
      if (own != file) {
        if (!file.empty()) line("}}");
        line("\nconfig {}{{", own == default_config_file ? "" : quoted(own) + " ");
        file = own;
      }
      line("{}", spell_config_line(config));
    }
    if (!file.empty()) line("}}");
  }

  const Plan& plan_;
  std::string out_;
};

Diagnostic unspeakable(const Plan& plan) {
  return Diagnostic(Code::plan_unspeakable, "the plan of `{}` says something that a mapping cannot say", plan.name)
      .help("use the plan as it is: every command takes it in the place of a mapping");
}

}  // namespace

Result<std::string> raise(const Plan& plan) {
  SourceMap sources;
  sources.add(SourceFile(plan.name, Raising(plan).text()));
  Diagnostics problems;
  const ast::Module module = parse(sources, 0, problems);
  if (has_errors(problems)) return fail(unspeakable(plan));
  std::string text = format(module, sources);
  const Compilation compiled = compile(plan.name, text);
  if (compiled.plans.size() != 1 || !(without_ranges(compiled.plans[0]) == without_ranges(plan))) {
    return fail(unspeakable(plan));
  }
  return text;
}

}  // namespace omap
