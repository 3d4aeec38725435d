// `olmoc new`: what it makes of checkpoints compiles, says what it is not sure of, and is right where it is sure.
#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <random>
#include <set>
#include <utility>

#include "compiler/compile.h"
#include "compiler/draft/claimed_keys.h"
#include "compiler/draft/pair_families.h"
#include "compiler/draft/write_draft.h"
#include "compiler/load_mapping.h"
#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

namespace fs = std::filesystem;

const fs::path fixtures = OMAP_FIXTURES;

std::vector<KeyFamily> families_of(const std::vector<TensorInfo>& infos) {
  const TensorIndex index({}, infos);
  return key_families(SourceKeys(index, ""), std::vector<bool>(infos.size(), true));
}

std::vector<std::string> spelled(const std::vector<KeyFamily>& families) {
  std::vector<std::string> texts;
  for (const KeyFamily& family : families) texts.push_back(spell(family));
  return texts;
}

std::optional<TensorDigest> nothing(const KeyFamily& /*family*/) { return std::nullopt; }

TensorInfo f32(std::string key, std::vector<std::int64_t> shape) {
  return {std::move(key), Dtype::f32, std::move(shape), {}};
}

DraftRequest request_of(const std::vector<TensorInfo>& left, const std::vector<TensorInfo>& right) {
  DraftRequest request;
  request.name = "draft";
  request.left = {{"a", "safetensors", {}}, families_of(left)};
  request.right = {{"b", "safetensors", {}}, families_of(right)};
  request.pairs = pair_families(request.left.families, request.right.families, nothing, nothing);
  return request;
}

Plan compiled(const std::string& text) {
  CAPTURE(text);
  Compilation made = compile("draft.omap", text);
  for (const Diagnostic& diagnostic : made.diagnostics) {
    CHECK_MESSAGE(diagnostic.severity != Severity::error, diagnostic.message);
  }
  REQUIRE(made.plans.size() == 1);
  return std::move(made.plans.front());
}

/// One checkpoint's draft, and that of two with the same keys: they compile, and name each tensor. An empty key is
/// named in a comment only.
void check_drafts(std::vector<std::string> keys) {
  CAPTURE(fmt::format("{}", fmt::join(keys, " ")));
  std::vector<TensorInfo> infos;
  for (const std::string& key : keys) infos.push_back(f32(key, {2}));
  DraftRequest alone = request_of(infos, {});
  alone.only_side = "a";
  const DraftRequest both = request_of(infos, infos);
  if (std::erase(keys, "") > 0) CHECK(write_draft(alone).find("//     a:(empty) [2]") != std::string::npos);
  std::erase_if(infos, [](const TensorInfo& info) { return info.key.empty(); });
  if (keys.empty()) return;
  for (const DraftRequest* request : {&std::as_const(alone), &both}) {
    const std::string text = write_draft(*request);
    CAPTURE(text);
    const Plan plan = compiled(text);
    const auto bound = bound_to(plan, TensorIndex({"made"}, infos));
    REQUIRE(bound);
    std::set<std::string> written;
    for (const auto& destination : bound->program.destinations) written.insert(destination.key);
    CHECK(written == std::set<std::string>(keys.begin(), keys.end()));
  }
}

}  // namespace

TEST_CASE("keys that differ in numbers are a family, split where numbers are no product") {
  CHECK(spelled(families_of({f32("h.0.w", {2}), f32("h.2.w", {2}), f32("h.1.w", {2}), f32("h.1.b", {3}),
                             f32("h.10.b", {3}), f32("top", {})})) ==
        std::vector<std::string>{"h.{0..2}.w [2]", "h.{1,10}.b [3]", "top []"});
  CHECK(spelled(families_of({f32("m.0.e.0.w", {1}), f32("m.0.e.1.w", {1}), f32("m.1.e.0.w", {1}), f32("m.1.e.1.w", {1}),
                             f32("m.2.e.0.w", {1}), f32("m.2.e.1.w", {4})})) ==
        std::vector<std::string>{"m.{0..1}.e.{0..1}.w [1]", "m.2.e.0.w [1]", "m.2.e.1.w [4]"});
}

