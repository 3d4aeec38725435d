#include "tests/reference/draw_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/reference/draw_shapes.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

/// What can be written after computing, what can be read besides.
const std::vector<Dtype>& floats() {
  static const std::vector<Dtype> all{Dtype::f32,         Dtype::f32,        Dtype::bf16,    Dtype::bf16,
                                      Dtype::f16,         Dtype::f64,        Dtype::f8_e4m3, Dtype::f8_e5m2,
                                      Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz};
  return all;
}
Dtype draw_number(Random& random) {
  static const std::vector<Dtype> integers{Dtype::u8,  Dtype::i8,  Dtype::u16,    Dtype::i16,
                                           Dtype::i32, Dtype::u32, Dtype::f8_e8m0};
  return random.chance(35) ? random.pick(integers) : random.pick(floats());
}

/// 0 is no factor; some numbers are not float32's, and some are not even near.
double draw_factor(Random& random) {
  static const std::vector<double> factors{2, 0.5, 3, 7, -1, 0.1, -0.75, 1.0000001, 0.001, 255, 16777217, 1e10};
  return random.pick(factors);
}
double draw_term(Random& random) {
  static const std::vector<double> terms{1, 1, -1, 0, 0.1, 128, 0.00000001, 16777217, 1e30, -3.5};
  return random.pick(terms);
}

std::set<std::string> common(const std::vector<std::set<std::string>>& sets) {
  if (sets.empty()) return {};
  std::set<std::string> all = sets.front();
  for (const auto& set : sets) std::erase_if(all, [&](const std::string& name) { return !set.contains(name); });
  return all;
}

bool is_dropped(const AxisExpr& axis) {
  return axis.kind == Kind::dropped ||
         (!axis.parts.empty() && std::all_of(axis.parts.begin(), axis.parts.end(), is_dropped));
}

/// Axes in each box that is not `_`.
std::set<std::string> axes_of_all_boxes(const AxisExpr& axis) {
  if (axis.kind == Kind::axis) return {axis.name};
  std::vector<std::set<std::string>> parts;
  for (const AxisExpr& part : axis.parts) {
    if (!is_dropped(part)) parts.push_back(axes_of_all_boxes(part));
  }
  if (axis.kind == Kind::sum) return common(parts);
  std::set<std::string> all;
  for (const auto& part : parts) all.insert(part.begin(), part.end());
  return all;
}

MadeOperand draw_operand(Random& random, const MadeTerm& term, std::size_t number, std::size_t step) {
  MadeOperand operand;
  operand.dtype = draw_number(random);
  operand.key.pieces.push_back({KeyPiece::Kind::text, fmt::format("op{}_{}", number, step)});
  std::set<std::string> axes;
  for (const AxisExpr& dim : term.shape->dims) axes.merge(axes_of_all_boxes(dim));
  for (const std::string& index : indexes_in(term.key)) {
    if (random.chance(50)) {
      operand.key.pieces.push_back({KeyPiece::Kind::text, "."});
      operand.key.pieces.push_back(
          *std::find_if(term.key.pieces.begin(), term.key.pieces.end(),
                        [&](const KeyPiece& p) { return p.kind == KeyPiece::Kind::index && p.text == index; }));
    } else {
      axes.insert(index);
    }
  }
  if (random.chance(10)) {
    operand.key.pieces.push_back({KeyPiece::Kind::text, "."});
    operand.key.pieces.push_back({KeyPiece::Kind::alternatives, "", 0, {"scale_inv", "scale"}});
  }
  std::vector<AxisExpr> dims;
  for (const std::string& name : axes) {
    if (random.chance(35)) continue;
    dims.push_back(axis_of(name));
    if (!random.chance(35)) continue;
    dims.back().kind = Kind::divided;
    dims.back().size = random.pick(std::vector<std::int64_t>{1, 2, 2, 3, 4, 128});
  }
  random.shuffle(dims);
  if (random.chance(10)) dims.push_back(node_of(Kind::one, {}));
  for (AxisExpr& dim : dims) {
    auto& all = operand.shape.dims;
    if (!all.empty() && random.chance(20)) {
      all.back() = node_of(Kind::product, {all.back(), std::move(dim)});
    } else {
      all.push_back(std::move(dim));
    }
  }
  return operand;
}

