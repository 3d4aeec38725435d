// OLMo-core's own tables of templates, lowered: which tensor becomes which, module by module and bit for bit, against
// what OLMo-core lists and writes.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "compiler/load_mapping.h"
#include "runtime/bind/bind.h"
#include "runtime/bind/bind_modules.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/json/json.h"
#include "runtime/run/compare.h"
#include "runtime/templates/lower_templates.h"
#include "runtime/templates/template_names.h"
#include "tests/unit/conversion.h"
#include "tests/unit/olmo_core_templates.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

const fs::path fixtures = OMAP_FIXTURES;

/// Which sources each destination is made of, or each list of them.
using Relation = std::map<std::vector<std::string>, std::vector<std::string>>;

struct Listing {
  Value json;
  std::string model_type;
  Settings bounds;

  [[nodiscard]] const Value& of(const std::string& direction, const std::string& type) const {
    return *json.member(direction)->member(type);
  }
};

std::vector<std::string> strings(const Value& list) {
  std::vector<std::string> all;
  for (const Value& item : *list.list()) all.push_back(*item.string());
  return all;
}

Listing listing_in(const fs::path& folder) {
  const auto text = read_text((folder / "mappings.json").string());
  REQUIRE(text);
  auto json = parse_json(*text, "mappings.json");
  REQUIRE(json);
  Listing listing{std::move(*json), {}, {}};
  listing.model_type = *listing.json.member("model_type")->string();
  for (const auto& [placeholder, bound] : *listing.json.member("placeholder_bounds")->object()) {
    listing.bounds.emplace("n_" + placeholder.substr(1, placeholder.size() - 2), bound);
  }
  return listing;
}

/// The last of those that write a key, as the peer has it.
Relation listed(const Value& listing) {
  Relation relation;
  for (const Value& mapping : *listing.member("mappings")->list()) {
    relation[strings(*mapping.member("dest_keys"))] = strings(*mapping.member("source_keys"));
  }
  return relation;
}

Plan lowered(const std::string& direction, const Listing& listing, Absence absence) {
  const bool to_hf = direction == "to_hf";
  const auto templates = to_hf ? templates_to_hf(listing.model_type) : templates_from_hf(listing.model_type);
  TemplateOptions options;
  options.source = {to_hf ? "olmo_core" : "hf", "safetensors", ""};
  options.destination = {to_hf ? "hf" : "olmo_core", "safetensors", ""};
  options.absence = absence;
  auto plan = lower_templates(listing.model_type, templates, options);
  if (!plan) FAIL_CHECK(plan.error().front().message);
  REQUIRE(plan);
  return std::move(*plan);
}

Settings settings_of(const Plan& plan, const Settings& bounds) {
  Settings settings;
  for (const auto& [param, bound] : bounds) {
    if (plan.find_param(param)) settings.emplace(param, bound);
  }
  return settings;
}

TensorIndex names_only(const std::vector<std::string>& keys) {
  std::vector<TensorInfo> infos;
  for (const std::string& key : keys) infos.push_back({key, Dtype::f32, {1}, {0, 4 * infos.size(), 4}});
  return TensorIndex({"names"}, std::move(infos));
}

Relation bound_relation(const BoundMapping& bound, const TensorIndex& index) {
  Relation relation;
  for (const ConcreteRule& rule : bound.rules) {
    std::vector<std::string> sources, destinations;
    for (const std::uint32_t source : rule.sources) sources.push_back(index.tensors()[source].key);
    for (const std::uint32_t made : rule.destinations) destinations.push_back(bound.program.destinations[made].key);
    relation[destinations] = sources;
  }
  return relation;
}

/// The headers of what the peer converts: from its file, where the fixtures have it; else names suffice.
TensorIndex state_of(const fs::path& folder, const std::string& direction, const Value& listing) {
  const fs::path file = folder / "expected" / (direction == "to_hf" ? "olmo_core.safetensors" : "hf.safetensors");
  if (!fs::exists(file)) return names_only(strings(*listing.member("state_keys")));
  const auto checkpoint = open_checkpoint(file);
  REQUIRE(checkpoint);
  return checkpoint->index();
}

/// Less the tensors that the peer has no template for.
TensorIndex only_listed(const TensorIndex& index, const Relation& relation) {
  std::set<std::string> keys;
  for (const auto& [destinations, sources] : relation) keys.insert(sources.begin(), sources.end());
  std::vector<TensorInfo> infos;
  for (const TensorInfo& info : index.tensors()) {
    if (keys.contains(info.key)) infos.push_back(info);
  }
  return TensorIndex({"listed"}, std::move(infos));
}

std::vector<fs::path> folders_with_listings() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fixtures)) {
    if (fs::exists(entry.path() / "mappings.json")) folders.push_back(entry.path());
  }
  return folders;
}

}  // namespace