TEST_CASE("what fits nothing else is sure, and of what fits several the names decide") {
  const auto left = families_of({f32("in.w", {2, 3}), f32("q.w", {2, 2}), f32("k.w", {2, 2}), f32("alone", {9})});
  const auto right = families_of({f32("x", {2, 3}), f32("k_proj.w", {2, 2}), f32("q_proj.w", {2, 2}), f32("y", {8})});
  const auto pairs = pair_families(left, right, nothing, nothing);
  REQUIRE(pairs.size() == 3);
  for (const FamilyPair& pair : pairs) {
    const std::string ours = first_key(left[pair.left]), theirs = first_key(right[pair.right]);
    CAPTURE(ours);
    CHECK(theirs == (ours == "in.w" ? "x" : ours == "q.w" ? "q_proj.w" : "k_proj.w"));
    CHECK(pair.certainty == (ours == "in.w" ? FamilyPair::Certainty::only_fit : FamilyPair::Certainty::guess));
    CHECK(pair.others.size() == (ours == "in.w" ? 0 : 1));
  }
}

TEST_CASE("equal bits are sure, whatever the names") {
  const auto left = families_of({f32("a1", {4}), f32("a2", {4}), f32("a3", {4})});
  const auto right = families_of({f32("a2_", {4}), f32("a3_", {4}), f32("a1_", {4})});
  // a1 has the bits of a3_, a2 those of a1_; a3 and a2_ are left over for each other.
  const std::map<std::string, std::size_t> bits{{"a1", 1}, {"a3_", 1}, {"a2", 2}, {"a1_", 2}, {"a3", 3}, {"a2_", 4}};
  const auto read = [&](const KeyFamily& family) { return std::optional(TensorDigest{bits.at(first_key(family))}); };
  const auto pairs = pair_families(left, right, read, read);
  REQUIRE(pairs.size() == 3);
  std::map<std::string, std::pair<std::string, FamilyPair::Certainty>> found;
  for (const FamilyPair& pair : pairs)
    found[first_key(left[pair.left])] = {first_key(right[pair.right]), pair.certainty};
  CHECK(found["a1"] == std::pair(std::string("a3_"), FamilyPair::Certainty::bits));
  CHECK(found["a2"] == std::pair(std::string("a1_"), FamilyPair::Certainty::bits));
  CHECK(found["a3"] == std::pair(std::string("a2_"), FamilyPair::Certainty::guess));
}

TEST_CASE("what was compared and differs is not sure, and a matrix that is another transposed is") {
  const auto left = families_of({f32("fc.w", {2, 6}), f32("proj.w", {6, 2}), f32("square.w", {3, 3}), f32("n.w", {5})});
  const auto right = families_of({f32("down", {2, 6}), f32("up", {6, 2}), f32("square", {3, 3}), f32("n", {5})});
  using Corner = TensorDigest::Corner;
  const std::map<std::string, TensorDigest> digests{
      {"fc.w", {1, Corner{10, 11}}}, {"up", {2, Corner{11, 10}}},       {"proj.w", {3, Corner{20, 21}}},
      {"down", {4, Corner{21, 20}}}, {"square.w", {5, Corner{30, 31}}}, {"square", {6, Corner{31, 30}}},
      {"n.w", {7, std::nullopt}},    {"n", {8, std::nullopt}},
  };
  const auto read = [&](const KeyFamily& family) { return std::optional(digests.at(first_key(family))); };
  DraftRequest request;
  request.name = "draft";
  request.left = {{"a", "safetensors", {}}, left};
  request.right = {{"b", "safetensors", {}}, right};
  request.pairs = pair_families(left, right, read, read);
  const std::string text = write_draft(request);
  CAPTURE(text);
  CHECK(text.find("3 of its 4 equations are sure") != std::string::npos);
  CHECK(text.find("n.w <-> n  // not sure: their bits differ\n") != std::string::npos);
  for (const std::string equation :
       {"fc.w[a_ b_] <-> up[b_ a_]\n", "proj.w[a_ b_] <-> down[b_ a_]\n", "square.w[a_ b_] <-> square[b_ a_]\n"}) {
    CHECK(text.find(equation) != std::string::npos);
  }
  CHECK(compiled(text).rules.size() == 4);
}

