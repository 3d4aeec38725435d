#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

std::string said(const std::string& body) {
  Diagnostics diagnostics;
  find_unreachable(
      unproved("param n: int\nparam t: bool\nparam s: string\nindex i in 0..4\nindex part in {q, k}\n" + body),
      diagnostics);
  CHECK_FALSE(has_errors(diagnostics));
  return text_of(diagnostics);
}
std::string never(const std::string& when) { return "OM4006 `when " + when + "` never holds"; }

}  // namespace

TEST_CASE("a condition that contradicts itself is never met") {
  for (const char* when : {"false", "n < 2 and n > 2", "n % 2 == 2", "n == 3 and n % 2 == 0", "t and not t",
                           "s == \"x\" and s == \"y\"", "s in [\"x\"] and s == \"y\"", "not (n < 3 or n >= 3)"}) {
    CAPTURE(when);
    CHECK(said(std::string("x <-> y when ") + when) == never(when));
  }
}

TEST_CASE("boundaries: what one value meets is met") {
  for (const char* when : {"true", "n < 3 and n > 1", "n % 2 == 1", "n == 4 and n % 2 == 0", "t or not t", "n == -1",
                           "not (n < 3 or n > 3)", "s == \"x\" and s != \"y\""}) {
    CAPTURE(when);
    CHECK(said(std::string("x <-> y when ") + when).empty());
  }
}

TEST_CASE("an index has the values of its list") {
  CHECK(said("x.{i} <-> y.{i} when i > 3") == never("i > 3"));
  CHECK(said("x.{i} <-> y.{i} when i >= 3").empty());
  CHECK(said("x.{i} <-> y.{i} when i < 0") == never("i < 0"));
  CHECK(said("x.{part} <-> y.{part} when part == \"v\"") == never("part == \"v\""));
  CHECK(said("x.{part} <-> y.{part} when part == \"k\"").empty());
  CHECK(said("index odd in 0..n when odd % 2 == 1\nx.{odd} <-> y.{odd} when odd % 4 == 2") == never("odd % 4 == 2"));
}

TEST_CASE("ties and ignores are looked at, and a condition that many share is said once") {
  CHECK(said("x <-> y\ntie a:u = a:x when n < n") == never("n < n"));
  CHECK(said("x <-> y\nignore a:u when n > n") == never("n > n"));
  CHECK(said("when n < n {\nx <-> y\nu <-> v\n}") == never("n < n"));
}

TEST_CASE("an alternative behind one that is always there is never taken") {
  CHECK(said("param m: int = 3 ?? n\nx.{m} <-> y") == "OM4006 `n` is never taken in `3 ?? n`");
  CHECK(said("param m: int = n ?? 3\nx.{m} <-> y").empty());
  CHECK(said("param m: int = if true then 1 else n\nx.{m} <-> y") ==
        "OM4006 `n` is never taken in `if true then 1 else n`");
  CHECK(said("param m: int = if t then 1 else n\nx.{m} <-> y").empty());
}

TEST_CASE("what hangs on a config is not known to be false") {
  CHECK(said("x <-> y when a.kind == \"x\"").empty());
  CHECK(said("x <-> y when a.kind == \"x\" and a.kind == \"y\"") == never("a.kind == \"x\" and a.kind == \"y\""));
  CHECK(said("x <-> y when present(a.kind) and not present(a.kind)").starts_with("OM4006"));
}
