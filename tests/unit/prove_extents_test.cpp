#include <doctest/doctest.h>

#include "runtime/plan/known_extents.h"
#include "runtime/plan/prove_rules.h"
#include "tests/unit/example_plan.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string declared = "param p: int\nparam q: int\nindex i in 0..4\n";

std::string said(const std::string& rule) { return said_of_rule(prove_extents, declared + rule); }

/// The axes that a direction of a rule knows, as `a b c`.
std::string known(const std::string& rule, Direction direction) {
  const Plan plan = unproved(declared + rule);
  std::set<std::string> axes = declared_extents(plan, plan.rules[0]);
  learn_extents(plan.rules[0], direction, axes);
  axes.erase("...");
  std::string text;
  for (const std::string& axis : axes) text += (text.empty() ? "" : " ") + axis;
  return text;
}

std::string unknown(const std::string& axis, const std::string& to) {
  return "OM3010 the extent of axis `" + axis + "` is not determined towards `" + to + "`";
}

}  // namespace

TEST_CASE("a dimension of a source tells its axis, and the sum of several only their sum") {
  CHECK(said("x[a b] <-> y[b a]").empty());
  CHECK(said("x[a], y[b] -> z[(a + b)]").empty());
  CHECK(said("x[a], y[b] <- z[(a + b)]") == unknown("a", "a"));
  CHECK(said("z[(a + b)] -> x[a], y[b]") == unknown("a", "b"));
  CHECK(said("x[a], y[b] <-> z[(a + b)]") == unknown("a", "a"));
}

TEST_CASE("each direction is asked for itself") {
  CHECK(said("x[(a b)] <- y[a b]").empty());
  CHECK(said("x[(a b)] -> y[a b]") == unknown("a", "b"));
  CHECK(said("x[(a b)] <-> y[a b]") == unknown("a", "b"));
  CHECK(known("x[(a b)] <-> y[a b]", Direction::left) == "a b");
  CHECK(known("x[(a b)] <-> y[a b]", Direction::right).empty());
}

TEST_CASE("params, indexes and literals are known") {
  CHECK(said("x[p], y[b] <-> z[(p + b)]").empty());
  CHECK(said("x[(i a)] <-> y[i a]").empty());
  CHECK(said("x[(a=4 b)] <-> y[a b]").empty());
  CHECK(said("x[(a b)] <-> y[a=4 b]").empty());
  CHECK(said("x.{i}[b] <-> y[(i b)]").empty());
}

TEST_CASE("what one dimension tells helps with the next, whatever the order") {
  CHECK(said("x[(a b) (b c) c] -> y[a b c]").empty());
  CHECK(said("x[c (c b) (b a)] -> y[a b c]").empty());
  CHECK(known("x[(a b) (b c) c d] -> y[a b c d]", Direction::right) == "a b c d");
  // Of a circle nothing is told.
  CHECK(said("x[(a b) (b c) (c a)] -> y[a b c a2=1]").starts_with("OM3010"));
}

TEST_CASE("one axis several times in a sum is told, in a product it is not") {
  CHECK(said("x[(a + a)] <-> y1[a], y2[a]").empty());
  CHECK(known("x[(a + a + t=3)] -> y[a]", Direction::right) == "a t");
}

TEST_CASE("a product with an axis of no entries tells nothing") {
  CHECK(said("x[(a none=0)] -> y[a none]") == unknown("a", "b"));
  CHECK(said("x[(a none)] -> y[a none=0]") == unknown("a", "b"));
  CHECK(said("x[((a none) + b=2)] -> y1[a none=0], y2[b]") == unknown("a", "b"));
  CHECK(said("x[(a one=1)] -> y[a one]").empty());
  // Another piece tells it.
  CHECK(said("x[((a none=0) + a)] -> y1[a none], y2[a]").empty());
  CHECK(said("x[(none=0 (a + b)) b] -> y1[a none b2=1], y2[b none]") == unknown("a", "b"));
}

TEST_CASE("`_` without a size is what is left of a dimension, if all else is known") {
  CHECK(said("x[(p + _)] -> y[p]").empty());
  CHECK(said("x[(a + _=3)] -> y[a]").empty());
  CHECK(said("x[(a + _)] -> y[a]") == unknown("a", "b"));
  // Another dimension tells `a`.
  CHECK(said("x[(a + _)], w[a] -> y[a], v[a]").empty());
  CHECK(said("x[(p + _ + _)] -> y[p]") ==
        "OM3010 the extents of the `_` in one dimension are not determined towards `b`");
  CHECK(said("x[(p + _ + _=2)] -> y[p]").empty());
}

TEST_CASE("`...` is told by the header, and a rule without shapes has nothing to tell") {
  CHECK(said("x[... a] <-> y[a ...]").empty());
  CHECK(said("x <-> y").empty());
}

TEST_CASE("an axis that only the destination has is known beforehand") {
  CHECK(said("x[a] -> y[p a]").empty());
  CHECK(said("x[a] -> y[r=3 a]").empty());
  Plan plan = unproved(declared + "x[a] -> y[r=3 a]");
  plan.rules[0].right[0].shape->dims[0].size.reset();
  CHECK(said_of_rule(prove_extents, plan) == unknown("r", "b"));
}