TEST_CASE("a draft counts, folds into blocks, and says what it is not sure of") {
  std::vector<TensorInfo> left, right;
  for (int i = 0; i < 3; ++i) {
    left.push_back(f32(fmt::format("blocks.{}.w", i), {2, 3}));
    right.push_back(f32(fmt::format("model.layers.{}.up", i), {2, 3}));
    for (int e = 0; e < 2; ++e) {
      left.push_back(f32(fmt::format("blocks.{}.experts.{}.w1", i, e), {5}));
      left.push_back(f32(fmt::format("blocks.{}.experts.{}.w2", i, e), {5}));
      right.push_back(f32(fmt::format("model.layers.{}.mlp.{}.w1", i, e), {5}));
      right.push_back(f32(fmt::format("model.layers.{}.mlp.{}.w3", i, e), {5}));
    }
  }
  for (const int i : {1, 2}) {
    left.push_back(f32(fmt::format("blocks.{}.bias", i), {7}));
    right.push_back(f32(fmt::format("model.layers.{}.bias", i), {7}));
  }
  left.push_back(f32("param.scale", {}));
  right.push_back(f32("a scale", {}));
  left.push_back(f32("left.over", {11}));
  const std::string text = write_draft(request_of(left, right));
  const Plan plan = compiled(text);
  CHECK(text.find("param n_block: int = count(a:blocks.{_}.") != std::string::npos);
  CHECK(text.find("index block_2 in [1, 2]") != std::string::npos);
  CHECK(text.find("blocks.{block} <-> model.layers.{block} {") != std::string::npos);
  CHECK(text.find("experts.{expert}.w1 <-> mlp.{expert}.w1  // not sure: so does model.layers.0.mlp.0.w3 fit") !=
        std::string::npos);
  CHECK(text.find("//     left.over [11]") != std::string::npos);
  std::erase_if(left, [](const TensorInfo& info) { return info.key == "left.over"; });
  CHECK(bound_to(plan, TensorIndex({"made"}, left)));
  CHECK(bound_to(plan, TensorIndex({"made"}, right), {Direction::left, {}, {}, {}}));
}

TEST_CASE("keys of any characters make drafts that compile and hold them") {
  const std::vector<std::vector<std::string>> legal = {
      {"a..w"},
      {"", "x"},
      {".x"},
      {"x."},
      {"l.0.", "l.1."},
      {".0", ".1"},
      {"..0.", "..1.", "..2."},
      {"0", "1"},
      {"l.{5..2}.x"},
      {"l.{1..}.w"},
      {"{0,.}"},
      {"l.{..}.q"},
      {"l.{0..1}.0.w", "l.{0..1}.1.w"},
      {"l.18446744073709551614.w", "l.18446744073709551615.w"},
      {"l.9223372036854775806.w", "l.9223372036854775807.w"},
      {"a b.0.w", "a b.1.w"},
      {"param.0.w", "param.1.w"},
      {"then-x", "else-y", "fill", "as", "-", "1e5.2.5"},
      {"in.0.w", "in.1.w", "true.0", "true.1", "_.0.w", "_.1.w", "null.0.null.0.w", "null.0.null.1.w"},
      {"a\"b\\c\n\td", "\u00e9/\u4e2d", "**", "*.w", "{_}", "{w|v}"},
  };
  for (const std::vector<std::string>& keys : legal) check_drafts(keys);
}

TEST_CASE("keys that no mapping can write are told apart in a draft") {
  const std::string text = write_draft(request_of({f32("a\r\nb", {2}), f32("c", {3})}, {f32("", {2}), f32("e", {3})}));
  CHECK(text.find("//     a:a\\r\\nb [2]\n//     b:(empty) [2]\n}") != std::string::npos);
  CHECK(text.find("1 of its 1 equations are sure") != std::string::npos);
  CHECK(compiled(text).rules.size() == 1);
}

TEST_CASE("keys of random characters make drafts that compile and hold them") {
  std::mt19937 random(20);
  const std::string_view alphabet = "a.{}0,|*1.";
  for (int round = 0; round < 300; ++round) {
    std::set<std::string> keys;
    for (std::size_t i = 0, count = 1 + random() % 8; i < count; ++i) {
      std::string key(random() % 7, ' ');
      for (char& c : key) c = alphabet[random() % alphabet.size()];
      keys.insert(std::move(key));
    }
    check_drafts({keys.begin(), keys.end()});
  }
}

