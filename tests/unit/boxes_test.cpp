#include "runtime/plan/boxes.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "compiler/compile.h"

using namespace omap;

namespace {

/// The plan of one rule over the params and indexes that the tests use.
Plan plan_of(const std::string& rule) {
  const std::string text =
      "omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n"
      "param n: int\nparam p: int\nparam q: int\nindex layer in 0..n\nindex kv in {k, v}\n" +
      rule + "\n}\n";
  Compilation compilation = compile("boxes", text);
  REQUIRE_FALSE(has_errors(compilation.diagnostics));
  return std::move(compilation.plans.front());
}

Shape shape_of(const std::string& shape) { return *plan_of("x" + shape + " -> y" + shape).rules[0].left[0].shape; }

std::string text_of(const std::vector<Box>& boxes) {
  std::string text;
  for (const Box& box : boxes) {
    if (!text.empty()) text += " | ";
    for (const std::string& axis : box.axes) text += axis + " ";
    for (const SumChoice choice : box.choices)
      text += std::to_string(choice.sum) + ":" + std::to_string(choice.piece) + " ";
    if (box.dropped) text += "dropped ";
  }
  return text;
}

AxisExpr axis(std::string name) { return {AxisExpr::Kind::axis, std::move(name), {}, {}, {}}; }
AxisExpr made(AxisExpr::Kind kind, std::vector<AxisExpr> parts) { return {kind, {}, {}, std::move(parts), {}}; }
AxisExpr sum(std::vector<AxisExpr> parts) { return made(AxisExpr::Kind::sum, std::move(parts)); }
AxisExpr product(std::vector<AxisExpr> parts) { return made(AxisExpr::Kind::product, std::move(parts)); }
Shape shape(std::vector<AxisExpr> dims) { return {std::move(dims)}; }

/// Both sides with these shapes, one tensor each.
SideBoxes side(const std::vector<Shape>& shapes) {
  SideBoxes boxes;
  for (const Shape& each : shapes) boxes.boxes.push_back(boxes_of(each));
  boxes.key_axes.resize(shapes.size());
  return boxes;
}

std::string text_of(const Pairing& pairing) {
  std::string text;
  for (const BoxPair& pair : pairing.pairs) {
    text += std::to_string(pair.source.term) + "." + std::to_string(pair.source.box) + "=" +
            std::to_string(pair.destination.term) + "." + std::to_string(pair.destination.box) + " ";
  }
  return text;
}

const AxisExpr dropped = made(AxisExpr::Kind::dropped, {});

}  // namespace

TEST_CASE("a shape without sums is one box") {
  CHECK(text_of(boxes_of(shape({}))) == "");
  CHECK(boxes_of(shape({})).size() == 1);
  CHECK(text_of(boxes_of(shape_of("[(layer x two=2) 1 ...]"))) == "layer x two ... ");
}

TEST_CASE("boxes come in reading order, the first sum slowest") {
  CHECK(text_of(boxes_of(shape({sum({axis("a"), axis("b")}), sum({axis("c"), axis("d")})}))) ==
        "a c 0:0 1:0  | a d 0:0 1:1  | b c 0:1 1:0  | b d 0:1 1:1 ");
}

TEST_CASE("sums are numbered in reading order, also inside pieces") {
  // (a + (b + c) e) (d + f): a piece that was not chosen has no choices.
  const Shape nested =
      shape({sum({axis("a"), product({sum({axis("b"), axis("c")}), axis("e")})}), sum({axis("d"), axis("f")})});
  CHECK(text_of(boxes_of(nested)) ==
        "a d 0:0 2:0  | a f 0:0 2:1  | b e d 0:1 1:0 2:0  | b e f 0:1 1:0 2:1  | c e d 0:1 1:1 2:0  | c e f 0:1 1:1 "
        "2:1 ");
}

TEST_CASE("a box with a dropped piece is dropped whole") {
  CHECK(text_of(boxes_of(shape({sum({axis("v"), dropped}), axis("d")}))) == "v d 0:0  | d 0:1 dropped ");
}

TEST_CASE("boxes are counted without being made") {
  const AxisExpr two = sum({axis("a"), axis("a")});
  std::vector<AxisExpr> dims(60, two);
  CHECK(box_count(shape(dims), 4096) == std::nullopt);
  dims.resize(12);
  CHECK(box_count(shape(dims), 4096) == 4096);
  CHECK(box_count(shape(dims), 4095) == std::nullopt);
  CHECK(box_count(shape({}), 1) == 1);
  CHECK(box_count(shape({sum({two, two, axis("b")})}), 5) == 5);
}

