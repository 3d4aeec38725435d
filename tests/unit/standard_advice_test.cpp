// What errors advise where the mapping is a standard one: nothing that only who writes mappings could do.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/compare_like.h"
#include "compiler/driver/explain_refusal.h"
#include "tests/unit/conversion.h"
#include "tests/unit/standard_families.h"

using namespace omap;
using namespace omap::test;

namespace {

namespace fs = std::filesystem;

/// A Llama of OLMo-core, with one more member in its config.
fs::path llama_with(const CheckpointFolder& folder, const std::string& member) {
  const fs::path made = directory_of(folder, {"llama", "llama"}, "olmo_core");
  std::string text = dump_json(json_file(made / "config.json"));
  text.replace(0, 1, "{" + member + ",");
  std::ofstream(made / "config.json") << text;
  return made;
}

std::string helps_of(const Diagnostic& diagnostic) { return fmt::format("{}", fmt::join(diagnostic.helps, "; ")); }

/// The first diagnostic with a code.
Diagnostic first_of(const Diagnostics& diagnostics, Code code) {
  const auto found = std::ranges::find(diagnostics, code, &Diagnostic::code);
  REQUIRE(found != diagnostics.end());
  return *found;
}

}  // namespace

TEST_CASE("of fields that nothing reads") {
  const CheckpointFolder folder;
  const driver::SidePath from{"olmo_core", llama_with(folder, R"("some_field": {"unheard": 1})")};
  const auto standard = driver::bind_source(standard_plan("llama"), from, std::nullopt, {});
  REQUIRE(standard);
  const Diagnostic said = first_of(standard->mapping.notes, Code::config_unread);
  CHECK(helps_of(said).find("--config FILE") != std::string::npos);
  CHECK(helps_of(said).find("ignore") == std::string::npos);
}

TEST_CASE("of tensors that are not there, and of those that nothing reads") {
  const CheckpointFolder folder;
  const Plan plan = standard_plan("llama");
  const fs::path made = directory_of(folder, {"llama", "llama"}, "hf");
  const auto reader = open_checkpoint(made / "model.safetensors");
  REQUIRE(reader);
  std::vector<TensorInfo> tensors = reader->index().tensors();
  std::ranges::find(tensors, std::string("model.norm.weight"), &TensorInfo::key)->key = "lm_head.scale";
  const TensorIndex index({"made"}, tensors);
  BindOptions options;
  options.direction = Direction::left;
  const auto bound = bind_plan(plan, index, {}, options);
  REQUIRE_FALSE(bound);
  const std::string missing = helps_of(first_of(bound.error(), Code::source_missing));
  CHECK(missing == "either the checkpoint is not complete, or it is not of this mapping's family");
  const std::string unread = helps_of(first_of(bound.error(), Code::source_unclaimed));
  CHECK(unread.find("olmoc new --like") != std::string::npos);
  CHECK(unread.find("`ignore") == std::string::npos);
}

TEST_CASE("of tensors that are tied and differ") {
  const Plan plan = standard_plan("llama");
  REQUIRE_FALSE(plan.ties.empty());
  const Diagnostics differ{Diagnostic(Code::tie_differs, plan.ties.front().range, "differ").help("a condition")};
  CHECK(helps_of(driver::explain_ties(plan, differ).front()).find("`--set tied=false`") != std::string::npos);
  const Plan own = plan_of("x <-> y\n tie a:z = a:x");
  CHECK(driver::explain_ties(own, differ) == differ);
}

TEST_CASE("of a result that is not like another") {
  const CheckpointFolder folder;
  const fs::path made = directory_of(folder, {"olmo2", "olmo2"}, "olmo_core");
  const Plan plan = standard_plan("olmo2");
  const auto bound = driver::bind_source(plan, {"olmo_core", made}, std::nullopt, {{"vocab=60"}});
  REQUIRE(bound);
  const auto like = open_checkpoint(fixtures / "olmo2/expected/hf.safetensors");
  REQUIRE(like);
  const Diagnostics differences = driver::compare_like(plan, bound->mapping.program, "", like->index(), "");
  REQUIRE(differences.size() == 1);
  CHECK(differences.front().code == Code::like_differs);
  CHECK(helps_of(differences.front()).find("`vocab`") != std::string::npos);
}

TEST_CASE("of params: what a standard mapping works out itself is not offered, nor taken") {
  const Plan plan = standard_plan("llama");
  REQUIRE(plan.find_param("known"));
  for (const std::string setting : {"known=true", "sized=true", "d=8", "knwn=true"}) {
    CAPTURE(setting);
    const auto set = parse_settings(plan, {setting});
    REQUIRE_FALSE(set);
    CHECK(set.error().front().code == Code::unknown_setting);
    CHECK(helps_of(set.error().front()).find("`n_layers`") != std::string::npos);
    CHECK(helps_of(set.error().front()).find("`known`") == std::string::npos);
  }
  CHECK(parse_settings(plan, {"n_layers=2", "tied=false"}));
  // A mapping of one's own takes all of them.
  const Plan own = plan_of("/// To be set.\n param n: int = 1\n param m: int = n\n require m == 1\n x[m] <-> y[m]");
  CHECK(parse_settings(own, {"m=2"}));

  const CheckpointFolder folder;
  const driver::SidePath from{"hf", directory_of(folder, {"llama", "llama"}, "hf")};
  const auto bound = driver::bind_source(plan, from, std::nullopt, {});
  REQUIRE(bound);
  const Diagnostics said = driver::compare_like(plan, bound->mapping.program, "", TensorIndex({}, {}), "");
  REQUIRE_FALSE(said.empty());
  CHECK(helps_of(said.front()).ends_with("`llama` has `tied`"));
}
