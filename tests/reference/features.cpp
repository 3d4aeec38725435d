#include <fmt/format.h>

#include <algorithm>

#include "tests/reference/draw_shapes.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/random_mapping.h"
#include "tests/reference/sizes.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

void of_axis(const Mapping& mapping, const AxisExpr& axis, std::set<std::string>& features) {
  if (axis.kind == Kind::one) features.insert("extent 1");
  if (axis.kind == Kind::ellipsis) features.insert("`...`");
  if (axis.kind == Kind::dropped) features.insert(axis.size ? "`_=n`" : "`_`");
  if (axis.kind == Kind::axis) {
    if (axis.size) features.insert("literal");
    if (mapping.find_index(axis.name)) features.insert("index as an axis");
    if (mapping.find_param(axis.name)) features.insert("param as an axis");
  }
  for (const AxisExpr& part : axis.parts) {
    if (axis.kind == Kind::product && part.kind == Kind::sum) features.insert("sum in a product");
    if (axis.kind == Kind::sum && part.kind == Kind::product) features.insert("product in a sum");
    if (axis.kind == part.kind) features.insert("brackets in brackets of their kind");
    of_axis(mapping, part, features);
  }
}

void of_condition(const std::optional<Condition>& condition, std::set<std::string>& features) {
  if (condition) features.insert(condition->op == Condition::Op::flag ? "when of a param" : "when of an index");
}

/// Choices of one piece of each sum.
std::size_t boxes_in(const Shape& shape) {
  const auto of = [](const AxisExpr& axis, const auto& self) -> std::size_t {
    std::size_t count = axis.kind == Kind::sum ? 0 : 1;
    for (const AxisExpr& part : axis.parts) {
      count = axis.kind == Kind::sum ? count + self(part, self) : count * self(part, self);
    }
    return count;
  };
  std::size_t all = 1;
  for (const AxisExpr& dim : shape.dims) all *= of(dim, of);
  return all;
}

void of_operand(const Mapping& mapping, const MadeRule& rule, const MadeTerm& term, const MadeOperand& operand,
                std::set<std::string>& features) {
  features.insert(operand.shape.dims.empty() ? "operand of rank 0" : "operand with axes");
  const auto own = indexes_in(operand.key);
  if (!own.empty()) features.insert("operand with an index in its key");
  const Extents extents = instance_extents(mapping, rule, 0);
  for (const AxisExpr& dim : operand.shape.dims) {
    for (const std::string& name : names_in(dim)) {
      const auto indexes = indexes_in(term.key);
      if (std::find(indexes.begin(), indexes.end(), name) != indexes.end())
        features.insert("operand along a key's index");
    }
    const auto extent = extents.find(dim.name);
    if (dim.kind != Kind::divided || extent == extents.end()) continue;
    features.insert(extent->second % *dim.size == 0 ? "blocks" : "blocks and a rest");
  }
}

void of_values(const Mapping& mapping, const MadeRule& rule, std::set<std::string>& features) {
  for (const bool left : {true, false}) {
    for (const MadeTerm& term : left ? rule.left : rule.right) {
      if (term.fill) features.insert("fill");
      if (!term.as.empty()) features.insert(mapping.find_param(term.as) ? "as a param" : "as a dtype");
      if (term.dtypes.size() > 1) features.insert("keys of several dtypes");
      if (!term.steps.empty() && term.shape && boxes_in(*term.shape) > 1) features.insert("steps of several boxes");
      if (term.steps.size() > 1) features.insert("several steps");
      for (const MadeStep& step : term.steps) {
        const bool read = rule.arrow != (left ? Arrow::left : Arrow::right);
        const bool written = rule.arrow != (left ? Arrow::right : Arrow::left);
        if (read) features.insert(fmt::format("`{}`", step.sign));
        if (written) features.insert(fmt::format("`{}` solved for", step.sign));
        features.insert(step.tensor          ? "step with a tensor"
                        : step.param.empty() ? "step with a number"
                                             : "step with a param");
        if (step.tensor) of_operand(mapping, rule, term, *step.tensor, features);
      }
    }
  }
}