/// Lets tensors of one side be computed with one tensor, if it has neither axes nor indexes.
void share_operands(Random& random, std::vector<MadeTerm>& terms) {
  const MadeOperand* shared = nullptr;
  for (MadeTerm& term : terms) {
    for (MadeStep& step : term.steps) {
      if (!step.tensor) continue;
      if (shared && random.chance(50)) step.tensor = *shared;
      if (step.tensor->shape.dims.empty() && indexes_in(step.tensor->key).empty()) shared = &*step.tensor;
    }
  }
}

void draw_dtypes(Random& random, std::vector<MadeTerm>& sources, const std::vector<MadeTerm>& destinations) {
  const bool all_said =
      std::all_of(destinations.begin(), destinations.end(), [](const MadeTerm& term) { return !term.as.empty(); });
  if (!all_said) return;
  for (MadeTerm& term : sources) {
    for (std::size_t n = 1 + random.below(2); n > 0; --n) {
      // Those that are stored as they are, among others that are not.
      const auto stored = dtype_from_text(random.pick(destinations).as);
      term.dtypes.push_back(stored && random.chance(40) ? *stored : draw_number(random));
    }
  }
}

}  // namespace

void declare_value_params(Random& random, Mapping& mapping) {
  mapping.params.push_back({"scale", 0, false, random.chance(30), draw_factor(random), {}});
  mapping.params.push_back({"shift", random.between(1, 3), false, random.chance(30), {}, {}});
  mapping.params.push_back({"kind", 0, false, random.chance(30), {}, random.pick(floats())});
}

void add_step(Random& random, const Mapping& mapping, std::size_t number, bool tensors, MadeTerm& term) {
  MadeStep step;
  step.sign = "+-*/"[random.below(4)];
  if (tensors && term.shape && random.chance(70)) {
    step.tensor = draw_operand(random, term, number, term.steps.size());
  } else if (mapping.find_param("scale") && random.chance(30)) {
    step.param = random.chance(50) ? "scale" : "shift";
  } else {
    step.number = step.sign == '+' || step.sign == '-' ? draw_term(random) : draw_factor(random);
  }
  term.steps.push_back(std::move(step));
}

void add_as(Random& random, const Mapping& mapping, MadeTerm& term) {
  term.as = mapping.find_param("kind") && random.chance(25) ? "kind" : spell(random.pick(floats()));
}

void draw_values(Random& random, const Mapping& mapping, std::size_t number, MadeRule& rule) {
  rule.dtype = random.pick(floats());
  const bool one_way = rule.arrow != Arrow::both;
  auto& sources = rule.arrow == Arrow::left ? rule.right : rule.left;
  auto& destinations = rule.arrow == Arrow::left ? rule.left : rule.right;
  const bool at_source = random.chance(one_way ? 85 : 50);
  if (random.chance(80)) {
    std::size_t keys = 0;
    for (MadeTerm& term : at_source ? sources : destinations) {
      ++keys;
      if (random.chance(25)) continue;
      for (std::size_t n = 1 + random.below(3); n > 0; --n) {
        add_step(random, mapping, number * 10 + keys, one_way && at_source, term);
      }
    }
  }
  share_operands(random, sources);
  for (auto* side : {&sources, &destinations}) {
    const unsigned chance = random.chance(50) ? 95 : 20;
    for (MadeTerm& term : *side) {
      if (random.chance(chance)) add_as(random, mapping, term);
    }
  }
  draw_dtypes(random, sources, destinations);
  if (!one_way) draw_dtypes(random, destinations, sources);
}

void draw_fill(Random& random, MadeRule& rule) {
  static const std::vector<double> numbers{0, 0, 1, -1, 0.1, -0.0, 65520, 1e300, 1e-42};
  auto& sources = rule.arrow == Arrow::left ? rule.right : rule.left;
  auto& destinations = rule.arrow == Arrow::left ? rule.left : rule.right;
  MadeTerm fill;
  fill.fill = random.pick(numbers);
  if (random.chance(30)) fill.as = spell(random.pick(floats()));
  for (MadeTerm& term : destinations) {
    if (fill.as.empty() || random.chance(50)) term.as = spell(random.pick(floats()));
  }
  sources = {std::move(fill)};
}

}  // namespace omap::test
