// Random state mapping templates: what their lowered plans make is what the tensor operations that they name make.
//
// OMAP_SEED and OMAP_CASES set the first seed and how many templates are drawn, one of each seed.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "runtime/templates/lower_templates.h"
#include "runtime/templates/template_names.h"
#include "tests/reference/convert.h"
#include "tests/reference/random_template.h"
#include "tests/reference/read_template.h"
#include "tests/reference/settings.h"

using namespace omap;
using namespace omap::test;

namespace {

std::string describe(const DrawnTemplate& drawn) {
  std::string text = spell(drawn.mapping).text + "\n";
  for (const auto& [name, bound] : drawn.bounds) text += fmt::format("  [{}] {}\n", name, bound);
  for (const auto& [key, tensor] : drawn.sources)
    text += fmt::format("  {} [{}]\n", key, fmt::join(tensor.shape, ", "));
  return text;
}

/// Lowered for any state, or with what is known of this one. Bounds that the state can tell are told every other time.
Conversion convert(const DrawnTemplate& drawn, bool for_state) {
  TemplateOptions options;
  if (for_state) {
    options.bounds = drawn.bounds;
    options.rank = [&](const std::string& key) -> std::optional<std::size_t> {
      const auto source = drawn.sources.find(key);
      return source == drawn.sources.end() ? std::nullopt : std::optional(source->second.shape.size());
    };
  }
  const auto plan = lower_templates("drawn", std::span(&drawn.mapping, 1), options);
  if (!plan) return {std::nullopt, plan.error().front().message, plan.error().front().code, {}};
  Settings settings;
  for (const auto& [name, bound] : drawn.bounds) {
    const bool counted = name == "layer" || name == "expert";
    if (!counted || bound % 2 == 0) settings.emplace(bound_param(*plan, name), Value(bound));
  }
  return convert(*plan, Direction::right, settings, drawn.sources);
}

/// Codes of templates that run, and that a plan does not say: pieces that sizes do not divide, or that lie across
/// sources or destinations; a rank that the template leaves open.
const std::set<Code> known_limits = {
    Code::template_rank_unknown, Code::template_inexpressible, Code::rank_mismatch,
    Code::extent_indivisible,    Code::extent_conflict,        Code::evaluation_failed,
};

}  // namespace

TEST_CASE("random templates make what their operations make") {
  const Run run = run_settings(4000);
  std::map<std::string, std::size_t> counts, refused;
  std::size_t runnable = 0;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const DrawnTemplate drawn = random_template(random);
    CAPTURE(seed);
    CAPTURE(describe(drawn));
    const auto expected = read_template(drawn);
    ++(expected ? runnable : counts["refused, rightly"]);
    for (const bool for_state : {false, true}) {
      CAPTURE(for_state);
      const Conversion ours = convert(drawn, for_state);
      REQUIRE(ours.fault == "");
      if (!expected) {
        // It does not run, or would leave pieces out or of different sizes.
        REQUIRE_MESSAGE(!ours.made, "taken, and does not run");
        continue;
      }
      if (ours.made) {
        ++counts[for_state ? "lowered for a state" : "lowered"];
        REQUIRE(first_difference(*ours.made, *expected) == "");
        for (const std::string& feature : features_of(drawn)) ++counts[feature];
        continue;
      }
      CAPTURE(ours.refusal);
      REQUIRE(known_limits.contains(ours.code));
      const std::string reason = fmt::format("{} {}", code_text(ours.code), info(ours.code).name);
      ++refused[(for_state ? "for a state: " : "for any: ") + reason];
      if (run.verbose && for_state) MESSAGE(describe(drawn) << ours.refusal);
    }
  }
  for (const auto& [reason, count] : refused) MESSAGE(count << "  refused " << reason);
  if (run.cases < 1000) return;
  MESSAGE(counts["lowered"] << " of " << runnable << " templates that run, for a state "
                            << counts["lowered for a state"]);
  CHECK(counts["lowered"] * 100 >= runnable * 65);
  CHECK(counts["lowered for a state"] * 100 >= runnable * 92);
  for (const char* feature :
       {"refused, rightly", "renames", "joins several", "joins sizes that differ", "expands sources", "unflattens",
        "by a placeholder", "permutes", "flattens", "cuts into several", "expands destinations", "layers",
        "cuts what was joined", "negative dimensions"}) {
    CAPTURE(feature);
    CHECK_MESSAGE(counts[feature] >= run.cases / 100, "drawn too seldom: " << counts[feature]);
  }
}
