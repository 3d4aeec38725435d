// What `olmoc run` says without a mapping where one is near: what a config or a setting has that it does not take, and
// only of another model that a mapping of one's own may be the mend.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/recognise.h"
#include "tests/unit/standard_configs.h"

using namespace omap;
using namespace omap::test;

namespace {

namespace fs = std::filesystem;

const driver::SidePath to_core{"olmo_core", "out"};

/// The one error that is said instead of a mapping.
Diagnostic refusal(const driver::SidePath& from, const std::vector<std::string>& settings = {}) {
  const driver::Recognised found = driver::recognise(from, to_core, settings);
  CHECK_FALSE(found.mapping.plan);
  REQUIRE(found.mapping.diagnostics.size() == 1);
  return found.mapping.diagnostics.front();
}

/// The one error of a named mapping.
Diagnostic refusal_by(const std::string& mapping, const driver::SidePath& from) {
  const auto bound = driver::bind_source(standard_plan(mapping), from, to_core.side, {});
  REQUIRE_FALSE(bound);
  REQUIRE(bound.error().size() == 1);
  return bound.error().front();
}

bool has(const std::vector<std::string>& texts, const std::string& part) {
  return std::ranges::any_of(texts, [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

/// A checkpoint of Transformers, with another value for a field of its config.
fs::path checkpoint_with(const CheckpointFolder& folder, const std::string& family, const std::string& field,
                         const std::string& value) {
  fs::path made = directory_of(folder, {family, family}, "hf");
  auto json = parse_json(value, "the value");
  REQUIRE(json);
  const std::string config = dump_json(with(json_file(made / "config.json"), field, *std::move(json)));
  std::ofstream(made / "config.json") << config;
  return made;
}

}  // namespace

TEST_CASE("a model of a known family whose config is at fault is told what, and not to extend a mapping") {
  struct Case {
    std::string family, field, value, note, nearest;
  };
  const std::vector<Case> cases = {
      {"llama", "hidden_act", R"("gelu")", "`hf.hidden_act` is \"gelu\"", "std:llama"},
      {"llama", "num_hidden_layers", "2", "`hf.num_hidden_layers` is 2", "std:llama"},
      {"olmo3", "hidden_act", R"("gelu")", "`hf.hidden_act` is \"gelu\"", "std:olmo3"},
      {"gemma3_text", "final_logit_softcapping", "30.0", "`hf.final_logit_softcapping` is there", "std:gemma3_text"},
  };
  for (const Case& at_fault : cases) {
    CAPTURE(at_fault.field);
    const CheckpointFolder folder;
    const fs::path made = checkpoint_with(folder, at_fault.family, at_fault.field, at_fault.value);
    const Diagnostic said = refusal({"hf", made});
    CHECK(has(said.notes, "nearest is " + at_fault.nearest + ":"));
    CHECK(has(said.notes, at_fault.note));
    CHECK(has(said.helps, "`olmoc run " + at_fault.nearest + " ...`"));
    CHECK_FALSE(has(said.helps, "--like"));
    // Named, the mapping does not say that it is of another family.
    const Diagnostic named = refusal_by(at_fault.nearest.substr(4), {"hf", made});
    CHECK(named.code == Code::requirement_failed);
    CHECK(has(named.helps, "mend the config"));
    CHECK_FALSE(has(named.helps, "family"));
  }
}

TEST_CASE("a model of another family is told so, and how to extend the mapping whose names it has") {
  const CheckpointFolder folder;
  const fs::path made = checkpoint_with(folder, "llama", "model_type", R"("mistral")");
  const Diagnostic said = refusal({"hf", made});
  CHECK(has(said.notes, "nearest is std:llama:"));
  CHECK(has(said.notes, "`hf.model_type` is \"mistral\""));
  CHECK(has(said.helps, "--like std:llama"));
  CHECK(has(refusal_by("llama", {"hf", made}).helps, "take the mapping of this model's family"));
}

TEST_CASE("settings that are wrong are told of the mapping that fits without them") {
  const CheckpointFolder folder;
  const driver::SidePath llama{"hf", directory_of(folder, {"llama", "llama"}, "hf")};
  REQUIRE(driver::recognise(llama, to_core, {}).name == "std:llama");
  const Plan plan = standard_plan("llama");
  for (const std::vector<std::string>& settings : std::vector<std::vector<std::string>>{
           {"bogus=1"}, {"n_heads=abc"}, {"n_heads=4", "n_heads=4"}, {"n_layers=2"}}) {
    CAPTURE(settings.front());
    const driver::Recognised found = driver::recognise(llama, to_core, settings);
    CHECK_FALSE(found.mapping.plan);
    const auto named = driver::bind_source(plan, llama, "olmo_core", {settings});
    REQUIRE_FALSE(named);
    REQUIRE(found.mapping.diagnostics.size() == named.error().size());
    for (std::size_t i = 0; i < named.error().size(); ++i) {
      CHECK(found.mapping.diagnostics[i].code == named.error()[i].code);
      CHECK(found.mapping.diagnostics[i].message == named.error()[i].message);
    }
  }
  // The same where the setting is one that decides.
  const CheckpointFolder other;
  const driver::SidePath flex{"hf", directory_of(other, {"flex_olmo", "flex_olmo"}, "hf")};
  CHECK(refusal(flex, {"dropless=yes"}).code == Code::value_type);
}
