#include "tests/reference/mutate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "tests/reference/changes.h"
#include "tests/reference/draw_shapes.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

void simplify(Shape& shape) {
  for (AxisExpr& dim : shape.dims) test::simplify(dim);
}

void drop_node(const Spot& s) {
  if (s.nodes().empty()) return;
  const AxisExpr* gone = s.random.pick(s.nodes());
  for (AxisExpr* around : s.nodes()) {
    const std::size_t before = around->parts.size();
    std::erase_if(around->parts, [&](const AxisExpr& part) { return &part == gone; });
    if (around->parts.size() != before) return simplify(*s.term->shape);
  }
  std::erase_if(s.term->shape->dims, [&](const AxisExpr& dim) { return &dim == gone; });
}

void swap_axes(const Spot& s) {
  const auto axes = s.nodes(Kind::axis);
  if (axes.size() < 2) return;
  std::swap(s.random.pick(axes)->name, s.random.pick(axes)->name);
}

void swap_pieces(const Spot& s) {
  if (const auto sums = s.nodes(Kind::sum); !sums.empty()) swap_parts(s.random, s.random.pick(sums)->parts);
}
void swap_factors(const Spot& s) {
  if (const auto products = s.nodes(Kind::product); !products.empty())
    swap_parts(s.random, s.random.pick(products)->parts);
}
void swap_dimensions(const Spot& s) {
  if (s.term->shape) swap_parts(s.random, s.term->shape->dims);
}

void swap_kind(const Spot& s) {
  for (AxisExpr* node : s.nodes()) {
    if (node->parts.empty() || s.random.chance(40)) continue;
    node->kind = node->kind == Kind::sum ? Kind::product : Kind::sum;
    const bool dropped = std::any_of(node->parts.begin(), node->parts.end(),
                                     [](const AxisExpr& part) { return part.kind == Kind::dropped; });
    // `_` in a product is no shape at all: that is the grammar's to say.
    if (dropped) node->kind = Kind::sum;
    return;
  }
}

void rename_axis(const Spot& s) {
  if (const auto axes = s.nodes(Kind::axis); !axes.empty()) s.random.pick(axes)->name = s.random.pick(s.names());
}

void change_size(const Spot& s) {
  std::vector<AxisExpr*> nodes = s.nodes(Kind::axis);
  for (AxisExpr* node : s.nodes(Kind::dropped)) nodes.push_back(node);
  if (nodes.empty()) return;
  AxisExpr& node = *s.random.pick(nodes);
  if (node.size && s.random.chance(30)) {
    node.size.reset();
  } else {
    node.size = s.random.between(0, 4);
  }
}

void replace_node(const Spot& s) {
  if (s.nodes().empty()) return;
  AxisExpr& node = *s.random.pick(s.nodes());
  node = s.random.chance(50) ? node_of(Kind::one, {}) : axis_of(s.random.pick(s.names()));
}

void add_node(const Spot& s) {
  if (!s.term->shape) return;
  switch (s.random.below(3)) {
    case 0:
      return drop_somewhere(s.random, *s.term->shape, s.random.chance(50));
    case 1:
      return repeat_somewhere(s.random, *s.term->shape, s.random.pick(s.names()));
    default:
      s.term->shape->dims.push_back(node_of(s.random.chance(50) ? Kind::ellipsis : Kind::one, {}));
  }
}

void change_offset(const Spot& s) {
  for (KeyPiece& piece : s.term->key.pieces) {
    const bool names = piece.kind == KeyPiece::Kind::index && s.mapping.find_index(piece.text)->names;
    if (piece.kind == KeyPiece::Kind::index && !names) piece.offset += s.random.chance(50) ? 1 : -1;
  }
}

void change_key_index(const Spot& s) {
  for (KeyPiece& piece : s.term->key.pieces) {
    if (piece.kind != KeyPiece::Kind::index || s.random.chance(30)) continue;
    if (s.random.chance(50)) {
      piece = {KeyPiece::Kind::text, "0"};
    } else {
      piece.text = s.random.pick(s.mapping.indexes).name;
      piece.offset = 0;
    }
    return;
  }
}

void drop_term(const Spot& s) {
  if (s.terms->size() > 1)
    s.terms->erase(s.terms->begin() + static_cast<std::ptrdiff_t>(s.random.below(s.terms->size())));
}
void swap_terms(const Spot& s) {
  if (s.terms->size() > 1) std::swap(s.terms->front(), s.terms->back());
}
void repeat_term(const Spot& s) { s.terms->push_back(*s.term); }
void drop_shape(const Spot& s) {
  s.term->shape.reset();
  if (s.random.chance(50)) {
    for (auto* side : {&s.rule->left, &s.rule->right}) {
      for (MadeTerm& term : *side) term.shape.reset();
    }
  }
}

