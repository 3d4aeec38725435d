#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/example_plan.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string declared = "param p: int\nindex i in 0..4\nindex j in 0..4\nindex kv in {k, v}\n";

std::string said(const std::string& rule) { return said_of_rule(prove_axes, declared + rule); }
std::string code(const std::string& rule) { return said(rule).substr(0, 6); }

}  // namespace

TEST_CASE("the axes of an equation stand on both sides") {
  CHECK(said("x[a b] <-> y[b a]").empty());
  CHECK(said("x[a b] <-> y[b]") == "OM3004 axis `a` stands in the source but in no destination");
  CHECK(said("x[a] <-> y[a b]") == "OM3004 axis `b` stands in the destination but in no source");
  CHECK(said("x[a] <-> y[p a]") == "OM3004 axis `p` stands in the destination but in no source");
  CHECK(said("x[a] <-> y[a r=2]") == "OM3004 axis `r` stands in the destination but in no source");
  CHECK(said("x[a 1] <-> y[1 a 1]").empty());
}

TEST_CASE("a rule of one direction repeats along an axis of known extent, and drops none") {
  CHECK(said("x[a] -> y[p a]").empty());
  CHECK(said("x[a] -> y[a r=2]").empty());
  CHECK(said("x[a] -> y.{i}[a]").empty());
  CHECK(said("x[a] -> y[a b]") == "OM3004 axis `b` stands in the destination but in no source");
  // Read the other way the same axis would be dropped.
  CHECK(said("x[a] <- y[p a]") == "OM3004 axis `p` stands in the source but in no destination");
  CHECK(said("x[p a] <- y[a]").empty());
}

TEST_CASE("an index in a key is an axis, unless it is in every key") {
  CHECK(said("x.{i}[a] <-> y[i a]").empty());
  CHECK(said("x.{i}[a] <-> y.{i}[a]").empty());
  CHECK(said("x.{i}[j a] <-> y.{i}.{j}[a]").empty());
  CHECK(said("x.{i}[a] <-> y[a]") == "OM3004 axis `i` stands in the source but in no destination");
  CHECK(said("x.{i}[a] <-> y[j a]").starts_with("OM3004"));
  CHECK(said("x.{i}[i a] <-> y[i a]") == "OM3005 axis `i` stands twice in one box of `x.{i}`");
  CHECK(said("x.{i}[i a] <-> y.{i}[i a]") == "OM3005 axis `i` stands twice in one box of `x.{i}`");
}

TEST_CASE("an axis stands once in a box, not once in a shape") {
  CHECK(said("x[a a] <-> y[a]") == "OM3005 axis `a` stands twice in one box of `x`");
  CHECK(said("x[(a a)] <-> y[a]") == "OM3005 axis `a` stands twice in one box of `x`");
  CHECK(said("x[(a + b) (a + c)] <-> y[a]").starts_with("OM3005"));
  CHECK(said("x[(a + a)] <-> y1[a], y2[a]").empty());
  CHECK(said("x[(a + (b c)) d] <-> y1[a d], y2[b c d]").empty());
  CHECK(said("y1[a d], y2[b c d] <-> x[(a + (b c d)) d]").starts_with("OM3005"));
}

TEST_CASE("boxes pair by their axes, in any order and number of tensors") {
  CHECK(said("x[(a + b)] <-> y[(b + a)]").empty());
  CHECK(said("x[(a + b) d], y[c d] <-> u[(c + a) d], v[d b]").empty());
  CHECK(said("x[(a + b)] <-> y[a]").starts_with("OM3004"));
  CHECK(said("x[(a + a)] <-> y[a]") == "OM3006 the two sides have different numbers of boxes with the axes `a`");
  CHECK(said("x[(a + a)] -> y[a]") == "OM3006 the two sides have different numbers of boxes with the axes `a`");
  CHECK(said("x[(a + b) c] <-> y1[a c], y2[b], y3[c]").starts_with("OM3006"));
  CHECK(said("x[((a c) + b)] <-> y1[a b], y2[c]").starts_with("OM3006"));
}

