#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/exclusion.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

using Op = Expr::Op;

constexpr std::size_t max_warnings = 20;

class Finder {
 public:
  Finder(const Plan& plan, Diagnostics& diagnostics) : plan_(plan), diagnostics_(diagnostics), exclusions_(plan) {}

  void run() {
    for (const Rule& rule : plan_.rules) condition(rule.when, rule.range, "rule");
    for (const Tie& tie : plan_.ties) condition(tie.when, tie.range, "tie");
    for (const Ignore& ignore : plan_.ignores) condition(ignore.when, ignore.range, "ignore");
    for (const Never& never : never_) {
      Diagnostic diagnostic(Code::condition_unreachable, never.range, "`when {}` never holds", never.text);
      diagnostic.primary.text = fmt::format("this {} is never used", never.kind);
      if (never.count > 1) diagnostic.notes.push_back(fmt::format("{} more stand under it", never.count - 1));
      warn(std::move(diagnostic));
    }
    for (const Param& param : plan_.params) alternatives(param.value, param.range);
    for (const Index& index : plan_.indexes) {
      alternatives(index.list, index.range);
      alternatives(index.when, index.range);
    }
    for (const Requirement& requirement : plan_.requirements) alternatives(requirement.condition, requirement.range);
    for (const Note& note : plan_.notes) alternatives(note.when, note.range);
    for (const Rule& rule : plan_.rules) alternatives(rule.when, rule.range);
    for (const Tie& tie : plan_.ties) alternatives(tie.when, tie.range);
    for (const Ignore& ignore : plan_.ignores) alternatives(ignore.when, ignore.range);
  }

 private:
  struct Never {
    std::string text;
    SourceRange range;
    std::string_view kind;
    std::size_t count = 0;
  };

  void warn(Diagnostic diagnostic) {
    if (warnings_ < max_warnings) diagnostics_.push_back(std::move(diagnostic));
    ++warnings_;
  }

  /// Rules of one block share their condition: it is asked once, and warned of once.
  void condition(const std::optional<Expr>& when, SourceRange range, std::string_view kind) {
    if (!when) return;
    std::string text = to_text(*when);
    const auto [known, is_new] = places_.try_emplace(text, std::nullopt);
    if (is_new && !exclusions_.may_hold({nullptr, &*when})) {
      known->second = never_.size();
      never_.push_back({std::move(text), range, kind, 0});
    }
    if (known->second) ++never_[*known->second].count;
  }

  void alternatives(const std::optional<Expr>& expr, SourceRange range) {
    if (expr) alternatives(*expr, range);
  }
  void alternatives(const Expr& expr, SourceRange range) {
    for_each_expr(expr, [&](const Expr& part) {
      if (part.op == Op::conditional && part.args[0].op == Op::literal && part.args[0].value.boolean()) {
        const bool chosen = *part.args[0].value.boolean();
        never_taken(part, part.args[chosen ? 2 : 1], range, "write only the alternative that is chosen");
      }
      if (part.op != Op::coalesce) return;
      for (std::size_t i = 0; i + 1 < part.args.size(); ++i) {
        if (part.args[i].op != Op::literal) continue;
        return never_taken(part, part.args[i + 1], range, "a literal is always available: put it last");
      }
    });
  }
  void never_taken(const Expr& whole, const Expr& part, SourceRange range, std::string_view help) {
    const std::string text = to_text(whole);
    if (!reported_.insert(text).second) return;
    warn(Diagnostic(Code::condition_unreachable, range, "`{}` is never taken in `{}`", to_text(part), text)
             .help("{}", help));
  }

  const Plan& plan_;
  Diagnostics& diagnostics_;
  Exclusions exclusions_;
  /// By the texts of conditions: where in `never_` it is, if it never holds.
  std::map<std::string, std::optional<std::size_t>> places_;
  std::vector<Never> never_;
  std::set<std::string> reported_;
  std::size_t warnings_ = 0;
};

}  // namespace

void find_unreachable(const Plan& plan, Diagnostics& diagnostics) {
  if (!is_base(plan)) Finder(plan, diagnostics).run();
}

}  // namespace omap
