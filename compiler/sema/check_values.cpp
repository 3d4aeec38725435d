#include <algorithm>

#include "compiler/sema/check_expressions.h"
#include "diagnostics/nearest.h"
#include "runtime/dtype/dtype.h"

namespace omap::sema {
namespace {

/// The name that an operand without a shape stands for, if it is one word.
const std::string* single_word(const ast::Key& key) {
  const bool word = !key.quoted && key.parts.size() == 1 && key.parts[0].kind == ast::KeyPart::Kind::text &&
                    key.parts[0].text.find('.') == std::string::npos;
  return word ? &key.parts[0].text : nullptr;
}

/// Whether a plan alone tells which items these are: an index, a literal, or one moved by the other.
bool names_one_item(const ast::Expr& at, const NameSet& scope) {
  using Kind = ast::Expr::Kind;
  switch (at.kind) {
    case Kind::name:
      return scope.contains(at.text);
    case Kind::integer:
    case Kind::string:
      return true;
    case Kind::binary:
      return (at.text == "+" || at.text == "-") &&
             std::ranges::all_of(at.operands, [&](const ast::Expr& part) { return names_one_item(part, scope); });
    default:
      return false;
  }
}

}  // namespace

void Expressions::values(const ast::Term& term) {
  for (const ast::ValueOp& op : term.ops) {
    for (const ast::Term& tensor : op.operand) operand(tensor);
  }
  if (term.as) stored_as(*term.as);
}

void Expressions::operand(const ast::Term& operand) {
  if (operand.shape) return key(operand.key, {});
  const std::string* name = single_word(operand.key);
  const auto symbol = name ? mapping.symbols.find(*name) : mapping.symbols.end();
  if (symbol == mapping.symbols.end() || symbol->second.kind != Symbol::Kind::param) {
    const bool is_index = symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::index;
    report(Diagnostic(Code::shape_missing, operand.range, "a tensor in arithmetic has no shape")
               .label("{}, and a tensor needs its axes here",
                      is_index ? "an index is no number of arithmetic" : "no param is called so")
               .help("write its axes: `KEY[r c]`, or `KEY[]` for a single number"));
    return;
  }
  uses.insert(*name);
  const Symbol& param = symbol->second;
  if (param.broken || (is_number(param.type) && !param.type.list && param.param_index.empty())) return;
  report(Diagnostic(Code::type_mismatch, operand.range, "arithmetic needs one number, and `{}` is `{}`", *name,
                    to_text(param.param_index.empty() ? param.type : Type{param.type.base, true}))
             .also(param.range, "declared here"));
}

void Expressions::stored_as(const ast::Name& dtype) {
  const auto symbol = mapping.symbols.find(dtype.text);
  if (symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::param) {
    uses.insert(dtype.text);
    const Symbol& param = symbol->second;
    if (param.broken || (param.type == Type{Type::Base::dtype, false} && param.param_index.empty())) return;
    report(Diagnostic(Code::type_mismatch, dtype.range, "`as` needs a dtype, and `{}` is `{}`", dtype.text,
                      to_text(param.param_index.empty() ? param.type : Type{param.type.base, true}))
               .also(param.range, "declared here"));
    return;
  }
  if (dtype_from_text(dtype.text)) return;
  Diagnostic diagnostic(Code::unknown_dtype, dtype.range, "there is no dtype `{}`", dtype.text);
  const std::vector<std::string> known{"bf16", "f16", "f32", "f64", "f8_e4m3", "f8_e5m2", "i8",  "i16",
                                       "i32",  "i64", "u8",  "u16", "u32",     "u64",     "bool"};
  if (const auto near = nearest(dtype.text, known))
    diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.push_back(fmt::format("dtypes are `{}`, or a param of type `dtype`", fmt::join(known, "`, `")));
  report(std::move(diagnostic));
}

void Expressions::same(const InContext<ast::Same>& s) {
  key(s.node->pattern, {.pattern = true});
  conditions(s.conditions, s.node->when, NameSet{});
}

void Expressions::module(const InContext<ast::Rule>& r) {
  for (const auto* side : {&r.node->left, &r.node->right}) {
    for (const ast::Term& term : *side) {
      key(term.key, {});
      if (!term.shape && !term.fill && term.ops.empty() && !term.as) continue;
      report(Diagnostic(Code::misplaced_statement, term.range, "a rule about modules has keys only")
                 .help("shapes and values belong to weights: move the rule out of `state module`"));
    }
  }
  conditions(r.conditions, r.node->when, rule_indexes(mapping, r));
}

void Expressions::conditions(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own,
                             const NameSet& scope) {
  for (const Condition& c : outer) condition(*c.expr, scope);
  if (own) condition(*own, scope);
}

void Expressions::config_line(const InContext<ast::ConfigLine>& line) {
  const NameSet scope = indexes_in(mapping, *line.node);
  const bool equation = line.node->kind == ast::ConfigLine::Kind::equation;
  path(line.node->target, scope);
  if (!equation) {
    const ast::Expr* head = &line.node->target;
    while (!head->operands.empty()) head = &head->operands.front();
    const auto symbol = mapping.symbols.find(head->text);
    const bool is_param = symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::param;
    // What is left out may stand wherever a param says; what is written stands in the config of a side.
    if (is_param && line.node->kind == ast::ConfigLine::Kind::ignore) {
      uses.insert(head->text);
      return ignored_param(*head, symbol->second);
    }
    side({head->text, head->range});
    const bool is_side = symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::side;
    const bool whole = is_side && head == &line.node->target;
    if (line.node->source) {
      const Type type = infer(*line.node->source, scope);
      // What has a type of its own is no object.
      if (whole && !is_any(type)) {
        report(
            Diagnostic(Code::type_mismatch, line.node->source->range,
                       "`{}` is all of a config, and what is written there is `{}`", head->text, to_text(type))
                .help("`{}.FIELD = VALUE` writes a field; `{} = SIDE` carries a config over", head->text, head->text));
      }
    }
  } else if (line.node->source) {
    path(*line.node->source, scope);
  }
  conditions(line.conditions, line.node->when, scope);
}

void Expressions::ignored_param(const ast::Expr& head, const Symbol& param) {
  if (param.broken || is_any(param.type)) return;
  report(Diagnostic(Code::type_mismatch, head.range, "`{}` has no members: it is `{}`, not a config", head.text,
                    to_text(param.type))
             .also(param.range, "declared here")
             .help("`ignore SIDE.PATH`, or a path in a param of type `config`"));
}

/// Its members are names in a file; what stands in brackets is looked up.
void Expressions::path(const ast::Expr& path, const NameSet& scope) {
  for (const ast::Expr* step = &path; !step->operands.empty(); step = &step->operands.front()) {
    if (step->kind != ast::Expr::Kind::item) continue;
    const ast::Expr& at = step->operands[1];
    const Type type = infer(at, scope);
    const bool fitting = fits(type, {Type::Base::integer, false}) || fits(type, {Type::Base::string, false});
    const bool unknown = at.kind == ast::Expr::Kind::name && !mapping.symbols.contains(at.text);
    if (unknown || (names_one_item(at, scope) && fitting)) continue;
    report(explained(
        Diagnostic(Code::type_mismatch, at.range, "an item of a path that is written is an index or a literal"), at,
        scope));
  }
}

}  // namespace omap::sema
