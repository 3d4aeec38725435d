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

TEST_CASE("changed mappings are refused, or make what the reference makes of them") {
  const Run run = run_settings(1500);
  constexpr int changes = 6;
  std::map<std::string, std::size_t> refused, drawn, accepted;
  std::size_t all = 0, all_accepted = 0;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const Mapping mapping = random_mapping(random, refused);
    const Direction direction = random.chance(50) ? Direction::right : Direction::left;
    const Tensors sources = made_sources(mapping, direction, Alternative::last);
    for (int i = 0; i < changes; ++i) {
      Mutation mutation = mutate(random, mapping);
      if (random.chance(20)) mutation = mutate(random, mutation.mapping);
      const auto check_here = [&](const Mapping& m) {
        return check_on(m, direction, only_read(m, direction, sources));
      };
      const Verdict verdict = check_on(mutation.mapping, direction, sources);
      ++drawn[mutation.what];
      ++all;
      if (!verdict.accepted) continue;
      ++accepted[mutation.what];
      ++all_accepted;
      if (!verdict.failure) continue;
      const Mapping smallest = shrink(mutation.mapping, [&](const Mapping& smaller) {
        const Verdict still = check_here(smaller);
        return still.failure && still.failure->kind == verdict.failure->kind;
      });
      const auto failure = check_here(smallest).failure;
      FAIL("OMAP_SEED=" << seed << " OMAP_CASES=1: " << mutation.what << "\n"
                        << report(smallest, only_read(smallest, direction, sources),
                                  failure ? *failure : *verdict.failure));
    }
  }
  MESSAGE(all_accepted << " of " << all << " changed mappings were accepted");
  if (run.cases < 1000) return;
  CHECK(all_accepted > all / 10);
  CHECK(all_accepted < all - all / 10);
  for (const auto& [what, count] : drawn) {
    if (run.verbose) MESSAGE(accepted[what] << " of " << count << " accepted: " << what);
    CHECK_MESSAGE(count > all / 200, "drawn too seldom: " << what);
    CHECK_MESSAGE(accepted[what] < count, "none refused: " << what);
  }
}
