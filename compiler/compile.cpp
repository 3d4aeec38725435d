#include "compiler/compile.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/lower/lower.h"
#include "compiler/sema/checked_module.h"
#include "compiler/sema/inherited_clash.h"
#include "compiler/syntax/parse.h"
#include "runtime/plan/verify.h"

namespace omap {
namespace {

/// Parses a text and what it uses, each once, users before what they use.
class Modules {
 public:
  Modules(Compilation& compilation, const FindUsed& find) : compilation_(compilation), find_(find) {}

  std::vector<ast::Module> parse_all(std::string name, std::string text) {
    add(std::move(name), std::move(text), nullptr);
    // The list grows while it is walked.
    for (std::size_t i = 0; i < modules_.size(); ++i) use(i);
    find_circle();
    return std::move(modules_);
  }

 private:
  std::size_t add(std::string name, std::string text, const ast::Statement* user) {
    const auto known = std::ranges::find(compilation_.sources.files, name, &SourceFile::name);
    if (known != compilation_.sources.files.end()) {
      return static_cast<std::size_t>(known - compilation_.sources.files.begin());
    }
    if (compilation_.sources.files.size() == most_files) {
      compilation_.diagnostics.push_back(
          Diagnostic(Code::source_too_large, user->range, "a mapping uses more than {} files", most_files));
      return 0;
    }
    const std::uint32_t file = compilation_.sources.add(SourceFile(std::move(name), std::move(text)));
    modules_.push_back(parse(compilation_.sources, file, compilation_.diagnostics));
    used_.emplace_back();
    return file;
  }

  void use(std::size_t module) {
    const std::string from = compilation_.sources.files[module].name();
    // Adding moves modules: the statements are copied first.
    std::vector<std::pair<ast::Statement, ast::Use>> uses;
    for (const ast::Statement& statement : modules_[module].statements) {
      if (const auto* use = std::get_if<ast::Use>(&statement.node)) uses.emplace_back(statement, *use);
    }
    for (const auto& [statement, use] : uses) {
      auto found = find_ ? find_(from, use.standard, use.path)
                         : Result<UsedText>(fail(Diagnostic(Code::not_found, "no file can be used here")));
      if (found) {
        // Before `used_` is looked into: it grows.
        const std::size_t other = add(std::move(found->name), std::move(found->text), &statement);
        used_[module].emplace_back(other, statement.range);
        continue;
      }
      for (Diagnostic& problem : found.error()) {
        problem.primary.range = statement.range;
        problem.subject.clear();
        compilation_.diagnostics.push_back(std::move(problem));
      }
    }
  }

  /// Depth first from the first module. Few modules: recursion is as deep as they are many.
  void find_circle() {
    std::vector<char> state(used_.size(), 0);
    visit(0, state);
  }
  void visit(std::size_t module, std::vector<char>& state) {
    state[module] = 1;
    for (const auto& [other, range] : used_[module]) {
      if (state[other] == 1) {
        compilation_.diagnostics.push_back(
            Diagnostic(Code::use_cycle, range, "`{}` uses itself in the end", compilation_.sources.files[other].name())
                .help("move what both need into a third file"));
      } else if (state[other] == 0) {
        visit(other, state);
      }
    }
    state[module] = 2;
  }

  static constexpr std::size_t most_files = 1000;

  Compilation& compilation_;
  const FindUsed& find_;
  std::vector<ast::Module> modules_;
  /// By module: which others it uses, and where.
  std::vector<std::vector<std::pair<std::size_t, SourceRange>>> used_;
};

/// The plans of all mappings, and how many rules each inherits: those come first. Their trees are gone when it returns:
/// what proofs need may take their place.
std::vector<Plan> checked_plans(std::vector<ast::Module> modules, std::string_view only, Compilation& done,
                                std::vector<std::size_t>& inherited_rules) {
  const CheckedModule checked = check(std::move(modules), done.diagnostics, only);
  std::vector<Plan> plans;
  if (has_errors(done.diagnostics)) return plans;
  plans.reserve(checked.mappings.size());
  for (const CheckedMapping& mapping : checked.mappings) {
    plans.push_back(lower(mapping, done.sources));
    inherited_rules.push_back(mapping.inherited_rules);
  }
  return plans;
}

/// Mappings that share inherited rules find the same fault in them.
void drop_repeated(Diagnostics& diagnostics) {
  std::set<std::tuple<Code, std::uint32_t, std::uint32_t, std::uint32_t, std::string>> seen;
  std::erase_if(diagnostics, [&](const Diagnostic& d) {
    const SourceRange at = d.primary.range;
    return at.known() && !seen.emplace(d.code, at.file, at.begin, at.end, d.message).second;
  });
}

}  // namespace

Compilation compile(std::string name, std::string text, const FindUsed& find, std::string_view only) {
  Compilation done;
  auto modules = Modules(done, find).parse_all(std::move(name), std::move(text));
  // A statement that could not be read may be the declaration that others miss: they would only repeat its error.
  if (has_errors(done.diagnostics)) return done;
  std::vector<std::size_t> inherited_rules;
  done.plans = checked_plans(std::move(modules), only, done, inherited_rules);
  for (std::size_t i = 0; i < done.plans.size(); ++i) {
    Diagnostics problems = verify(done.plans[i]);
    sema::name_inherited_clashes(done.plans[i], inherited_rules[i], problems);
    done.diagnostics.insert(done.diagnostics.end(), problems.begin(), problems.end());
  }
  drop_repeated(done.diagnostics);
  if (has_errors(done.diagnostics)) done.plans.clear();
  return done;
}

}  // namespace omap
