// Well-typed mappings with one or two random changes, on the tensors of the unchanged one: each is refused, or makes
// what the reference makes of the changed one.
#include <doctest/doctest.h>

#include <map>

#include "tests/reference/check.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/mutate.h"
#include "tests/reference/random_mapping.h"
#include "tests/reference/settings.h"
#include "tests/reference/shrink.h"

using namespace omap;
using namespace omap::test;

namespace {

struct Counts {
  std::map<std::string, std::size_t> drawn, accepted;
  std::size_t all = 0, all_accepted = 0;

  void add(const std::string& what, bool is_accepted) {
    ++drawn[what];
    ++all;
    if (!is_accepted) return;
    ++accepted[what];
    ++all_accepted;
  }
};

/// Fails with the smallest changed mapping that is wrong.
void check_change(std::uint64_t seed, const Mutation& mutation, Direction direction, const Tensors& sources,
                  Counts& counts) {
  const auto check_here = [&](const Mapping& m) { return check_on(m, direction, only_read(m, direction, sources)); };
  const Verdict verdict = check_on(mutation.mapping, direction, sources);
  counts.add(mutation.what, verdict.accepted);
  if (!verdict.failure) return;
  const Mapping smallest = shrink(mutation.mapping, [&](const Mapping& smaller) {
    const Verdict still = check_here(smaller);
    return still.failure && still.failure->kind == verdict.failure->kind;
  });
  const auto failure = check_here(smallest).failure;
  FAIL(
      "OMAP_SEED=" << seed << " OMAP_CASES=1: " << mutation.what << "\n"
                   << report(smallest, only_read(smallest, direction, sources), failure ? *failure : *verdict.failure));
}

/// `values`: how many percent of the rules have some.
void check_changes(const Run& run, Changes kind, unsigned values) {
  constexpr int changes = 6;
  std::map<std::string, std::size_t> refused;
  Counts counts;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const Mapping mapping = random_mapping(random, refused, values);
    const Direction direction = random.chance(50) ? Direction::right : Direction::left;
    const Tensors sources = made_sources(mapping, direction, Alternative::last);
    for (int i = 0; i < changes; ++i) {
      Mutation mutation = mutate(random, mapping, kind);
      if (random.chance(20)) mutation = mutate(random, mutation.mapping, kind);
      check_change(seed, mutation, direction, sources, counts);
    }
  }
  MESSAGE(counts.all_accepted << " of " << counts.all << " changed mappings were accepted");
  if (run.cases < 500) return;
  CHECK(counts.all_accepted > counts.all / 10);
  CHECK(counts.all_accepted < counts.all - counts.all / 10);
  for (const auto& [what, count] : counts.drawn) {
    if (run.verbose) MESSAGE(counts.accepted[what] << " of " << count << " accepted: " << what);
    CHECK_MESSAGE(count > counts.all / 200, "drawn too seldom: " << what);
    CHECK_MESSAGE(counts.accepted[what] < count, "none refused: " << what);
  }
}

}  // namespace

TEST_CASE("changed mappings are refused, or make what the reference makes of them") {
  check_changes(run_settings(800), Changes::layout, 50);
}

TEST_CASE("mappings with changed values are refused, or make what the reference makes of them") {
  check_changes(run_settings(700), Changes::values, 100);
}
