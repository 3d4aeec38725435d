#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string declared =
    "param n: int\nparam m: int\nparam t: bool\nparam u: bool\nparam s: string\nindex i in 0..n\nindex j in 0..n\n"
    "index odd in 0..n when odd % 2 == 1\nindex even in 0..n when even % 2 == 0\nindex part in {q, k}\n";

Diagnostics found(const std::string& body) {
  Diagnostics diagnostics;
  const bool passed = prove_disjoint(unproved(declared + body), diagnostics);
  CHECK(passed != has_errors(diagnostics));
  return diagnostics;
}
/// The codes, `OM4002 OM4005`.
std::string codes(const std::string& body) {
  std::string text;
  for (const Diagnostic& diagnostic : found(body)) text += (text.empty() ? "" : " ") + code_text(diagnostic.code);
  return text;
}
/// Two rules that write `y.{i}`, under these conditions.
std::string under(const std::string& one, const std::string& other) {
  return codes("x.{i} -> y.{i} when " + one + "\nz.{i} -> y.{i} when " + other);
}
/// Two rules that write these keys, which hold no index.
std::string keys(const std::string& one, const std::string& other) { return codes("x -> " + one + "\nz -> " + other); }

}  // namespace

TEST_CASE("the sides that a direction writes are compared, and no others") {
  CHECK(codes("x <-> y\nx <-> z") == "OM4002");
  CHECK(codes("x -> y\nx -> z").empty());
  CHECK(codes("x -> y\nx <- z").empty());
  CHECK(codes("x <- y\nx <- z") == "OM4002");
  CHECK(codes("x <-> y\nz <-> y") == "OM4002");
  CHECK(codes("x <-> y\nz <- y").empty());
  CHECK(codes("x[a], x[b] <- y[(a + b)]") == "OM4002");
}

TEST_CASE("bounds that touch exclude each other, bounds that share a value clash") {
  CHECK(under("i < m", "i >= m").empty());
  CHECK(under("i < m", "not (i < m)").empty());
  CHECK(under("i <= m", "i >= m") == "OM4002");
  CHECK(under("i <= m", "i > m").empty());
  CHECK(under("i < m", "i > m + 1").empty());
  CHECK(under("i < m", "i + 1 >= m") == "OM4002");
  CHECK(under("2 * i < m", "2 * i >= m").empty());
  CHECK(under("i < 3", "i == 3").empty());
  CHECK(under("i < 4", "i == 3") == "OM4002");
  // Nothing is left of the index between them.
  CHECK(under("i < 0", "true").empty());
}

TEST_CASE("remainders, members and texts are told apart") {
  CHECK(under("i % 2 == 0", "i % 2 == 1").empty());
  CHECK(under("i % 4 == 1", "i % 2 == 0").empty());
  CHECK(under("i % 3 == 1", "i % 2 == 0") == "OM4002");
  CHECK(under("i in [1, 2]", "i in [0, 3]").empty());
  CHECK(under("i in [1, 2]", "i not in [1, 2]").empty());
  CHECK(under("s == \"x\"", "s == \"y\"").empty());
  CHECK(under("s == \"x\"", "s in [\"x\", \"y\"]") == "OM4002");
  CHECK(under("t and i < 2", "not t or i > 5").empty());
  CHECK(under("t and i < 2", "not t or i > 0") == "OM4002");
}

TEST_CASE("conditions that nothing relates are left to binding") {
  CHECK(under("t", "u") == "OM4005");
  CHECK(under("a.c == 1", "a.d == 1") == "OM4005");
  CHECK(under("a.c == 1", "a.c == 2").empty());
  CHECK(under("a.c == 1", "a.c == 1") == "OM4002");
  CHECK(codes("optional x <-> y\noptional z <-> y") == "OM4005");
  CHECK(codes("optional x <-> y\nz <-> y") == "OM4002");
}

TEST_CASE("offsets move an index") {
  CHECK(codes("x.{i} -> y.{i}\nz -> y.0") == "OM4002");
  CHECK(codes("x.{i} -> y.{i + 1}\nz -> y.0").empty());
  CHECK(codes("x.{i} -> y.{i + 1}\nz -> y.1") == "OM4002");
  CHECK(codes("x.{i} -> y.{i}\nz -> y.{n}").empty());
  CHECK(codes("x.{i} -> y.{i}\nz -> y.{n - 1}") == "OM4002");
  CHECK(codes("x.{odd} -> y.{odd}\nz.{even} -> y.{even}").empty());
  CHECK(codes("x.{odd} -> y.{odd}\nz.{even} -> y.{even + 2}").empty());
  CHECK(codes("x.{odd} -> y.{odd}\nz.{even} -> y.{even + 1}") == "OM4002");
  CHECK(codes("x.{odd} -> y.{odd}\nz.{i} -> y.{i} when i not in odd").empty());
  CHECK(codes("x.{i}.{j} -> y.{i}.{j} when i < j\nz.{i}.{j} -> y.{i}.{j} when j < i").empty());
  CHECK(codes("x.{i}.{j} -> y.{i}.{j} when i < j\nz.{i}.{j} -> y.{j}.{i} when i < j").empty());
  CHECK(codes("x.{i}.{j} -> y.{i}.{j} when i <= j\nz.{i}.{j} -> y.{j}.{i} when i <= j") == "OM4002");
}

