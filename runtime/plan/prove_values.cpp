#include <algorithm>
#include <set>

#include "runtime/plan/axis_uses.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

bool report(Diagnostics& diagnostics, Diagnostic diagnostic) {
  diagnostics.push_back(std::move(diagnostic));
  return false;
}

const Term* first_with_arithmetic(const std::vector<Term>& terms) {
  const auto found = std::ranges::find_if(terms, [](const Term& term) { return !term.ops.empty(); });
  return found == terms.end() ? nullptr : &*found;
}

/// Whether a step can be undone: x * 0 cannot, and x / 0 is nothing at all.
bool solvable(const ValueOp& op, bool solved) {
  const double* number = std::get_if<double>(&op.operand);
  if (!number || *number != 0) return true;
  return op.kind == ValueOp::Kind::add || op.kind == ValueOp::Kind::subtract ||
         (op.kind == ValueOp::Kind::multiply && !solved);
}

bool prove_steps(const Rule& rule, const Term& term, bool left, Diagnostics& diagnostics) {
  const bool written = left ? rule.to_left : rule.to_right;
  for (const ValueOp& op : term.ops) {
    if (!solvable(op, written)) {
      return report(diagnostics,
                    Diagnostic(Code::arithmetic_not_invertible, term.range, "`{} 0` {}", op_sign(op.kind),
                               op.kind == ValueOp::Kind::divide ? "gives no number" : "leaves nothing to solve for")
                        .help("a factor that is not 0"));
    }
    const Operand* operand = std::get_if<Operand>(&op.operand);
    if (!operand || !written) continue;
    return report(diagnostics, Diagnostic(Code::arithmetic_not_invertible, operand->range,
                                          "`{}` stands on a side that is written, where no tensor can be read",
                                          to_text(operand->key))
                                   .label("needed to solve for the other tensor")
                                   .help("write a rule of one direction that reads both: `->` or `<-`"));
  }
  return true;
}

/// A tensor's own indexes and axes, of every box.
std::vector<std::set<std::string>> axes_of_boxes(const Plan& plan, const Term& term) {
  std::vector<std::set<std::string>> all;
  const auto key_indexes = indexes_of(plan, term.key);
  for (const Box& box : boxes_of(*term.shape)) {
    if (box.dropped) continue;
    all.emplace_back(box.axes.begin(), box.axes.end());
    all.back().insert(key_indexes.begin(), key_indexes.end());
  }
  return all;
}

bool is_single_box(const AxisExpr& axis) {
  if (axis.kind == AxisExpr::Kind::sum || axis.kind == AxisExpr::Kind::dropped ||
      axis.kind == AxisExpr::Kind::ellipsis) {
    return false;
  }
  return std::ranges::all_of(axis.parts, is_single_box);
}

bool prove_operand(const Plan& plan, const Term& term, const Operand& operand, Diagnostics& diagnostics) {
  const std::string key = to_text(operand.key);
  if (!term.shape) {
    return report(diagnostics, Diagnostic(Code::operand_misplaced, term.range,
                                          "`{}` is computed with `{}`, and has no shape", to_text(term.key), key)
                                   .label("which of its elements meet which?")
                                   .also(operand.range, "this tensor has axes")
                                   .help("name the axes of every tensor of the rule"));
  }
  if (!std::ranges::all_of(operand.shape.dims, is_single_box)) {
    return report(diagnostics, Diagnostic(Code::operand_misplaced, operand.range,
                                          "a sum, `_` or `...` stands in the shape of an operand")
                                   .help("name the operand's dimensions by axes of the tensor it is computed with"));
  }
  std::set<std::string> own;
  for (const std::string& index : indexes_of(plan, operand.key)) own.insert(index);
  const auto key_indexes = indexes_of(plan, term.key);
  for (const std::string& index : own) {
    if (std::ranges::find(key_indexes, index) != key_indexes.end()) continue;
    return report(diagnostics,
                  Diagnostic(Code::operand_misplaced, operand.range,
                             "`{{{}}}` varies in `{}` and not in the tensor it is computed with", index, key)
                      .also(term.range, "in this key `{{{}}}` is missing", index)
                      .help("an operand's key has the indexes of the tensor's key, or fewer"));
  }
  for (const AxisUse& use : axis_uses(operand)) {
    if (!own.insert(use.name).second) {
      return report(diagnostics,
                    Diagnostic(Code::axis_twice, use.range, "axis `{}` stands twice in `{}`", use.name, key)
                        .help("two dimensions of one size need two names"));
    }
    for (const auto& axes : axes_of_boxes(plan, term)) {
      if (axes.contains(use.name)) continue;
      return report(diagnostics,
                    Diagnostic(Code::operand_misplaced, use.range,
                               "axis `{}` of `{}` is none of the tensor it is computed with", use.name, key)
                        .also(term.range, "a box of this tensor lacks `{}`", use.name)
                        .help("an operand has some of the tensor's axes, and is repeated along the others"));
    }
  }
  return true;
}

