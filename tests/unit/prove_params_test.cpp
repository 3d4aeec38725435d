#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

std::string said(const std::string& body) {
  Diagnostics diagnostics;
  prove_params(unproved(body), diagnostics);
  return text_of(diagnostics);
}
std::string missing(const std::string& param, const std::string& to) {
  return "OM2012 `" + param + "` has no value towards `" + to + "`";
}

}  // namespace

TEST_CASE("a param that reads one side has a value away from it only") {
  CHECK(said("param s: float = a.s\nx -> y * s").empty());
  CHECK(said("param s: float = a.s\nx <- y * s") == missing("s", "a"));
  CHECK(said("param s: float = a.s\nx <-> y * s") == missing("s", "a"));
  CHECK(said("param s: float = b.s\nx <-> y * s") == missing("s", "b"));
}

TEST_CASE("it is enough that one alternative can be read, and setting it is for the user") {
  CHECK(said("param s: float = a.s ?? b.s\nx <-> y * s").empty());
  CHECK(said("param s: float\nx <-> y * s").empty());
  CHECK(said("param s: float = 0.5\nx <-> y * s").empty());
  CHECK(said("param s: float = a.s ?? 1.0\nx <-> y * s").empty());
  CHECK(said("param s: float = a.s ?? a.t\nx <-> y * s") == missing("s", "a"));
}

TEST_CASE("headers belong to their side as configs do") {
  for (const char* value : {"extent(a:x, 0)", "count(a:x.{_})", "if present(a:x) then 1 else 2", "len(a.list)"}) {
    CAPTURE(value);
    CHECK(said(std::string("param n: int = ") + value + "\nx.{n} <-> y.{n}") == missing("n", "a"));
  }
  CHECK(said("param t: dtype = dtype(b:y)\nparam n: int = if t == \"f32\" then 1 else 2\nx.{n} <-> y.{n}") ==
        missing("t", "b"));
}

TEST_CASE("what nothing needs is not missed") {
  CHECK(said("param s: float = a.s\nparam t: float = s\nx <-> y").empty());
  CHECK(said("param s: float = a.s\nx -> y * s\nx <- z").empty());
  CHECK(said("param t: bool = a.t\nparam s: int = b.s\nx -> y when t\nx <- y when s > 2").empty());
}

TEST_CASE("params are needed through params, indexes, keys and conditions; the one that reads is named") {
  CHECK(said("param s: int = a.s\nparam t: int = s + 1\nx.{t} <-> y") == missing("s", "a"));
  CHECK(said("param n: int = a.n\nindex i in 0..n\nx.{i} <-> y.{i}") == missing("n", "a"));
  CHECK(said("param n: int = a.n\nindex i in 0..4 when i < n\nx.{i} <-> y.{i}") == missing("n", "a"));
  CHECK(said("param n: int = a.n\nindex i in 0..n\nparam k[i]: int = 2\nx.{k[0]} <-> y") == missing("n", "a"));
  CHECK(said("param t: bool = a.t\nx <-> y when t") == missing("t", "a"));
  CHECK(said("param k: int = a.k\nx[c] * t.{k}[c] -> y[c]\nx[c] <- y[c] * t.{k}[c]") == missing("k", "a"));
}

TEST_CASE("what is looked at only sometimes is not needed for sure") {
  CHECK(said("param t: bool = a.t\nparam u: bool = b.u ?? true\nx <-> y when u and t").empty());
  CHECK(said("param t: bool = a.t\nparam u: bool = b.u ?? true\nx <-> y when t and u") == missing("t", "a"));
  CHECK(said("param k: int = a.k\nparam u: bool = b.u ?? true\nx.{if u then 1 else k} <-> y").empty());
  CHECK(said("param k: int = a.k\nx.{k ?? 3} <-> y").empty());
}

TEST_CASE("a param that is an axis is needed where the sources do not tell its extent") {
  const std::string q = "param q: int = a.q\n";
  CHECK(said(q + "x[q d] <-> y[d q]").empty());
  CHECK(said(q + "x[q d], y[k d] -> z[(q + k) d]").empty());
  CHECK(said(q + "x[q d], y[k d] <-> z[(q + k) d]") == missing("q", "a"));
  CHECK(said(q + "x[(q d)] <-> y[q d]").empty());
  CHECK(said(q + "y[q d] <-> x[(q d)]") == missing("q", "a"));
  // Another tensor of the source tells it.
  CHECK(said(q + "x[q d], y[k d] <-> z[(q + k) d], w[k]").find("OM2012") == std::string::npos);
  CHECK(said(q + "x[d] <- z[d]\nx[d] -> z[q d]").empty());
  CHECK(said(q + "x[q d] <- z[d]") == missing("q", "a"));
  CHECK(said(q + "x[d] as f32 <- fill 0\n").empty());
}

TEST_CASE("of several axes that only together have an extent, those that can be read help the others") {
  CHECK(said("param q: int = a.q\nparam k: int = b.k\nx[q d], y[k d] <-> z[(q + k) d]").empty());
  CHECK(said("param q: int = b.q\nparam k: int = a.k\nx[q d], y[k d] <-> z[(q + k) d]").empty());
  CHECK(said("param q: int = a.q\nparam k: int = a.k\nx[q d], y[k d] <-> z[(q + k) d]") == missing("q", "a"));
}
