#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/example_plan.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string declared =
    "param n: int\nindex i in 0..n\nindex j in 0..4\nindex odd in 0..n when odd % 2 == 1\nindex part in {q, k}\n";

std::string said(const std::string& rule) { return said_of_rule(prove_keys, declared + rule); }

/// The only rule, with `expr` in its right key.
std::string said_of_placeholder(const std::string& expr) { return said("x.{i} <-> y.{" + expr + "}"); }

std::string said_of_indexes(const std::string& indexes) {
  Diagnostics diagnostics;
  const Plan plan = unproved(indexes + "\nx <-> y");
  const bool passed = prove_indexes(plan, diagnostics);
  CHECK(passed == diagnostics.empty());
  return text_of(diagnostics);
}

}  // namespace

TEST_CASE("an index alone, or shifted by what does not vary, is told by its placeholder") {
  for (const char* expr : {"i", "i + 1", "1 + i", "i - n", "n - i", "i + n * n - 2", "(i + 1) - 1"}) {
    CAPTURE(expr);
    CHECK(said_of_placeholder(expr).empty());
  }
}

TEST_CASE("what may give one number for two values of an index is refused") {
  for (const std::string expr :
       {"i * 2", "i * 0", "i % 2", "i / 2", "i - i", "i + i", "if i > 2 then i else 0", "2 - (i - i)"}) {
    CAPTURE(expr);
    CHECK(said_of_placeholder(expr).starts_with("OM4001 `{"));
  }
}

TEST_CASE("two indexes in one placeholder are refused: 1 + 2 is 2 + 1") {
  CHECK(said("x.{i}.{j} <-> y.{i + j}") == "OM4001 `{i + j}` may be the same for two values of its index");
  CHECK(said("x.{i}.{j} <-> y.{i - j}.{j}") == "OM4001 `{i - j}` may be the same for two values of its index");
}

TEST_CASE("a key may hold an index twice, and what is no index as it likes") {
  CHECK(said("x.{i}.{i + 1} <-> y.{i}").empty());
  CHECK(said("x.{i}.{n}{n % 3} <-> y.{i}").empty());
  CHECK(said("x.{i}.{len(odd)} <-> y.{i}").empty());
}

TEST_CASE("two placeholders that vary stand apart, by more than digits") {
  for (const char* key :
       {"{i}{j}", "{i}1{j}", "{i}007{j}", "{i}{n}{j}", "{i}0{n}{j}", "{i}{a|7}{j}", "{part}{i}", "{j}{part}"}) {
    CAPTURE(key);
    CHECK(said(std::string("x.") + key + " -> y." + key).starts_with("OM4001 two placeholders touch"));
  }
  for (const char* key :
       {"{i}.{j}", "{i}-{j}", "{i}_1{j}", "{i}1_{j}", "{i}{n}_{j}", "{i}{a|b}{j}", "{part}_{i}", "{i}1"}) {
    CAPTURE(key);
    CHECK(said(std::string("x.") + key + " <-> y." + key).empty());
  }
  // Of what does not vary there is one value.
  CHECK(said("x.{n}{i} <-> y.{i}").empty());
}

TEST_CASE("without shapes an index is in both keys, whatever the direction") {
  for (const char* arrow : {"<->", "->", "<-"}) {
    CAPTURE(arrow);
    CHECK(said(std::string("x.{i} ") + arrow + " y.{i}").empty());
    CHECK(said(std::string("x.{i} ") + arrow + " y") == "OM4001 `y` is the same for every `i`");
    CHECK(said(std::string("x ") + arrow + " y.{i}") == "OM4001 `x` is the same for every `i`");
    CHECK(said(std::string("x.{i} ") + arrow + " y.{odd}").starts_with("OM4001"));
  }
  // With shapes it is an axis there, which is another proof's.
  CHECK(said("x.{i}[d] <-> y[i d]").empty());
}

TEST_CASE("an index has each value once, as far as its list is written out") {
  CHECK(said_of_indexes("index v in [1, 2, 3]").empty());
  CHECK(said_of_indexes(R"(index v in ["1", "2"])").empty());
  CHECK(said_of_indexes("param n: int\nindex v in [n, n + 0]").empty());
  CHECK(said_of_indexes("index v in [1, 2, 1]") == "OM4001 index `v` has the value 1 twice");
  CHECK(said_of_indexes(R"(index v in ["q", "k", "k"])") == R"(OM4001 index `v` has the value "k" twice)");
  CHECK(said_of_indexes("param n: int\nindex v in [1, n, 1]") == "OM4001 index `v` has the value 1 twice");
}

TEST_CASE("a plan by hand is held to the same") {
  Plan plan = unproved("index i in 0..4\nx.{i} <-> y.{i}");
  plan.rules[0].right[0].key = example::key("y");
  CHECK(said_of_rule(prove_keys, plan) == "OM4001 `y` is the same for every `i`");
}