TEST_CASE("boxes pair by their axes, whatever their order and place") {
  // qkv[(g (r + kv) hd) d] <-> q[(g r hd) d], {kv}[(g hd) d]
  const Plan plan = plan_of("q_proj[(p r q) d], {kv}_proj[(p q) d] <-> qkv[(p (r + kv) q) d]");
  const Rule& rule = plan.rules[0];
  const Pairing pairing = pair_boxes(side_boxes(plan, rule.left, {}), side_boxes(plan, rule.right, {}), false);
  CHECK(pairing.fault == Pairing::Fault::none);
  CHECK(text_of(pairing) == "0.0=0.0 1.0=0.1 ");
}

TEST_CASE("equal axes pair in reading order, across tensors") {
  const AxisExpr two = sum({axis("z"), axis("z")});
  const AxisExpr three = sum({axis("z"), axis("z"), axis("z")});
  const Pairing pairing =
      pair_boxes(side({shape({two}), shape({two}), shape({two})}), side({shape({three}), shape({three})}), false);
  CHECK(pairing.fault == Pairing::Fault::none);
  CHECK(text_of(pairing) == "0.0=0.0 0.1=0.1 1.0=0.2 1.1=1.0 2.0=1.1 2.1=1.2 ");
}

TEST_CASE("equal axes from two sums of one tensor are ambiguous") {
  const AxisExpr two = sum({axis("z"), axis("z")});
  const AxisExpr wide = sum({axis("d"), axis("d")});
  const auto parts = side({shape({axis("z"), axis("d")}), shape({axis("z"), axis("d")}), shape({axis("z"), axis("d")}),
                           shape({axis("z"), axis("d")})});
  const auto whole = side({shape({two, wide})});
  Pairing pairing = pair_boxes(parts, whole, false);
  CHECK(pairing.fault == Pairing::Fault::ambiguous);
  CHECK_FALSE(pairing.at_source);
  pairing = pair_boxes(whole, parts, false);
  CHECK(pairing.fault == Pairing::Fault::ambiguous);
  CHECK(pairing.at_source);
  // One sum inside a piece of another is two sums as well.
  CHECK(pair_boxes(side({shape({sum({two, axis("z")})})}),
                   side({shape({axis("z")}), shape({axis("z")}), shape({axis("z")})}), false)
            .fault == Pairing::Fault::ambiguous);
  // A second sum in which they do not differ takes no part.
  const auto named = side({shape({two, sum({axis("d"), axis("e")})})});
  const auto four = side({shape({axis("z"), axis("d")}), shape({axis("z"), axis("d")}), shape({axis("z"), axis("e")}),
                          shape({axis("z"), axis("e")})});
  CHECK(text_of(pair_boxes(named, four, false)) == "0.0=0.0 0.2=1.0 0.1=2.0 0.3=3.0 ");
}

TEST_CASE("a box without a partner is named") {
  const auto x = shape({axis("x")});
  const auto y = shape({axis("y")});
  Pairing pairing = pair_boxes(side({x}), side({x, y}), false);
  CHECK(pairing.fault == Pairing::Fault::no_source);
  CHECK(pairing.at == TermBox{1, 0});
  pairing = pair_boxes(side({x, y}), side({x}), false);
  CHECK(pairing.fault == Pairing::Fault::no_destination);
  CHECK(pairing.at == TermBox{1, 0});
  pairing = pair_boxes(side({x, x}), side({x}), true);
  CHECK(pairing.fault == Pairing::Fault::counts_differ);
}

TEST_CASE("dropped boxes pair with nothing") {
  const auto padded = side({shape({sum({axis("v"), dropped}), axis("d")})});
  const auto cut = side({shape({axis("v"), axis("d")})});
  CHECK(text_of(pair_boxes(padded, cut, true)) == "0.0=0.0 ");
  CHECK(text_of(pair_boxes(cut, padded, true)) == "0.0=0.0 ");
}

TEST_CASE("in one direction values are repeated along axes that the source lacks") {
  const auto row = side({shape({axis("d")})});
  const auto rows = side({shape({axis("n"), axis("d")})});
  CHECK(text_of(pair_boxes(row, rows, true)) == "0.0=0.0 ");
  CHECK(pair_boxes(row, rows, false).fault == Pairing::Fault::no_destination);
  CHECK(pair_boxes(rows, row, true).fault != Pairing::Fault::none);
  // Two sources could be meant.
  const auto two = side({shape({axis("d")}), shape({axis("n")})});
  CHECK(pair_boxes(two, rows, true).fault == Pairing::Fault::no_source);
}

TEST_CASE("an index in a key is an axis of each box, unless the rule loops over it") {
  const Plan plan = plan_of("x.{layer}.{kv}[d] <-> y.{layer}[kv d]");
  const Rule& rule = plan.rules[0];
  const auto loops = loop_indexes(plan, rule);
  CHECK(loops == std::vector<std::string>{"layer"});
  const SideBoxes left = side_boxes(plan, rule.left, loops);
  CHECK(left.key_axes[0] == std::vector<std::string>{"kv"});
  CHECK(text_of(pair_boxes(left, side_boxes(plan, rule.right, loops), false)) == "0.0=0.0 ");
}
