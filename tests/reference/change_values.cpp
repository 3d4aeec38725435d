#include <algorithm>

#include "tests/reference/changes.h"
#include "tests/reference/draw_values.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

/// A step of some term, and where it stands; nothing if the rule has none that fits.
struct StepAt {
  MadeTerm* term = nullptr;
  MadeStep* step = nullptr;
};
template <class Fits>
StepAt pick_step(const Spot& s, const Fits& fits) {
  std::vector<StepAt> all;
  for (auto* side : {&s.rule->left, &s.rule->right}) {
    for (MadeTerm& term : *side) {
      for (MadeStep& step : term.steps) {
        if (fits(step)) all.push_back({&term, &step});
      }
    }
  }
  return all.empty() ? StepAt() : s.random.pick(all);
}
bool any_step(const MadeStep&) { return true; }
bool with_tensor(const MadeStep& step) { return step.tensor.has_value(); }

void change_sign(const Spot& s) {
  if (const StepAt at = pick_step(s, any_step); at.step) at.step->sign = "+-*/"[s.random.below(4)];
}
void change_number(const Spot& s) {
  const StepAt at = pick_step(s, [](const MadeStep& step) { return !step.tensor; });
  if (!at.step) return;
  at.step->param = s.random.chance(20) ? s.random.pick(s.mapping.params).name : "";
  at.step->number = s.random.pick(std::vector<double>{0, 1, -1, 2, 3, 0.3, 1e30});
}
void drop_step(const Spot& s) {
  const StepAt at = pick_step(s, any_step);
  if (at.step) at.term->steps.erase(at.term->steps.begin() + (at.step - at.term->steps.data()));
}
void add_some_step(const Spot& s) {
  if (s.term->fill) return;
  add_step(s.random, s.mapping, 99, false, *s.term);
  if (!s.term->shape || s.random.chance(60)) return;
  // A tensor that is there: its own, or one of another term.
  const MadeTerm& other = s.random.pick(s.random.chance(50) ? s.rule->left : s.rule->right);
  if (other.shape) s.term->steps.back().tensor = MadeOperand{other.key, *other.shape, Dtype::f32};
}
void move_steps(const Spot& s) { std::swap(s.rule->left.front().steps, s.rule->right.front().steps); }

void drop_operand_axis(const Spot& s) {
  const StepAt at = pick_step(s, [](const MadeStep& step) { return step.tensor && !step.tensor->shape.dims.empty(); });
  if (!at.step) return;
  auto& dims = at.step->tensor->shape.dims;
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(s.random.below(dims.size())));
}
void change_operand_axes(const Spot& s) {
  const StepAt at = pick_step(s, with_tensor);
  if (!at.step) return;
  auto& dims = at.step->tensor->shape.dims;
  if (dims.size() > 1 && s.random.chance(50)) return swap_parts(s.random, dims);
  if (!dims.empty() && s.random.chance(50)) {
    for (AxisExpr* node : nodes_of(at.step->tensor->shape)) {
      if (node->name.empty() || s.random.chance(30)) continue;
      s.random.chance(50) ? void(node->name = s.random.pick(s.names())) : void(node->size = s.random.between(1, 3));
      return;
    }
  }
  dims.push_back(s.random.chance(30) ? node_of(Kind::one, {}) : axis_of(s.random.pick(s.names())));
}
/// `r/3` for `r/4`, for `r`, and the other way round.
void change_block(const Spot& s) {
  const StepAt at = pick_step(s, with_tensor);
  if (!at.step) return;
  auto nodes = nodes_of(at.step->tensor->shape);
  std::erase_if(nodes, [](const AxisExpr* node) { return node->name.empty(); });
  if (nodes.empty()) return;
  AxisExpr& node = *s.random.pick(nodes);
  const bool plain = node.kind == Kind::divided && s.random.chance(30);
  node.kind = plain ? Kind::axis : Kind::divided;
  node.size = plain ? std::nullopt : std::optional(s.random.between(1, 5));
}
void change_operand_key(const Spot& s) {
  const StepAt at = pick_step(s, with_tensor);
  if (!at.step) return;
  for (KeyPiece& piece : at.step->tensor->key.pieces) {
    const bool index = piece.kind == KeyPiece::Kind::index;
    if (!index || s.random.chance(30)) continue;
    piece = s.random.chance(50) ? KeyPiece{KeyPiece::Kind::text, "0"}
                                : KeyPiece{KeyPiece::Kind::index, s.random.pick(s.mapping.indexes).name};
    return;
  }
  at.step->tensor->key = s.random.pick(s.random.chance(50) ? s.rule->left : s.rule->right).key;
}

void drop_as(const Spot& s) { s.term->as.clear(); }
void change_as(const Spot& s) {
  if (s.random.chance(20)) {
    s.term->as = s.random.pick(std::vector<std::string>{"i32", "u8", "i64", "scale", "f8_e8m0", "bool"});
  } else {
    add_as(s.random, s.mapping, *s.term);
  }
}
void change_fill(const Spot& s) {
  for (auto* side : {&s.rule->left, &s.rule->right}) {
    for (MadeTerm& term : *side) {
      if (!term.fill) continue;
      term.fill = s.random.pick(std::vector<double>{0, -0.0, 2, 1e30});
      if (s.random.chance(30)) term.as = "i32";
    }
  }
}

}  // namespace

const std::vector<Change>& value_changes() {
  static const std::vector<Change> all{{"change an operator", change_sign},
                                       {"change a number", change_number},
                                       {"drop a step", drop_step},
                                       {"add a step", add_some_step},
                                       {"move the arithmetic", move_steps},
                                       {"drop an operand's axis", drop_operand_axis},
                                       {"change an operand's axes", change_operand_axes},
                                       {"change a block", change_block},
                                       {"change an operand's key", change_operand_key},
                                       {"drop an `as`", drop_as},
                                       {"change an `as`", change_as},
                                       {"change a `fill`", change_fill}};
  return all;
}

}  // namespace omap::test
