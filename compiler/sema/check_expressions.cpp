#include "compiler/sema/check_expressions.h"

#include <algorithm>
#include <array>

#include "diagnostics/nearest.h"

namespace omap::sema {
namespace {

using Base = Type::Base;
constexpr Type bool_type{Base::boolean, false};
constexpr Type int_type{Base::integer, false};

}  // namespace

void Expressions::report(Diagnostic diagnostic) {
  const SourceRange at = diagnostic.primary.range;
  if (reported.emplace(diagnostic.code, at.begin, at.end).second) diagnostics.push_back(std::move(diagnostic));
}

Diagnostic Expressions::explained(Diagnostic diagnostic, const ast::Expr& expr, const NameSet& scope) const {
  if (expr.kind != ast::Expr::Kind::name) return diagnostic;
  const auto symbol = mapping.symbols.find(expr.text);
  if (symbol == mapping.symbols.end() || symbol->second.kind != Symbol::Kind::index) return diagnostic;
  diagnostic.secondary.push_back({symbol->second.range, fmt::format("`{}` is this index", expr.text)});
  diagnostic.notes.push_back(
      scope.contains(expr.text)
          ? fmt::format("here `{}` has one value at a time, and is not the list of them", expr.text)
          : fmt::format("here `{}` is the list of its values: nothing says which one", expr.text));
  return diagnostic;
}

void Expressions::param(const ast::Param& p) {
  NameSet scope;
  if (p.index) {
    const auto symbol = mapping.symbols.find(p.index->text);
    if (symbol == mapping.symbols.end() || symbol->second.kind != Symbol::Kind::index) {
      report(Diagnostic(Code::unknown_name, p.index->range, "no index is called `{}`", p.index->text)
                 .help("declare it: `index {} in 0..n`", p.index->text));
    }
    uses.insert(p.index->text);
    scope.insert(p.index->text);
  }
  if (p.value) want(*p.value, mapping.symbols.find(p.name.text)->second.type, scope);
}

void Expressions::index(const ast::Index& i) {
  if (i.list) {
    const Type type = infer(*i.list, {});
    if (!is_any(type) && !type.list) {
      report(Diagnostic(Code::type_mismatch, i.list->range, "an index runs over a list, not over `{}`", to_text(type))
                 .help("a range `0..n`, a list, or names: `{{q, k, v}}`"));
    }
  }
  for (std::size_t a = 0; a < i.names.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (i.names[a].text == i.names[b].text) {
        report(Diagnostic(Code::duplicate_name, i.names[a].range, "`{}` stands twice in the index", i.names[a].text)
                   .also(i.names[b].range, "first here"));
      }
    }
  }
  if (i.when) condition(*i.when, {i.name.text});
}

void Expressions::condition(const ast::Expr& expr, const NameSet& scope) { want(expr, bool_type, scope); }

void Expressions::rule(const InContext<ast::Rule>& r) {
  for (const auto* side : {&r.node->left, &r.node->right}) {
    for (const ast::Term& term : *side) {
      key(term.key, {});
      values(term);
    }
  }
  conditions(r.conditions, r.node->when, rule_indexes(mapping, r));
}

void Expressions::prefix(const ast::Prefix& prefix) {
  key(prefix.left, {});
  key(prefix.right, {});
}

void Expressions::tie(const InContext<ast::Tie>& t) {
  for (const ast::SideKey* key : {&t.node->written, &t.node->kept}) {
    side(key->side);
    this->key(key->key, {});
  }
  const bool known =
      mapping.symbols.contains(t.node->written.side.text) && mapping.symbols.contains(t.node->kept.side.text);
  if (known && t.node->written.side.text != t.node->kept.side.text) {
    report(Diagnostic(Code::wrong_side, t.node->kept.side.range, "a tie is between two tensors of one side")
               .also(t.node->written.side.range, "the other tensor is of `{}`", t.node->written.side.text)
               .help("what the other side gets is a rule's work: `A <- B`"));
  }
  const RuleIndexes indexes = tie_indexes(mapping, t);
  if (indexes.all != indexes.loops) {
    report(Diagnostic(Code::index_not_in_key, t.range, "the two keys of a tie have different indexes")
               .label("which of the tensors are equal?")
               .help("write the same placeholders in both keys"));
  }
  conditions(t.conditions, t.node->when, indexes);
}

void Expressions::ignore(const InContext<ast::Ignore>& i) {
  side(i.node->pattern.side);
  key(i.node->pattern.key, {.pattern = true});
  conditions(i.conditions, i.node->when, NameSet{});
}

void Expressions::conditions(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own,
                             const RuleIndexes& indexes) {
  const auto check = [&](const ast::Expr& expr) {
    if (only_loops(expr, indexes)) condition(expr, indexes.loops);
  };
  for (const Condition& c : outer) check(*c.expr);
  if (own) check(*own);
}

bool Expressions::only_loops(const ast::Expr& expr, const RuleIndexes& indexes) {
  using Kind = ast::Expr::Kind;
  if (expr.kind == ast::Expr::Kind::name && indexes.all.contains(expr.text) && !indexes.loops.contains(expr.text)) {
    report(Diagnostic(Code::condition_on_axis, expr.range,
                      "`{}` is an axis of this rule, so a `when` cannot choose by it", expr.text)
               .label("it does not stand in every key of the rule")
               .help("filter it where it is declared: `index {} in ... when ...`", expr.text));
    return false;
  }
  // As a list it may stand: `len(expert)`, `3 in expert`.
  const bool list_call = expr.kind == Kind::call && expr.operands.size() == 1 && takes_list(expr.text);
  const bool search = expr.kind == Kind::binary && (expr.text == "in" || expr.text == "not in");
  bool all = true;
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    const bool is_list = (list_call || (search && i == 1)) && expr.operands[i].kind == Kind::name;
    all = (is_list || only_loops(expr.operands[i], indexes)) && all;
  }
  return all;
}

void Expressions::side(const ast::Name& name) {
  const auto symbol = mapping.symbols.find(name.text);
  if (symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::side) return;
  report(Diagnostic(Code::wrong_side, name.range, "`{}` is no side of this mapping", name.text)
             .help("its sides are `{}` and `{}`", mapping.syntax->left.text, mapping.syntax->right.text));
}

void Expressions::key(const ast::Key& k, KeyUse use) { key(k, use, indexes_in(mapping, k)); }

void Expressions::key(const ast::Key& k, KeyUse use, const NameSet& scope) {
  for (const ast::KeyPart& part : k.parts) {
    switch (part.kind) {
      case ast::KeyPart::Kind::placeholder: {
        const Type type = infer(part.expr.front(), scope);
        if (!fits(type, int_type) && !fits(type, {Base::string, false})) {
          report(explained(Diagnostic(Code::type_mismatch, part.range, "a placeholder is an int or a string, not `{}`",
                                      to_text(type)),
                           part.expr.front(), scope));
        }
        break;
      }
      case ast::KeyPart::Kind::any:
        if (!use.any) {
          report(Diagnostic(Code::misplaced_statement, part.range, "`{{_}}` stands only in `count(SIDE:KEY)`")
                     .help("declare an index: `index layer in 0..n`, and write `{{layer}}`"));
        }
        break;
      case ast::KeyPart::Kind::segment:
      case ast::KeyPart::Kind::segments:
        if (!use.pattern) {
          report(Diagnostic(Code::misplaced_statement, part.range,
                            "a wildcard stands only in `same`, `ignore`, `remove` and `restrict`")
                     .help("name what varies by an index: `{{layer}}`"));
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace omap::sema
