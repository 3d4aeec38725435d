// Plans that travelled: written and read again, and read from the other side, spelled as a text and compiled. What they
// make is what the reference makes of the mapping that they came from.
#include <doctest/doctest.h>

#include <algorithm>

#include "compiler/raise/raise.h"
#include "runtime/plan/invert.h"
#include "runtime/plan/plan_json.h"
#include "tests/reference/check.h"
#include "tests/reference/convert.h"
#include "tests/reference/interpret.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/random_mapping.h"
#include "tests/reference/settings.h"

using namespace omap;
using namespace omap::test;

namespace {

Plan read_again(const Plan& plan) {
  auto read = read_plan(write_plan(plan), "written.json");
  REQUIRE(read);
  CHECK(*read == plan);
  return std::move(*read);
}

Plan inverted(const Plan& plan) {
  const auto text = raise(invert(plan));
  REQUIRE(text);
  CAPTURE(*text);
  Compilation compilation = compile("raised.omap", *text);
  REQUIRE(compilation.plans.size() == 1);
  return std::move(compilation.plans.front());
}

}  // namespace

TEST_CASE("plans that are written and read, or inverted and spelled again, make what the reference makes") {
  const Run run = run_settings(300);
  std::map<std::string, std::size_t> refused;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const Mapping mapping = random_mapping(random, refused, 70);
    CAPTURE(seed);
    CAPTURE(spell(mapping));
    const Compiled compilation = compiled(mapping);
    REQUIRE(compilation.plan);
    const Plan read = read_again(*compilation.plan), other_way = inverted(*compilation.plan);
    const auto rules = flatten(mapping);
    for (const Direction direction : {Direction::right, Direction::left}) {
      if (std::none_of(rules.begin(), rules.end(), [&](const FlatRule& flat) { return flat.rule.runs(direction); }))
        continue;
      const Tensors sources = made_sources(mapping, direction, Alternative::last);
      const Interpretation wanted = interpret(mapping, direction, sources);
      const Conversion by_read = convert(read, mapping, direction, sources);
      REQUIRE(by_read.made);
      REQUIRE(first_difference(*by_read.made, wanted.made, wanted.computed) == "");
      const Direction back = direction == Direction::right ? Direction::left : Direction::right;
      const Conversion by_other = convert(other_way, mapping, back, sources);
      REQUIRE(by_other.made);
      REQUIRE(first_difference(*by_other.made, wanted.made, wanted.computed) == "");
    }
  }
}