TEST_CASE("boxes of equal axes pair in order only within one sum of each tensor") {
  CHECK(said("x[(a + a) (b + b)] <-> y1[a b], y2[a b], y3[a b], y4[a b]") ==
        "OM3007 several boxes of `x` have the axes `a b`");
  CHECK(said("x[(a + a) (b + b)] <-> y[(a + a) (b + b)]").starts_with("OM3007"));
  CHECK(said("y1[a b], y2[a b], y3[a b], y4[a b] -> x[(a + a) (b + b)]").starts_with("OM3007"));
  // A sum within a piece of another: the boxes differ in both.
  CHECK(said("x[((a + a) + a)] <-> y1[a], y2[a], y3[a]").starts_with("OM3007"));
  CHECK(said("x[(a + a + a)] <-> y1[a], y2[a], y3[a]").empty());
  // Two sums, of which the pieces of one have axes of their own: each set of axes comes from a single sum.
  CHECK(said("x[(a + a) (b + c)] <-> y1[a b], y2[a b], z1[a c], z2[a c]").empty());
  // An index of names tells the pieces apart.
  CHECK(said("x[(kv a) (b + b)] <-> y1.{kv}[a b], y2.{kv}[a b]").empty());
  // Several tensors of one side are in reading order already.
  CHECK(said("x1[(a + a)], x2[(a + a)] <-> y[(a + a + a + a)]").empty());
}

TEST_CASE("`_` is dropped, or zero, in one direction only") {
  CHECK(said("x[(a + _)] -> y[a]").empty());
  CHECK(said("x[a] <- y[(a + _)]").empty());
  CHECK(said("x[(a + _)] <-> y[a]") == "OM3002 `_` drops elements, which no equation can bring back");
  CHECK(said("x[(a + _=2)] <-> y[a]").starts_with("OM3002"));
  CHECK(said("x[a] -> y[(a + _)]") == "OM3003 `_` in a destination has no size");
  CHECK(said("x[(a + _)] <- y[a]") == "OM3003 `_` in a destination has no size");
  CHECK(said("x[a] -> y[(_=0 + a + _=2)]").empty());
}

TEST_CASE("all tensors of a rule have shapes, or a rule is one tensor on each side") {
  CHECK(said("x <-> y").empty());
  CHECK(code("x[a] <-> y") == "OM3008");
  CHECK(code("x -> y[a]") == "OM3008");
  CHECK(code("x, y -> z") == "OM3008");
  CHECK(said("x[] <-> y[]").empty());
}

TEST_CASE("`...` stands on both sides, or on none") {
  CHECK(said("x[... a] <-> y[a ...]").empty());
  CHECK(code("x[...] <-> y[a]") == "OM3009");
  CHECK(code("x[a] -> y[a ...]") == "OM3009");
  CHECK(said("x[(a + b) ...] <-> y1[a ...], y2[b ...]").empty());
}

TEST_CASE("a literal has one value in a rule") {
  CHECK(said("x[(t=2 a)] <-> y[t=2 a]").empty());
  CHECK(said("x[(t=2 a)] <-> y[t=3 a]").starts_with("OM3"));
  CHECK(said("x[(t=2 a)] <-> y[t a]").empty());
}

TEST_CASE("what is filled has a shape by itself") {
  CHECK(said("x[p i] as f32 <- fill 0.0").empty());
  CHECK(said("x[p p] as f32 <- fill 0.0") == "OM3005 axis `p` stands twice in one box of `x`");
}

TEST_CASE("a plan by hand is held to the same") {
  Plan plan = unproved("x[a b] <-> y[b a]");
  plan.rules[0].right[0].shape = Shape{{example::axis("b"), example::sum({example::axis("a"), example::axis("a")})}};
  CHECK(said_of_rule(prove_axes, plan).starts_with("OM3006"));
}
