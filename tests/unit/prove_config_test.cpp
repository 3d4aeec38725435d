#include <doctest/doctest.h>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;
using namespace omap::test;

namespace {

/// What is said of these lines of a config section.
std::string said(const std::string& lines) {
  Diagnostics diagnostics;
  prove_config(
      unproved("param n: int\nparam t: bool\nparam u: bool\nindex i in 0..n\nindex odd in 0..n when odd % 2 == 1\n"
               "index even in 0..n when even % 2 == 0\nx <-> y\n" +
               lines),
      diagnostics);
  return text_of(diagnostics);
}
std::string config(const std::string& lines) { return said("config {\n" + lines + "\n}"); }

}  // namespace

TEST_CASE("two lines that always write one path are refused") {
  CHECK(config("b.x = 1\nb.y = 1").empty());
  CHECK(config("b.x = 1\nb.x = 2") == "OM4007 two lines write `b.x`");
  CHECK(config("b.x.y = 1\nb.x.z = 2").empty());
  // A side's own path.
  CHECK(config("b.x = 1\na.x = 2").empty());
}

TEST_CASE("an equation writes the destination's path, in its directions") {
  CHECK(config("x <-> x\nb.x = 1") == "OM4007 two lines write `b.x`");
  CHECK(config("x <- x\nb.x = 1").empty());
  CHECK(config("x <- x\na.x = 1") == "OM4007 two lines write `a.x`");
  CHECK(config("x <-> x\ny <-> x").starts_with("OM4007"));
  CHECK(config("x <- x\ny -> x").empty());
}

TEST_CASE("conditions that exclude each other let two lines write one path") {
  CHECK(config("b.x = 1 when t\nb.x = 2 when not t").empty());
  CHECK(config("b.x = 1 when n < 3\nb.x = 2 when n >= 3").empty());
  CHECK(config("b.x = 1 when n < 3\nb.x = 2 when n >= 2") == "OM4007 two lines write `b.x`");
  CHECK(config("b.x = 1 when t\nb.x = 2").starts_with("OM4007"));
  // Left to binding, for both may never hold together.
  CHECK(config("b.x = 1 when t\nb.x = 2 when u").empty());
}

TEST_CASE("an index in a path stands for its values") {
  CHECK(config("b.x[odd].y = 1\nb.x[even].y = 2").empty());
  CHECK(config("b.x[odd].y = 1\nb.x[odd].z = 2").empty());
  CHECK(config("b.x[odd].y = 1\nb.x[i].y = 2").starts_with("OM4007"));
  CHECK(config("b.x[odd].y = 1\nb.x[2].y = 2").empty());
  CHECK(config("b.x[odd].y = 1\nb.x[3].y = 2").starts_with("OM4007"));
}

TEST_CASE("another file is another path, and what is ignored is not written") {
  CHECK(said("config {\nb.x = 1\n}\nconfig \"generation_config.json\" {\nb.x = 1\n}").empty());
  CHECK(said("config {\nb.x = 1\n}\nconfig {\nb.x = 1\n}").starts_with("OM4007"));
  CHECK(config("ignore b.x\nb.x = 1").empty());
}