const AxisExpr* find_divided(const AxisExpr& axis) {
  if (axis.kind == AxisExpr::Kind::divided) return &axis;
  for (const AxisExpr& part : axis.parts) {
    if (const AxisExpr* found = find_divided(part)) return found;
  }
  return nullptr;
}

bool prove_term(const Plan& plan, const Rule& rule, const Term& term, bool left, Diagnostics& diagnostics) {
  if (term.shape) {
    for (const AxisExpr& dim : term.shape->dims) {
      const AxisExpr* divided = find_divided(dim);
      if (!divided) continue;
      return report(diagnostics,
                    Diagnostic(Code::divided_misplaced, divided->range.known() ? divided->range : term.range,
                               "`{}` stands outside an operand", to_text(*divided))
                        .label("only the operand of `+ - * /` has one entry for several elements")
                        .help("`w[r c] * scale[r/128 c/128]`; elsewhere name the blocks: `(block r=128)`"));
    }
  }
  if (!prove_steps(rule, term, left, diagnostics)) return false;
  return std::ranges::all_of(operands_of(term),
                             [&](const Operand* operand) { return prove_operand(plan, term, *operand, diagnostics); });
}

bool has_fill(const std::vector<Term>& terms) {
  return std::ranges::any_of(terms, [](const Term& term) { return !term.is_tensor(); });
}

bool prove_fill(const Rule& rule, Diagnostics& diagnostics) {
  const bool at_left = has_fill(rule.left);
  if (!at_left && !has_fill(rule.right)) return true;
  const std::vector<Term>& from = at_left ? rule.left : rule.right;
  const std::vector<Term>& to = at_left ? rule.right : rule.left;
  const bool away = at_left ? !rule.to_left : !rule.to_right;
  if (!away || from.size() != 1 || has_fill(to)) {
    return report(diagnostics, Diagnostic(Code::fill_misplaced, from.front().range, "`fill` is {}",
                                          away ? "one of several sources" : "something that a direction would write")
                                   .help("alone, and away from it: `KEY[shape] as f32 <- fill 0.0`"));
  }
  for (const Term& term : to) {
    if (!term.shape) {
      return report(diagnostics,
                    Diagnostic(Code::fill_misplaced, term.range, "`{}` is filled, and has no shape", to_text(term.key))
                        .help("write its shape in params, indexes and numbers: `[n_layers 1]`"));
    }
    const auto rest = std::ranges::find(term.shape->dims, AxisExpr::Kind::ellipsis, &AxisExpr::kind);
    if (rest != term.shape->dims.end()) {
      return report(diagnostics, Diagnostic(Code::ellipsis_misplaced, rest->range.known() ? rest->range : term.range,
                                            "`...` stands in the shape of what is filled")
                                     .label("no source tells these dimensions")
                                     .help("write them in params, indexes and numbers: `[n_layers 1]`"));
    }
    if (!term.as && !from.front().as) {
      return report(diagnostics,
                    Diagnostic(Code::fill_misplaced, term.range, "`{}` is filled, and has no dtype", to_text(term.key))
                        .help("say how it is stored: `as f32`"));
    }
  }
  return true;
}

}  // namespace

bool prove_values(const Plan& plan, const Rule& rule, Diagnostics& diagnostics) {
  const Term* left = first_with_arithmetic(rule.left);
  const Term* right = first_with_arithmetic(rule.right);
  if (left && right) {
    return report(diagnostics, Diagnostic(Code::arithmetic_not_invertible, right->range, "both sides of a rule compute")
                                   .also(left->range, "here too")
                                   .help("bring the arithmetic to one side: it is solved for the other"));
  }
  for (const bool at_left : {true, false}) {
    for (const Term& term : at_left ? rule.left : rule.right) {
      if (!prove_term(plan, rule, term, at_left, diagnostics)) return false;
    }
  }
  return prove_fill(rule, diagnostics);
}

}  // namespace omap