TEST_CASE("lowered templates map the weights that OLMo-core lists, in both directions") {
  REQUIRE(folders_with_listings().size() >= 9);
  for (const fs::path& folder : folders_with_listings()) {
    const Listing listing = listing_in(folder);
    for (const std::string direction : {"to_hf", "from_hf"}) {
      CAPTURE(folder.filename().string());
      CAPTURE(direction);
      const Relation peers = listed(listing.of(direction, "weight"));
      // The peer lists what it has templates for; the layers of this family differ, and it converts them by hand.
      const bool differ = listing.model_type == "qwen3_5_text";
      TensorIndex state = state_of(folder, direction, listing.of(direction, "weight"));
      if (differ) state = only_listed(state, peers);
      const Plan plan = lowered(direction, listing, differ ? Absence::by_value : Absence::whole);
      for (const bool told : {false, true}) {
        // Only the bound of what the state does not tell is needed.
        BindOptions options;
        options.settings = settings_of(plan, listing.bounds);
        if (!told) options.settings.erase("n_layer");
        const auto bound = bind_plan(plan, state, {}, options);
        if (!bound) FAIL_CHECK(bound.error().front().message);
        REQUIRE(bound);
        CHECK(bound_relation(*bound, state) == peers);
      }
    }
  }
}

TEST_CASE("lowered templates map the modules that OLMo-core lists, in both directions") {
  for (const fs::path& folder : folders_with_listings()) {
    const Listing listing = listing_in(folder);
    for (const std::string direction : {"to_hf", "from_hf"}) {
      CAPTURE(folder.filename().string());
      CAPTURE(direction);
      const Value& modules = listing.of(direction, "module");
      const Plan plan = lowered(direction, listing, Absence::whole);
      BindOptions options;
      options.settings = settings_of(plan, listing.bounds);
      const auto state = strings(*modules.member("state_keys"));
      const auto names = bind_modules(plan, names_only(state), {}, options);
      REQUIRE(names);
      // A plan says what each module would be called; a model has some of them, and has others that have no rule.
      Relation ours;
      for (const ModuleName& name : *names) {
        if (std::find(state.begin(), state.end(), name.source) != state.end()) ours[{name.destination}] = {name.source};
      }
      CHECK(ours == listed(modules));
      // Towards Hugging Face the peer has one list of modules for all: these families get OLMo 2's norms, while their
      // weights get their own.
      const bool ignored = listing.model_type == "llama" || listing.model_type == "qwen3" ||
                           listing.model_type == "gemma3_text" || listing.model_type == "qwen3_5_text";
      if (direction == "to_hf" && ignored) {
        CHECK(ours.at({"model.layers.0.post_attention_layernorm"}) ==
              std::vector<std::string>{"blocks.0.attention_norm"});
        CHECK_FALSE(ours.contains({"model.layers.0.input_layernorm"}));
      }
      CHECK(ours.size() > 30);
      CHECK(ours.size() < state.size());
    }
  }
}

TEST_CASE("lowered templates convert what OLMo-core's templates convert, bit for bit") {
  struct Case {
    std::string folder;
    bool bounded = false;
  };
  for (const Case& each : {Case{"olmo2"}, Case{"olmo2_headdim"}, Case{"olmo2_tied"}, Case{"olmo3_yarn"}, Case{"llama"},
                           Case{"flex_olmo", true}}) {
    const Listing listing = listing_in(fixtures / each.folder);
    for (const std::string direction : {"to_hf", "from_hf"}) {
      CAPTURE(each.folder);
      CAPTURE(direction);
      const bool to_hf = direction == "to_hf";
      const fs::path expected = fixtures / each.folder / "expected";
      const auto source = open_checkpoint(expected / (to_hf ? "olmo_core.safetensors" : "hf.safetensors"));
      const auto result = open_checkpoint(expected / (to_hf ? "hf.safetensors" : "olmo_core.safetensors"));
      REQUIRE(source);
      REQUIRE(result);
      const Plan plan = lowered(direction, listing, Absence::whole);
      BindOptions options;
      // How many experts there are, a stacked tensor does not tell.
      if (each.bounded && to_hf) options.settings = settings_of(plan, {{"n_expert", listing.bounds.at("n_expert")}});
      const auto bound = bind_plan(plan, source->index(), {}, options);
      if (!bound) FAIL_CHECK(bound.error().front().message);
      REQUIRE(bound);
      const CheckpointFolder folder;
      std::vector<OutputTensor> outputs;
      for (const Destination& made : bound->program.destinations) outputs.push_back({made.key, made.dtype, made.shape});
      const auto layout = lay_out_safetensors_file(outputs, "made.safetensors");
      REQUIRE(layout);
      auto staged = stage_output(folder.path() / "made.safetensors", false, *layout, {.replace = true});
      REQUIRE(staged);
      REQUIRE(run(bound->program, *source, *layout, *staged, {}));
      REQUIRE(staged->commit());
      const auto made = open_checkpoint(folder.path() / "made.safetensors");
      REQUIRE(made);
      const auto found = compare(*made, *result, {});
      REQUIRE(found);
      CHECK(found->equal == result->index().tensors().size());
      CHECK(found->equal == made->index().tensors().size());
    }
  }
}