void change_arrow(const Spot& s) { s.rule->arrow = s.random.pick(std::vector{Arrow::both, Arrow::left, Arrow::right}); }
void swap_sides(const Spot& s) { std::swap(s.rule->left, s.rule->right); }
void repeat_rule(const Spot& s) {
  const MadeRule again = *s.rule;
  s.rules->push_back(again);
}
void copy_key(const Spot& s) {
  auto lists = rule_lists(s.mapping);
  std::erase_if(lists, [](const auto* rules) { return rules->empty(); });
  const MadeRule& other = s.random.pick(lists)->front();
  if (s.term->fill) return;
  s.term->key = (s.terms == &s.rule->left ? other.left : other.right).front().key;
}
void change_condition(const Spot& s) {
  if (s.rule->when && s.random.chance(50)) {
    s.rule->when->negated = !s.rule->when->negated;
  } else if (s.rule->when) {
    s.rule->when.reset();
  } else {
    s.rule->when = Condition{Condition::Op::flag, s.random.chance(50), "flag", {}};
  }
}
void change_optional(const Spot& s) { s.rule->optional = !s.rule->optional; }

void change_param(const Spot& s) {
  MadeParam& param = s.mapping.params[s.random.below(s.mapping.params.size())];
  if (param.real) {
    param.real = s.random.chance(30) ? 0 : *param.real + 1;
    return;
  }
  if (param.dtype) {
    param.dtype = s.random.pick(std::vector{Dtype::f64, Dtype::bf16, Dtype::i32});
    return;
  }
  param.value = param.flag ? 1 - param.value : std::max<std::int64_t>(0, param.value + (s.random.chance(50) ? 1 : -1));
}
void change_bound(const Spot& s) {
  MadeIndex& index = s.mapping.indexes[s.random.below(s.mapping.indexes.size())];
  if (s.random.chance(30)) {
    s.random.shuffle(index.values);
  } else if (index.values.size() > 1 && s.random.chance(60)) {
    index.values.erase(s.random.chance(50) ? index.values.begin() : index.values.end() - 1);
  } else {
    index.values.push_back(index.names ? "other" : "17");
  }
  const char open = index.names ? '{' : '[', close = index.names ? '}' : ']';
  index.list = fmt::format("{}{}{}", open, fmt::join(index.values, ", "), close);
}

const std::vector<Change>& layout_changes() {
  static const std::vector<Change> all{{"drop a part", drop_node},
                                       {"swap two axes", swap_axes},
                                       {"swap two pieces", swap_pieces},
                                       {"swap two factors", swap_factors},
                                       {"swap two dimensions", swap_dimensions},
                                       {"a sum for a product", swap_kind},
                                       {"rename an axis", rename_axis},
                                       {"change a size", change_size},
                                       {"replace a part", replace_node},
                                       {"add a part", add_node},
                                       {"change an offset", change_offset},
                                       {"change an index of a key", change_key_index},
                                       {"drop a term", drop_term},
                                       {"swap two terms", swap_terms},
                                       {"repeat a term", repeat_term},
                                       {"drop a shape", drop_shape},
                                       {"change an arrow", change_arrow},
                                       {"swap the sides", swap_sides},
                                       {"repeat a rule", repeat_rule},
                                       {"copy a key", copy_key},
                                       {"change a condition", change_condition},
                                       {"change `optional`", change_optional},
                                       {"change a param", change_param},
                                       {"change a bound", change_bound}};
  return all;
}

/// What a mapping's text and settings say.
std::string meaning_of(const Mapping& mapping) {
  std::string text = spell(mapping);
  for (const MadeParam& param : mapping.params) text += fmt::format("{} = {}\n", param.name, spell_value(param));
  return text;
}

}  // namespace

Mutation mutate(Random& random, const Mapping& mapping, Changes changes) {
  constexpr int most_spots = 8;
  const std::string before = meaning_of(mapping);
  for (;;) {
    const Change& change = random.pick(changes == Changes::layout ? layout_changes() : value_changes());
    for (int spot = 0; spot < most_spots; ++spot) {
      Mutation mutation{mapping, change.what};
      auto lists = rule_lists(mutation.mapping);
      std::erase_if(lists, [](const auto* rules) { return rules->empty(); });
      auto* rules = random.pick(lists);
      MadeRule& rule = (*rules)[random.below(rules->size())];
      auto* terms = random.chance(50) ? &rule.left : &rule.right;
      change.apply({random, mutation.mapping, rules, &rule, terms, &(*terms)[random.below(terms->size())]});
      if (meaning_of(mutation.mapping) != before) return mutation;
    }
  }
}

}  // namespace omap::test
