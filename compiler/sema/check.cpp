#include <algorithm>
#include <set>

#include "compiler/sema/check_expressions.h"
#include "compiler/sema/check_shapes.h"
#include "compiler/sema/checked_module.h"
#include "compiler/sema/collect.h"
#include "compiler/sema/inherit.h"
#include "compiler/sema/plan_weight.h"

namespace omap {
namespace {

/// With so many problems a module is left: finding what a name was meant for costs a look at all names.
constexpr std::size_t most_problems = 100;

/// It is there for others to extend, who may use what it declares.
bool is_base(const CheckedMapping& mapping) {
  return std::ranges::any_of(mapping.requirements, [](const auto& require) {
    const ast::Expr& condition = require.node->condition;
    return condition.kind == ast::Expr::Kind::boolean && condition.integer == 0;
  });
}

/// The names that each part of a mapping may use, and whether anything uses a name.
void check_mapping(const CheckedMapping& mapping, Diagnostics& diagnostics) {
  sema::Uses uses;
  sema::Expressions check{mapping, diagnostics, uses};
  const auto each = [&](const auto& parts, const auto& check_one) {
    for (const auto& part : parts) {
      if (diagnostics.size() >= most_problems) return;
      check_one(part);
    }
  };
  each(mapping.params, [&](const auto& param) { check.param(*param.node); });
  each(mapping.indexes, [&](const auto& index) { check.index(*index.node); });
  each(mapping.requirements, [&](const auto& require) { check.condition(require.node->condition, {}); });
  each(mapping.notes, [&](const auto& note) {
    if (note.node->when) check.condition(*note.node->when, {});
  });
  each(mapping.prefixes, [&](const auto* prefix) { check.prefix(*prefix); });
  each(mapping.rules, [&](const auto& rule) {
    check.rule(rule);
    const bool own = &rule >= mapping.rules.data() + mapping.inherited_rules;
    sema::check_shapes(mapping, *rule.node, own, diagnostics, uses);
  });
  each(mapping.ties, [&](const auto& tie) { check.tie(tie); });
  each(mapping.ignores, [&](const auto& ignore) { check.ignore(ignore); });
  each(mapping.sames, [&](const auto& same) { check.same(same); });
  each(mapping.modules, [&](const auto& rule) { check.module(rule); });
  each(mapping.config, [&](const auto& config) { check.config_line(config.line); });
  if (has_errors(diagnostics)) return;
  if (mapping.rules.empty() && mapping.sames.empty()) {
    diagnostics.push_back(
        Diagnostic(Code::no_rules, mapping.syntax->name.range, "mapping `{}` has no rules", mapping.syntax->name.text)
            .help("a rule says that two tensors are equal: `KEY <-> KEY`"));
  }
  if (is_base(mapping)) return;
  for (const auto& [name, symbol] : mapping.symbols) {
    const bool own = symbol.range.file == mapping.syntax->name.range.file && !mapping.inherited_params.contains(name);
    if (symbol.kind == Symbol::Kind::side || uses.contains(name) || !own) continue;
    diagnostics.push_back(Diagnostic(Code::unused_name, symbol.range, "{} `{}` is not used",
                                     symbol.kind == Symbol::Kind::param ? "param" : "index", name)
                              .help("take it out"));
  }
}

void check_version(const ast::Module& module, Diagnostics& diagnostics) {
  const ast::Version* version =
      module.statements.empty() ? nullptr : std::get_if<ast::Version>(&module.statements.front().node);
  if (version && version->number == 1) return;
  const SourceRange range =
      module.statements.empty() ? SourceRange{module.file, 0, 0} : module.statements.front().range;
  diagnostics.push_back(
      version ? Diagnostic(Code::missing_version, range, "language version {} is not known", version->number)
                    .help("this program reads `omap 1`")
              : Diagnostic(Code::missing_version, range, "a file begins with `omap 1`")
                    .label("before this")
                    .help("write `omap 1` on the first line: the version of the language"));
}

}  // namespace

CheckedModule check(std::vector<ast::Module> modules, Diagnostics& diagnostics, std::string_view only) {
  CheckedModule checked;
  const std::uint32_t file = modules.front().file;
  for (ast::Module& module : modules) {
    check_version(module, diagnostics);
    checked.modules.push_back(std::make_shared<const ast::Module>(std::move(module)));
  }
  std::vector<CheckedMapping> mappings = sema::collect(checked.modules, diagnostics);
  if (!sema::plans_fit(mappings, diagnostics)) return checked;
  sema::inherit(mappings, diagnostics);
  const auto is_wanted = [&](const CheckedMapping& mapping) {
    return mapping.syntax->name.range.file == file && mapping.syntax->name.text == only;
  };
  const bool all = std::ranges::none_of(mappings, is_wanted);
  for (CheckedMapping& mapping : mappings) {
    if (all ? mapping.syntax->name.range.file == file : is_wanted(mapping)) {
      checked.mappings.push_back(std::move(mapping));
    }
  }
  if (!sema::plans_fit(checked.mappings, diagnostics)) return checked;
  for (const CheckedMapping& mapping : checked.mappings) check_mapping(mapping, diagnostics);
  return checked;
}

}  // namespace omap
