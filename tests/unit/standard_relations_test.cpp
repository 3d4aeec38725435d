// Which tensor becomes which, and which module, by the standard mappings and by what OLMo-core lists.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/bind/bind.h"
#include "runtime/bind/bind_modules.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "tests/unit/standard_families.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

/// What each destination is made of.
using Relation = std::map<std::string, std::set<std::string>>;

std::vector<std::string> strings(const Value& list) {
  std::vector<std::string> all;
  for (const Value& item : *list.list()) all.push_back(*item.string());
  return all;
}

Relation listed(const Value& listing) {
  Relation relation;
  for (const Value& mapping : *listing.member("mappings")->list()) {
    const auto sources = strings(*mapping.member("source_keys"));
    // Of several that write a key, the peer takes the last.
    for (const std::string& key : strings(*mapping.member("dest_keys")))
      relation[key] = {sources.begin(), sources.end()};
  }
  return relation;
}

struct Case {
  Family family;
  bool to_hf = true;
  Value peers;
  Plan plan;
  TensorIndex state;
  BindOptions options;
  Configs configs;

  [[nodiscard]] const Value& of(const std::string& type) const {
    return *peers.member(to_hf ? "to_hf" : "from_hf")->member(type);
  }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Family& family : standard_families()) {
    const fs::path folder = fixtures / family.folder;
    if (!fs::exists(folder / "mappings.json")) continue;
    for (const bool to_hf : {true, false}) {
      const std::string side = to_hf ? "olmo_core" : "hf";
      const auto checkpoint = open_checkpoint(folder / "expected" / (side + ".safetensors"));
      REQUIRE(checkpoint);
      Case each{family, to_hf, json_file(folder / "mappings.json"), standard_plan(family.mapping), checkpoint->index(),
                {},     {}};
      each.options.direction = to_hf ? Direction::right : Direction::left;
      each.configs = {{"config.json", json_file(folder / side / "config.json")}};
      if (!to_hf) {
        const auto settings = parse_settings(each.plan, family.import_settings);
        REQUIRE(settings);
        each.options.settings = *settings;
      }
      all.push_back(std::move(each));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("weights become what OLMo-core lists") {
  const auto all = cases();
  REQUIRE(all.size() >= 20);
  for (const Case& each : all) {
    CAPTURE(each.family.folder);
    CAPTURE(each.to_hf);
    // The peer lists what it has templates for, and converts this family by other means.
    if (each.family.mapping == "qwen3_5") continue;
    const auto bound = bind_plan(each.plan, each.state, each.configs, each.options);
    if (!bound) FAIL_CHECK(bound.error().front().message);
    REQUIRE(bound);
    Relation ours;
    for (const ConcreteRule& rule : bound->rules) {
      std::set<std::string> sources;
      for (const std::uint32_t source : rule.sources) sources.insert(each.state.tensors()[source].key);
      for (const std::uint32_t made : rule.destinations) ours[bound->program.destinations[made].key] = sources;
    }
    Relation peers = listed(each.of("weight"));
    // A tied head is read and written once; the peer copies both.
    for (Relation* relation : {&ours, &peers}) {
      const bool tied = each.family.folder == "olmo2_tied" || each.family.folder == "gemma3_text";
      if (tied) relation->erase(each.to_hf ? "lm_head.weight" : "lm_head.w_out.weight");
    }
    CHECK(ours == peers);
  }
}

TEST_CASE("modules become what OLMo-core lists, but for its mistakes") {
  for (const Case& each : cases()) {
    CAPTURE(each.family.folder);
    CAPTURE(each.to_hf);
    const auto names = bind_modules(each.plan, each.state, each.configs, each.options);
    if (!names) FAIL_CHECK(names.error().front().message);
    REQUIRE(names);
    const auto state = strings(*each.of("module").member("state_keys"));
    const std::set<std::string> modules(state.begin(), state.end());
    Relation ours;
    for (const ModuleName& name : *names) {
      if (modules.contains(name.source)) ours[name.destination] = {name.source};
    }
    Relation peers = listed(each.of("module"));
    const std::string& mapping = each.family.mapping;
    const bool own_norms = mapping == "llama" || mapping == "qwen3" || mapping == "gemma3_text" || mapping == "qwen3_5";
    for (const auto& [destination, sources] : peers) {
      CAPTURE(destination);
      const auto found = ours.find(destination);
      // Towards Hugging Face the peer gives every family the norms of OLMo 2.
      const bool wrong_norm = each.to_hf && own_norms && destination.ends_with("norm") &&
                              destination.find("layers.") != std::string::npos && !destination.ends_with("q_norm") &&
                              !destination.ends_with("k_norm");
      // From Hugging Face it calls every feed-forward a mixture of experts.
      const bool wrong_experts = !each.to_hf && mapping != "flex_olmo" && destination.ends_with("feed_forward_moe");
      // It has one attention for all layers of a hybrid, with queries that are not fused with their gates.
      const bool wrong_attention = mapping == "qwen3_5";
      if (wrong_norm || wrong_experts || wrong_attention) continue;
      REQUIRE(found != ours.end());
      CHECK(found->second == sources);
    }
    // What the peer does not list, or lists wrongly: by family.
    for (const auto& [destination, sources] : ours) {
      if (peers.contains(destination) && peers.at(destination) == sources) continue;
      CAPTURE(destination);
      const bool norm = destination.ends_with("norm");
      const bool feed_forward = !each.to_hf && destination.ends_with("feed_forward");
      const bool experts = mapping == "flex_olmo";
      CHECK((norm || feed_forward || experts || mapping == "qwen3_5"));
    }
    CHECK(ours.size() > 30);
  }
}
