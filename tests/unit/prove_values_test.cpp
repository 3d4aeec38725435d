#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/example_plan.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string declared = "param s: float\nparam n: int\nindex i in 0..4\nindex j in 0..4\n";

std::string said(const std::string& rule) { return said_of_rule(prove_values, declared + rule); }
std::string code(const std::string& rule) { return said(rule).substr(0, 6); }

}  // namespace

TEST_CASE("numbers and params on one side have an inverse") {
  for (const char* steps : {"+ 1", "- 0", "* 2", "/ 2", "* -0.5", "+ s", "/ s", "* n + 1 - s"}) {
    CAPTURE(steps);
    CHECK(said(std::string("x <-> y ") + steps).empty());
    CHECK(said(std::string("x ") + steps + " <-> y").empty());
  }
}

TEST_CASE("both sides of a rule do not compute") {
  CHECK(said("x + 1 <-> y * 2") == "OM3013 both sides of a rule compute");
  CHECK(said("x + 1 -> y * 2") == "OM3013 both sides of a rule compute");
  CHECK(said("x[a] + 1, z[b] <-> y[(a + b)]").empty());
}

TEST_CASE("0 is a factor only where it need not be solved for") {
  CHECK(said("x <-> y * 0") == "OM3013 `* 0` leaves nothing to solve for");
  CHECK(said("x -> y * 0") == "OM3013 `* 0` leaves nothing to solve for");
  CHECK(said("x <- y * 0").empty());
  CHECK(said("x * 0 -> y").empty());
  CHECK(said("x * 0 <- y").starts_with("OM3013"));
  for (const char* arrow : {"<->", "->", "<-"}) {
    CAPTURE(arrow);
    CHECK(said(std::string("x ") + arrow + " y / 0") == "OM3013 `/ 0` gives no number");
    CHECK(said(std::string("x ") + arrow + " y + 0").empty());
  }
}

TEST_CASE("a tensor is an operand only on a side that is read") {
  CHECK(said("x[a b] * t[b] -> y[a b]").empty());
  CHECK(said("x[a b] <- y[a b] * t[b]").empty());
  CHECK(code("x[a b] * t[b] <- y[a b]") == "OM3013");
  CHECK(code("x[a b] * t[b] <-> y[a b]") == "OM3013");
}

TEST_CASE("an operand has axes of every box of its tensor, each once") {
  CHECK(said("x[a b] * t[] -> y[a b]").empty());
  CHECK(said("x[(a + c) b] * t[b] -> y1[a b], y2[c b]").empty());
  CHECK(said("x[(a + c) b] * t[a] -> y1[a b], y2[c b]") ==
        "OM3014 axis `a` of `t` is none of the tensor it is computed with");
  CHECK(said("x[a b] * t[c] -> y[a b]").starts_with("OM3014 axis `c`"));
  CHECK(said("x[a b] * t[a a] -> y[a b]") == "OM3005 axis `a` stands twice in `t`");
  // What is dropped meets no operand.
  CHECK(said("x[(a + _) b] * t[a] -> y[a b]").empty());
  for (const char* shape : {"[(a + b)]", "[... b]"}) {
    CAPTURE(shape);
    CHECK(code(std::string("x[a b] * t") + shape + " -> y[a b]") == "OM3014");
  }
}

TEST_CASE("an operand's key has no index that its tensor's key lacks") {
  CHECK(said("x.{i}[a] * t.{i}[a] -> y[i a]").empty());
  CHECK(said("x.{i}[a] * t[a] -> y[i a]").empty());
  CHECK(said("x.{i}[a] * t[i a] -> y[i a]").empty());
  CHECK(said("x.{i}[a] * t.{j}[a] -> y[i a]").starts_with("OM3014 `{j}` varies in"));
  CHECK(said("x[i a] * t.{i}[a] -> y[i a]").starts_with("OM3014 `{i}` varies in"));
  CHECK(said("x.{i}[a] * t.{i}[i a] -> y[i a]") == "OM3005 axis `i` stands twice in `t.{i}`");
}

TEST_CASE("a tensor without a shape meets no tensor") {
  Plan plan = unproved("x[a] * t[a] -> y[a]");
  plan.rules[0].left[0].shape.reset();
  CHECK(said_of_rule(prove_values, plan) == "OM3014 `x` is computed with `t`, and has no shape");
}

TEST_CASE("`r/128` stands in an operand only") {
  CHECK(said("x[r c] * t[r/128 c/64] -> y[r c]").empty());
  CHECK(said("x[r c] * t[r/1] -> y[r c]").empty());
  CHECK(code("x[r/128] -> y[r]") == "OM3015");
  CHECK(code("x[r] -> y[(r/2 + r)]") == "OM3015");
}

TEST_CASE("`fill` is the only source of a rule that runs away from it") {
  CHECK(said("x[n] as f32 <- fill 1.5").empty());
  CHECK(said("fill 0 -> x[n] as bf16").empty());
  CHECK(said("fill 0 as f32 -> x[n]").empty());
  CHECK(code("fill 0 <-> x[n] as f32") == "OM3016");
  CHECK(code("fill 0 <- x[n] as f32") == "OM3016");
  CHECK(code("y[n], fill 0 -> x[(n + n)] as f32") == "OM3016");
  CHECK(code("fill 0 -> fill 1") == "OM3016");
  CHECK(said("fill 0 -> x[n]") == "OM3016 `x` is filled, and has no dtype");
  CHECK(said("fill 0 -> x as f32") == "OM3016 `x` is filled, and has no shape");
  CHECK(code("fill 0 -> x[n ...] as f32") == "OM3009");
}