void of_rule(const Mapping& mapping, const MadeRule& rule, std::set<std::string>& features) {
  features.insert(rule.arrow == Arrow::both ? "<->" : rule.arrow == Arrow::right ? "->" : "<-");
  if (rule.left.size() > 1 && rule.right.size() > 1) features.insert("several keys on both sides");
  if (rule.optional) features.insert(rule.absent ? "optional, absent" : "optional, there");
  of_condition(rule.when, features);
  of_values(mapping, rule, features);
  if (!loops_of(rule).empty()) features.insert("loop index");
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      if (term.key.quoted) features.insert("quoted key");
      if (indexes_in(term.key).size() > loops_of(rule).size()) features.insert("index as an axis in a key");
      for (const KeyPiece& piece : term.key.pieces) {
        if (piece.offset != 0) features.insert("index with an offset");
        if (piece.kind == KeyPiece::Kind::alternatives) features.insert("alternatives");
        const MadeIndex* index = piece.kind == KeyPiece::Kind::index ? mapping.find_index(piece.text) : nullptr;
        if (index && index->names) features.insert("index of names");
      }
      if (!term.shape) {
        features.insert("whole tensors");
        continue;
      }
      features.insert(fmt::format("rank {}", term.shape->dims.size()));
      for (const AxisExpr& dim : term.shape->dims) of_axis(mapping, dim, features);
      if (std::any_of(rule.extents.begin(), rule.extents.end(),
                      [&](const auto& e) { return e.first.starts_with("rep"); })) {
        features.insert("repeated values");
      }
    }
  }
}

void of_block(const Mapping& mapping, const Block& block, std::set<std::string>& features) {
  if (!block.left.pieces.empty()) features.insert("prefixes");
  if (!block.otherwise.empty()) features.insert("else");
  of_condition(block.when, features);
  for (const MadeRule& rule : block.rules) of_rule(mapping, rule, features);
  for (const MadeRule& rule : block.otherwise) of_rule(mapping, rule, features);
  for (const Block& inner : block.inner) {
    if (!block.left.pieces.empty()) features.insert("nested blocks");
    of_block(mapping, inner, features);
  }
}

}  // namespace

std::set<std::string> features_of(const Mapping& mapping) {
  std::set<std::string> features;
  of_block(mapping, mapping.top, features);
  for (const MadeParam& param : mapping.params) {
    if (param.set) features.insert("value from the settings");
  }
  for (const Direction direction : {Direction::right, Direction::left}) {
    for (const auto& [key, tensor] : made_sources(mapping, direction, Alternative::first)) {
      features.insert(fmt::format("{} bytes", bits(tensor.dtype) / 8));
      features.insert(fmt::format("reads {}", name(tensor.dtype)));
      if (tensor.bytes.empty()) features.insert("no elements");
    }
  }
  return features;
}

const std::set<std::string>& all_features() {
  static const std::set<std::string> all{"->",
                                         "1 bytes",
                                         "2 bytes",
                                         "4 bytes",
                                         "8 bytes",
                                         "<-",
                                         "<->",
                                         "`*` solved for",
                                         "`*`",
                                         "`+` solved for",
                                         "`+`",
                                         "`-` solved for",
                                         "`-`",
                                         "`...`",
                                         "`/` solved for",
                                         "`/`",
                                         "`_=n`",
                                         "`_`",
                                         "alternatives",
                                         "as a dtype",
                                         "as a param",
                                         "blocks and a rest",
                                         "blocks",
                                         "brackets in brackets of their kind",
                                         "else",
                                         "extent 1",
                                         "fill",
                                         "index as an axis in a key",
                                         "index as an axis",
                                         "index of names",
                                         "index with an offset",
                                         "keys of several dtypes",
                                         "literal",
                                         "loop index",
                                         "nested blocks",
                                         "no elements",
                                         "operand along a key's index",
                                         "operand of rank 0",
                                         "operand with an index in its key",
                                         "operand with axes",
                                         "optional, absent",
                                         "optional, there",
                                         "param as an axis",
                                         "prefixes",
                                         "product in a sum",
                                         "quoted key",
                                         "rank 0",
                                         "rank 1",
                                         "rank 2",
                                         "rank 3",
                                         "rank 4",
                                         "rank 5",
                                         "rank 6",
                                         "reads BF16",
                                         "reads F16",
                                         "reads F32",
                                         "reads F64",
                                         "reads F8_E4M3",
                                         "reads F8_E4M3FNUZ",
                                         "reads F8_E5M2",
                                         "reads F8_E5M2FNUZ",
                                         "reads F8_E8M0",
                                         "reads I16",
                                         "reads I32",
                                         "reads I64",
                                         "reads I8",
                                         "reads U16",
                                         "reads U32",
                                         "reads U8",
                                         "repeated values",
                                         "several keys on both sides",
                                         "several steps",
                                         "step with a number",
                                         "step with a param",
                                         "step with a tensor",
                                         "steps of several boxes",
                                         "sum in a product",
                                         "value from the settings",
                                         "when of a param",
                                         "when of an index",
                                         "whole tensors"};
  return all;
}

}  // namespace omap::test