TEST_CASE("texts are compared, whatever they are made of") {
  CHECK(keys("y.q", "y.k").empty());
  CHECK(keys("y.q", "y.{s}") == "OM4005");
  CHECK(keys("y.q", "y.{s}.w").empty());
  CHECK(keys("y.q.w", "y.{s}.v").empty());
  CHECK(codes("x.{part} -> y.{part}\nz -> y.q") == "OM4002");
  CHECK(codes("x.{part} -> y.{part}\nz -> y.v").empty());
  CHECK(codes("x.{part} -> y.{part} when part == \"k\"\nz -> y.q").empty());
  CHECK(codes("x.{part} -> y.w{part}\nz -> y.wq") == "OM4002");
  CHECK(codes("x.{i} -> y.{i}\nz -> y.q").empty());
  // `01` is no number that an index writes.
  CHECK(codes("x.{i} -> y.{i}\nz -> y.01").empty());
}

TEST_CASE("another alternative than the first is read where it is not written") {
  CHECK(codes("{p|q} <-> y\nq <-> z") == "OM4002");
  CHECK(codes("{p|q} <-> y\nq <- z") == "OM4002");
  CHECK(codes("{p|q} <-> y\n{q|p} <-> z") == "OM4002 OM4002");
  CHECK(codes("{p|q} <-> y\n{r|q} <-> z").empty());
  CHECK(codes("{p|q} <-> y when t\nq <-> z when not t").empty());
  // Read only, or written only: both keys may be there.
  CHECK(codes("{p|q} -> y\nq <-> z").empty());
  CHECK(codes("{p|q} <- y\nq <- z").empty());
  CHECK(codes("x.{a|b}.{c|d} <-> y\nx.b.d <-> z") == "OM4002");
  CHECK(codes("x.{a|b}.{c|d} <-> y\nx.c.d <-> z").empty());
}

TEST_CASE("one rule may write a key for two values of its texts") {
  const std::string texts = "index w in [\"x\", \"x.y\"]\n";
  CHECK(codes(texts + "p.{w}.{part} -> q.{w}.{part}").empty());
  CHECK(codes(texts + "index v in [\"y.z\", \"z\"]\np.{w}_{v} <-> q.{w}_{v}").empty());
  CHECK(codes(texts + "index v in [\"y.z\", \"z\"]\np.{w}.{v} -> q.{w}.{v}") == "OM4001");
  CHECK(codes(texts + "index v in [\"y.z\", \"z\"]\np.{w}.{v} <-> q.{w}.{v}") == "OM4001 OM4001");
  CHECK(codes(texts + "index v in [\"y.z\", \"z\"]\np.{w}.{v} -> q.{w}.{v} when w == \"x\"").empty());
  CHECK(codes("index w in a.names\nindex v in a.kinds\np.{w}.{v} -> q.{w}.{v}") == "OM4005");
  CHECK(codes("param names: [string]\nindex w in names\np.{w}.{i} -> q.{w}.{i}").empty());
}

TEST_CASE("names of modules are told apart as keys are") {
  CHECK(codes("x <-> y\nstate module {\np.{i} <-> q.{i}\np.0 <-> q.x\n}") == "OM4002");
  CHECK(codes("x <-> y\nstate module {\nx <-> y\n}").empty());
}

TEST_CASE("what a requirement rules out is no clash") {
  CHECK(codes("require n < 3\nx.{i} -> y.{i}\nz -> y.5").empty());
  CHECK(codes("require n < 7\nx.{i} -> y.{i}\nz -> y.5") == "OM4002");
  // It may not apply: its param need not have a value.
  CHECK(codes("require m > 0\nx -> y when t or m > 0\nz -> y when not t and m <= 0").empty());
}

TEST_CASE("a witness says for which values") {
  const Diagnostics clash = found("x.{i} -> y.{i} when i <= m\nz.{i} -> y.{i} when i >= m");
  REQUIRE(clash.size() == 1);
  REQUIRE(clash[0].notes.size() == 1);
  CHECK(clash[0].notes[0] == "for `i` = 0, `m` = 0 and `n` = 1");
}
