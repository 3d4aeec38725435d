// Rotary embeddings in the configs of the standard mappings: how they are scaled, and which of two fields says so.
#include <cmath>

#include "tests/unit/standard_configs.h"

namespace {

using namespace omap;
using namespace omap::test;

/// The fixtures' models have no such keys: they are made of what `rope` says.
Value roped(const std::string& folder, Value rope) {
  return with(json_file(fixtures / folder / "hf/config.json"), "rope_parameters", std::move(rope));
}

Result<BoundMapping> bound_from(const std::string& folder, const std::string& side, const Value& config) {
  const Direction direction = side == "hf" ? to_olmo_core : to_hf;
  return bound_to(standard_plan(folder), index_of(state_of(folder, side)),
                  {direction, {}, {{"config.json", config}}, {}});
}

Value made_of(const std::string& folder, const std::string& side, const Value& config) {
  const auto bound = bound_from(folder, side, config);
  if (!bound) FAIL_CHECK(bound.error().front().message);
  REQUIRE(bound);
  return bound->configs.at("config.json");
}

bool refused(const std::string& folder, const std::string& side, const Value& config) {
  const auto bound = bound_from(folder, side, config);
  return !bound && codes(bound.error()) == std::vector<Code>{Code::requirement_failed};
}

std::vector<std::string> names(const Value& value) {
  std::vector<std::string> all;
  for (const auto& [name, unused] : *value.object()) all.push_back(name);
  std::ranges::sort(all);
  return all;
}

const std::string rope = "model.block.sequence_mixer.rope";

}  // namespace

TEST_CASE("a scaling of OLMo-core has the fields of its class, and no other") {
  using Names = std::vector<std::string>;
  const Value::Object all = {{"rope_theta", 20000.0},  {"factor", 4.0},
                             {"beta_fast", 24},        {"beta_slow", 2},
                             {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0},
                             {"rope_type", "linear"},  {"original_max_position_embeddings", 64}};
  for (const auto& [type, fields] :
       {std::pair<std::string, Names>("linear", {"_CLASS_", "factor"}),
        {"yarn", {"_CLASS_", "beta_fast", "beta_slow", "factor", "old_context_len"}},
        {"llama3", {"_CLASS_", "factor", "high_freq_proportion", "low_freq_proportion", "old_context_len"}}}) {
    CAPTURE(type);
    const Value scaled = with(Value(all), "rope_type", type);
    const Value made = made_of("llama", "hf", roped("llama", scaled));
    CHECK(names(at(made, rope + ".scaling")) == fields);
    CHECK(at(made, rope + ".scaling.factor") == Value(4.0));
    // And back.
    const Value again = made_of("llama", "olmo_core", made);
    CHECK(at(again, "rope_parameters.rope_type") == Value(type));
    CHECK(at(again, "rope_parameters.factor") == Value(4.0));
    CHECK((at(again, "rope_parameters").member("original_max_position_embeddings") != nullptr) == (type != "linear"));

    Value by_type = json_file(fixtures / "olmo3/hf/config.json");
    by_type = with(by_type, "rope_parameters", Value::Object{{"full_attention", scaled}});
    const Value olmo3 = made_of("olmo3", "hf", by_type);
    const Value& overrides = at(olmo3, "model.block_overrides");
    REQUIRE(overrides.object());
    CHECK(names(at(overrides.object()->front().second, "sequence_mixer.rope.scaling")) == fields);
  }
  const Value unscaled = without(with(Value(all), "rope_type", "linear"), "factor");
  CHECK(refused("llama", "hf", roped("llama", unscaled)));
}