TEST_CASE("a draft for a peer's two checkpoints is right where it is sure") {
  // The peer's state and its own conversion of it: what the standard mapping says is the truth.
  const auto left = open_checkpoint(fixtures / "olmo2/expected/olmo_core.safetensors");
  const auto right = open_checkpoint(fixtures / "olmo2/expected/hf.safetensors");
  REQUIRE(left);
  REQUIRE(right);
  const LoadedMapping standard = load_mapping("std:olmo2");
  REQUIRE(standard.plan);
  DraftRequest request;
  request.name = "draft";
  request.left = {{"olmo_core", "safetensors", {}},
                  key_families(SourceKeys(left->index(), ""), std::vector<bool>(left->index().tensors().size(), true))};
  request.right = {
      {"hf", "safetensors", {}},
      key_families(SourceKeys(right->index(), ""), std::vector<bool>(right->index().tensors().size(), true))};
  request.pairs = pair_families(request.left.families, request.right.families, nothing, nothing);
  const Plan plan = compiled(write_draft(request));
  const auto ours = bound_to(plan, left->index());
  const auto theirs = bound_to(*standard.plan, left->index());
  REQUIRE(ours);
  REQUIRE(theirs);
  const auto destination_of = [](const BoundMapping& bound) {
    std::map<std::uint32_t, std::string> keys;
    for (const ConcreteRule& rule : bound.rules)
      keys[rule.sources.at(0)] = bound.program.destinations[rule.destinations.at(0)].key;
    return keys;
  };
  std::set<std::string> sure;
  for (const FamilyPair& pair : request.pairs) {
    if (pair.certainty != FamilyPair::Certainty::guess) sure.insert(first_key(request.left.families[pair.left]));
  }
  CHECK(sure.size() >= 3);
  auto truth = destination_of(*theirs);
  for (const auto& [source, key] : destination_of(*ours)) {
    if (sure.contains(left->index().tensors()[source].key)) CHECK(key == truth[source]);
  }
}

TEST_CASE("a mapping knows tensors by names, whatever their numbers") {
  const Plan plan = plan_of("index i in 0..2\n x.{i} <-> y.{i}\n gone <-> z\n optional o <-> p\n ignore a:skip.*");
  const TensorIndex index({}, {f32("x.7", {1}), f32("skip.me", {1}), f32("new", {1})});
  const ClaimedKeys claimed = claimed_keys(plan, "a", index, "safetensors", {});
  CHECK(claimed.tensors == std::vector<bool>{true, true, false});
  CHECK(claimed.by_rules == 1);
  CHECK(claimed.absent == std::vector<std::string>{"a:gone"});
}

TEST_CASE("what a run still says of a checkpoint is in the draft, one line each") {
  DraftRequest request = request_of({f32("a", {2})}, {f32("b", {2})});
  CHECK(write_draft(request).find("Not done") == std::string::npos);
  request.undone = {"`x` is\nmissing"};
  const std::string text = write_draft(request);
  CHECK(text.find("// Not done yet. A run says:\n//     `x` is\\nmissing\n}") != std::string::npos);
  CHECK(compiled(text).rules.size() == 1);
}

TEST_CASE("biases that a mapping removes or never had are left for its draft") {
  const TensorIndex index(
      {}, {f32("model.layers.0.mlp.up_proj.bias", {2}), f32("model.layers.0.mlp.up_proj.weight", {2, 2}),
           f32("model.layers.0.self_attn.q_proj.bias", {2}), f32("lm_head.bias", {2})});
  for (const auto& [name, known] : std::initializer_list<std::pair<const char*, std::vector<bool>>>{
           {"std:qwen3", {false, true, true, false}}, {"std:llama", {true, true, true, false}}}) {
    CAPTURE(name);
    const LoadedMapping standard = load_mapping(name);
    REQUIRE(standard.plan);
    CHECK(claimed_keys(*standard.plan, "hf", index, "safetensors", {}).tensors == known);
  }
}
