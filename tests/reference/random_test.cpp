// Random well-typed mappings: what omap makes of them is what LibTorch makes of what the language says.
//
// OMAP_SEED and OMAP_CASES set the first seed and how many mappings are drawn, one of each seed.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/reference/check.h"
#include "tests/reference/interpret.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/random_mapping.h"
#include "tests/reference/settings.h"
#include "tests/reference/shrink.h"

using namespace omap;
using namespace omap::test;

TEST_CASE("random mappings make what the reference makes, forwards and backwards") {
  const Run run = run_settings(2500);
  std::map<std::string, std::size_t> counts, refused;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const Mapping mapping = random_mapping(random, refused);
    for (const std::string& feature : features_of(mapping)) ++counts[feature];
    const auto failure = check(mapping);
    if (!failure) continue;
    const Mapping smallest = shrink(mapping, [&](const Mapping& smaller) {
      if (!why_meaningless(smaller).empty()) return false;
      const auto still = check(smaller);
      return still && still->kind == failure->kind;
    });
    const Failure smallest_failure = *check(smallest);
    const Tensors sources = made_sources(smallest, smallest_failure.direction, Alternative::last);
    FAIL("OMAP_SEED=" << seed << " OMAP_CASES=1\n" << report(smallest, sources, smallest_failure));
  }
  if (run.cases < 1000) return;
  for (const std::string& feature : all_features()) {
    CAPTURE(feature);
    CHECK_MESSAGE(counts[feature] >= run.cases / 200, "drawn too seldom: " << counts[feature]);
  }
  if (run.verbose) {
    for (const auto& [feature, count] : counts) MESSAGE(count << "  " << feature);
    for (const auto& [reason, count] : refused) MESSAGE(count << "  refused: " << reason);
  }
}