TEST_CASE("of `rope_scaling` and `rope_parameters` the first is taken, as Transformers does") {
  const Value plain = roped("llama", Value::Object{{"rope_theta", 20000.0}, {"rope_type", "default"}});
  const Value::Object linear = {{"type", "linear"}, {"factor", 2.0}};
  const Value both = made_of("llama", "hf", with(plain, "rope_scaling", linear));
  CHECK(at(both, rope + ".scaling._CLASS_") == Value("olmo_core.nn.rope.PIRoPEScalingConfig"));
  // The theta of the other goes with it.
  CHECK(at(both, rope + ".theta") == Value(10000));
  const Value own = with(with(plain, "rope_theta", 30000.0), "rope_scaling", linear);
  CHECK(at(made_of("llama", "hf", own), rope + ".theta") == Value(30000));
  for (const Value& nothing : {Value(), Value(Value::Object())}) {
    CHECK(made_of("llama", "hf", with(plain, "rope_scaling", nothing)) == made_of("llama", "hf", plain));
  }
  const Value::Object longrope = {{"rope_type", "longrope"}, {"factor", 2.0}};
  CHECK(refused("llama", "hf", with(plain, "rope_scaling", longrope)));
}

TEST_CASE("where types of layers have their own RoPE, `rope_scaling` beside it is refused") {
  for (const std::string folder : {"olmo3_yarn", "gemma3_text"}) {
    CAPTURE(folder);
    const std::string mapping = folder == "olmo3_yarn" ? "olmo3" : folder;
    const Value config = json_file(fixtures / folder / "hf/config.json");
    const auto found = [&](const Value& scaling) {
      const auto bound = bound_to(standard_plan(mapping), index_of(state_of(folder, "hf")),
                                  {to_olmo_core, {}, {{"config.json", with(config, "rope_scaling", scaling)}}, {}});
      return bound ? std::string() : bound.error().front().message;
    };
    const std::string message = found(Value::Object{{"rope_type", "linear"}, {"factor", 8.0}});
    CHECK(message.find("`rope_scaling` beside `rope_parameters`") != std::string::npos);
    CHECK(found(Value()) == "");
    CHECK(found(at(config, "rope_parameters.full_attention")) == "");
  }
}

TEST_CASE("YaRN that OLMo-core computes otherwise is refused") {
  const Value::Object yarn = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}};
  const auto found = [&](const std::vector<std::pair<std::string, Value>>& fields) {
    Value scaled = yarn;
    for (const auto& [name, value] : fields) scaled = with(scaled, name, value);
    return refused("llama", "hf", roped("llama", scaled));
  };
  CHECK_FALSE(found({}));
  CHECK_FALSE(found({{"truncate", true}}));
  CHECK(found({{"truncate", false}}));
  // Weights of the logarithm: without both, or with 0 for one, there are none.
  CHECK(found({{"mscale", 0.7}, {"mscale_all_dim", 1.0}}));
  CHECK(found({{"mscale", 1.0}, {"mscale_all_dim", 1.0}}));
  CHECK_FALSE(found({{"mscale", 0.7}}));
  CHECK_FALSE(found({{"mscale_all_dim", 0.7}}));
  CHECK_FALSE(found({{"mscale", 1.0}, {"mscale_all_dim", 0.0}}));
  // An attention factor goes before them.
  const double factor = 0.1 * std::log(4.0) + 1;
  CHECK_FALSE(found({{"mscale", 0.7}, {"mscale_all_dim", 1.0}, {"attention_factor", factor}}));
}

TEST_CASE("ABF scaling of OLMo-core is another base") {
  const Value config = json_file(fixtures / "llama/olmo_core/config.json");
  const auto with_abf = [&](Value::Object fields) {
    fields.emplace_back("_CLASS_", "olmo_core.nn.rope.ABFRoPEScalingConfig");
    return with_at(config, rope + ".scaling", std::move(fields));
  };
  for (const auto& [fields, theta] :
       {std::pair<Value::Object, double>({{"new_theta", 3000000}}, 3000000.0), {Value::Object(), 8000000.0}}) {
    const auto bound = bound_from("llama", "olmo_core", with_abf(fields));
    REQUIRE(bound);
    CHECK(bound->notes.empty());
    const Value& made = bound->configs.at("config.json");
    CHECK(names(at(made, "rope_parameters")) == std::vector<std::string>{"rope_theta", "rope_type"});
    CHECK(at(made, "rope_parameters.rope_theta") == Value(theta));
    CHECK(at(made, "rope_parameters.rope_type") == Value("default"));
  }
  CHECK(refused("llama", "olmo_core", with_abf({{"attention_rescale_factor", 1.5}})));
}
