#include "compiler/sema/check_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace omap::sema {
namespace {

struct ShapeCheck {
  const CheckedMapping& mapping;
  Diagnostics& diagnostics;
  Uses& uses;
  bool own_rule = true;
  /// Axes of the rule of which it was said that they are inherited params.
  NameSet& inherited;
  std::size_t ellipses = 0;

  void axis(const ast::Axis& axis, ast::Axis::Kind inside, bool whole_dimension) {
    using Kind = ast::Axis::Kind;
    switch (axis.kind) {
      case Kind::named:
        if (axis.extent) gap(axis);
        if (axis.text != "_") {
          named(axis);
        } else if (inside != Kind::sum) {
          diagnostics.push_back(Diagnostic(Code::misplaced_statement, axis.range, "`_` stands only as a piece of a sum")
                                    .help("`(n + _)` is n entries, and a rest that is dropped"));
        }
        break;
      case Kind::divided:
        named(axis);
        if (*axis.value >= 1) break;
        diagnostics.push_back(Diagnostic(Code::number_out_of_range, axis.range,
                                         "an axis is divided by 1 or more, not by {}", *axis.value));
        break;
      case Kind::literal:
        if (*axis.value == 1) break;
        diagnostics.push_back(Diagnostic(Code::unnamed_literal, axis.range, "the extent {} has no name", *axis.value)
                                  .label("which axis is this?")
                                  .help("name it: `two={}`; the other side then says `two`", *axis.value));
        break;
      case Kind::ellipsis:
        if (!whole_dimension || ++ellipses > 1) {
          diagnostics.push_back(Diagnostic(Code::ellipsis_misplaced, axis.range, "`...` stands {}",
                                           whole_dimension ? "twice in a shape" : "inside brackets")
                                    .help("it is the dimensions that the shape does not name, once: `[(a + b) ...]`"));
        }
        break;
      case Kind::product:
      case Kind::sum:
        break;
    }
    for (const ast::Axis& part : axis.parts) this->axis(part, axis.kind, false);
  }

  /// `_=padding`.
  void gap(const ast::Axis& axis) {
    const std::string& param = axis.extent->text;
    uses.insert(param);
    if (axis.text != "_") {
      diagnostics.push_back(
          Diagnostic(Code::axis_not_a_size, axis.range, "only `_` takes its extent from a param by name")
              .help("an axis that is named after the param has its extent: `{}`", param));
      return;
    }
    const auto symbol = mapping.symbols.find(param);
    const bool is_param = symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::param;
    if (is_param && (symbol->second.broken || is_one_int(symbol->second))) return;
    Diagnostic diagnostic(Code::axis_not_a_size, axis.extent->range, "`{}` is no param that is one int", param);
    if (symbol == mapping.symbols.end()) {
      diagnostic.helps.push_back(fmt::format("declare it: `param {}: int = ...`", param));
    } else {
      diagnostic.secondary.push_back({symbol->second.range, "declared here"});
    }
    diagnostics.push_back(std::move(diagnostic));
  }

  static bool is_one_int(const Symbol& param) {
    return param.type.base == Type::Base::integer && !param.type.list && param.param_index.empty();
  }

  void named(const ast::Axis& axis) {
    uses.insert(axis.text);
    const auto symbol = mapping.symbols.find(axis.text);
    if (symbol == mapping.symbols.end() || symbol->second.kind != Symbol::Kind::param || symbol->second.broken) {
      return;
    }
    const bool by_chance = mapping.inherited_params.contains(axis.text) && !mapping.inherited_axes.contains(axis.text);
    if (own_rule && by_chance && inherited.insert(axis.text).second) {
      diagnostics.push_back(
          Diagnostic(Code::axis_inherits_param, axis.range, "axis `{}` has the extent of an inherited param", axis.text)
              .also(symbol->second.range, "the param")
              .help("if another axis is meant, give it another name; else say so by `override param`"));
    }
    const Type type = symbol->second.type;
    if (is_one_int(symbol->second)) return;
    diagnostics.push_back(
        Diagnostic(Code::axis_not_a_size, axis.range, "axis `{}` is a param of type `{}`", axis.text, to_text(type))
            .also(symbol->second.range, "declared here")
            .help("an axis is named after an `int` param or an index, or after nothing that is declared"));
  }
};

}  // namespace

void check_shapes(const CheckedMapping& mapping, const ast::Rule& rule, bool own_rule, Diagnostics& diagnostics,
                  Uses& uses) {
  NameSet inherited;
  const auto shape = [&](const ast::Term& term) {
    if (!term.shape) return;
    ShapeCheck check{mapping, diagnostics, uses, own_rule, inherited};
    for (const ast::Axis& dim : term.shape->dims) check.axis(dim, ast::Axis::Kind::product, true);
  };
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const ast::Term& term : *side) {
      shape(term);
      for (const ast::ValueOp& op : term.ops) std::ranges::for_each(op.operand, shape);
    }
  }
}

}  // namespace omap::sema
