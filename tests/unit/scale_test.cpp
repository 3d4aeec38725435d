#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "compiler/compile.h"

using namespace omap;

namespace {

constexpr std::string_view sides = "omap 1\nside a: safetensors\nside b: safetensors\n";

template <class Make>
std::string repeated(std::size_t count, const Make& make) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += make(i);
  return text;
}

std::string mapping(std::string_view name, std::string_view body) {
  return fmt::format("mapping {}: a <-> b {{\n{}}}\n", name, body);
}
std::string extending(std::string_view base, std::string_view name, std::string_view body) {
  return fmt::format("mapping {}: a <-> b extends {} {{\n{}}}\n", name, base, body);
}

std::string rules(std::size_t count) {
  return repeated(count, [](std::size_t i) { return fmt::format("x{0} <-> y{0}\n", i); });
}

/// Whether a text is refused for that reason, and for few others.
void refused(const std::string& text, Code code) {
  const Compilation made = compile("scale.omap", std::string(sides) + text);
  CHECK(made.plans.empty());
  CHECK(made.diagnostics.size() <= 100);
  CHECK(std::ranges::any_of(made.diagnostics, [&](const Diagnostic& d) { return d.code == code; }));
}

}  // namespace

TEST_CASE("a hundred thousand rules are as many rules") {
  constexpr std::size_t groups = 20'000;
  std::string body = "param q: int\nparam n: int\nindex layer in 0..n\n";
  for (std::size_t g = 0; g < groups; ++g) {
    fmt::format_to(std::back_inserter(body),
                   "blocks.{0} <-> layers.{0} {{\n"
                   "  w_q.weight <-> q_proj.weight\n"
                   "  w1.weight[h d] <-> gate_proj.weight[d h]\n"
                   "}}\n"
                   "fused.{0}.q[q d], fused.{0}.k[k d] <-> joined.{0}.qk[(q + k) d]\n"
                   "stages.{0}.{{layer}}.weight <-> steps.{0}.{{layer}}.weight when n > {0}\n"
                   "heads.{0}.weight -> head.{0}.weight\n",
                   g);
  }
  const Compilation made = compile("scale.omap", std::string(sides) + mapping("m", body));
  REQUIRE_FALSE(has_errors(made.diagnostics));
  REQUIRE(made.plans.size() == 1);
  const Plan& plan = made.plans.front();
  REQUIRE(plan.rules.size() == 5 * groups);
  CHECK(to_text(plan.rules.back().right.front().key) == fmt::format("head.{}.weight", groups - 1));
  CHECK(to_text(plan.rules[5].left.front().key) == "blocks.1.w_q.weight");
}

TEST_CASE("blocks are not read deeper than they may nest") {
  refused(mapping("m", repeated(100'000, [](std::size_t) { return "a <-> b {\n"; })), Code::nesting_too_deep);
}

TEST_CASE("what blocks copy into their rules is bounded") {
  const auto nested = [](std::string_view left, std::string_view when) {
    const std::string open = fmt::format("{} <-> b{} {{\n", left, when);
    return repeated(60, [&](std::size_t) { return open; }) + rules(20'000) +
           repeated(60, [](std::size_t) { return "}\n"; });
  };
  const std::string condition = " when p" + repeated(200, [](std::size_t) { return " and p"; });
  refused(mapping("m", "param p: bool\n" + nested("a", condition)), Code::plan_limit);
  refused(mapping("m", nested(std::string(20'000, 'a'), "")), Code::plan_limit);
}

TEST_CASE("what mappings inherit is bounded, all together") {
  refused(mapping("m", rules(2'000)) +
              repeated(1'000, [](std::size_t i) { return extending("m", fmt::format("m{}", i), ""); }),
          Code::plan_limit);
  refused(mapping("m0", "x <-> y\n") + repeated(5'000,
                                                [](std::size_t i) {
                                                  return extending(fmt::format("m{}", i), fmt::format("m{}", i + 1),
                                                                   fmt::format("x{0} <-> y{0}\n", i));
                                                }),
          Code::plan_limit);
  const std::string removals = repeated(20'000, [](std::size_t i) { return fmt::format("remove a:x{}\n", i); });
  refused(mapping("m", rules(20'000)) + extending("m", "n", removals + "z <-> w\n"), Code::plan_limit);
}

TEST_CASE("many lines of an inherited config are found by their paths") {
  const auto lines = [](std::string_view left, std::string_view right) {
    return "config {\n" +
           repeated(30'000, [&](std::size_t i) { return fmt::format("{0}{2} <-> {1}{2}\n", left, right, i); }) + "}\n";
  };
  const Compilation made = compile("scale.omap", std::string(sides) + mapping("m", "x <-> y\n" + lines("p", "q")) +
                                                     extending("m", "n", lines("r", "s")));
  REQUIRE_FALSE(has_errors(made.diagnostics));
  REQUIRE(made.plans.size() == 2);
  CHECK(made.plans[1].config.size() == 60'000);
}

TEST_CASE("a chain of definitions is as long as it likes") {
  const std::string nots = repeated(120, [](std::size_t) { return "not "; });
  const std::string chain =
      repeated(900, [&](std::size_t i) { return fmt::format("param p{}: bool = {}p{}\n", i + 1, nots, i); });
  const Compilation made =
      compile("scale.omap", std::string(sides) + mapping("m", "param p0: bool\n" + chain + "x <-> y when p900\n"));
  CHECK_FALSE(has_errors(made.diagnostics));
}
