// Llama as Meta releases it, in one file and in one of each rank: against files of peers, and models laid out by plain
// index arithmetic.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/both_layouts.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::layouts;

TEST_CASE("Llama as Meta releases it, bit for bit as Transformers has it") {
  const Plan plan = standard("meta_llama");
  const fs::path folder = transformers / "meta_llama", release = folder / "consolidated.00.pth";
  const Tensors hub = tensors_in(folder / "hub.safetensors");
  check_same(converted(plan, release, {Direction::right, {}, configs_in(folder, "params.json"), {}}), hub);
  // Without `params.json` the frequencies of the release tell the size of a head.
  check_same(converted(plan, release), hub);
  Tensors meta = tensors_in(release);
  REQUIRE(meta.erase("rope.freqs") == 1);
  check_same(converted(plan, folder / "hub.safetensors", {Direction::left, {}, configs_in(folder, "config.json"), {}}),
             meta);
}

TEST_CASE("who reads a Llama with stretched positions is told how those of Llama 3.2 are") {
  const Plan plan = standard("meta_llama");
  const auto release = open_checkpoint(transformers / "meta_llama/consolidated.00.pth");
  REQUIRE(release);
  const auto noted = [&](const std::string& scaled, std::vector<std::string> settings) {
    const Configs configs = {
        {"params.json", json_of(fmt::format(R"({{"n_heads": 4, "n_kv_heads": 2, "use_scaled_rope": {}}})", scaled))}};
    const auto bound = bound_to(plan, release->index(), {Direction::right, std::move(settings), configs, {}});
    REQUIRE(bound);
    return std::ranges::count(bound->notes, Code::mapping_note, &Diagnostic::code);
  };
  CHECK(noted("true", {}) == 1);
  CHECK(noted("true", {"stretch=32"}) == 0);
  CHECK(noted("false", {}) == 0);
}

TEST_CASE("positions that are stretched otherwise than Meta's Llamas stretch them are refused") {
  const Plan plan = standard("meta_llama");
  const auto hub = open_checkpoint(transformers / "meta_llama/hub.safetensors");
  REQUIRE(hub);
  const std::string llama3 = R"("rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 8192)";
  const auto bound = [&](const std::string& fields) {
    Configs configs = configs_in(transformers / "meta_llama", "config.json");
    Value::Object made = *configs.at("config.json").object();
    std::erase_if(made, [](const auto& member) { return member.first == "rope_parameters"; });
    const Value read = json_of(fields);
    for (const auto& member : *read.object()) made.push_back(member);
    configs.at("config.json") = made;
    return bound_to(plan, hub->index(), {Direction::left, {}, configs, {}});
  };
  const auto stretched = [&](const std::string& factor) {
    return bound(fmt::format(R"({{"rope_parameters": {{{}, "factor": {}}}}})", llama3, factor));
  };
  const auto eight = stretched("8.0"), more = stretched("32.0");
  REQUIRE(eight);
  REQUIRE(more);
  const Value* scaled = eight->configs.at("params.json").member("use_scaled_rope");
  REQUIRE(scaled);
  CHECK(*scaled == Value(true));
  CHECK(std::ranges::count(eight->notes, Code::mapping_note, &Diagnostic::code) == 0);
  CHECK(std::ranges::count(more->notes, Code::mapping_note, &Diagnostic::code) == 1);
  CHECK_FALSE(stretched("16.0"));
  // One field is beside the other, and goes before it.
  const std::string plain = R"("rope_parameters": {"rope_type": "default", "rope_theta": 10000.0})";
  CHECK(bound(fmt::format("{{{}}}", plain)));
  CHECK_FALSE(bound(fmt::format(R"({{{}, "rope_scaling": {{"rope_type": "linear", "factor": 2.0}}}})", plain)));
}

TEST_CASE("Llama as Meta releases it, at other sizes") {
  const Plan plan = standard("meta_llama");
  for (const bool tied : {false, true}) {
    for (MadeModel model : sizes({})) {
      model.tied = tied;
      const Configs config = config_json(
          fmt::format(R"({{"head_dim": {}, "tie_word_embeddings": {}}})", model.head, tied ? "true" : "false"));
      check_both_ways(
          plan, made_meta(model), made_hf(model),
          {Direction::right, {fmt::format("head_dim={}", model.head), tied ? "tied=true" : "tied=false"}, {}, {}},
          {Direction::left, {}, config, {}});
    }
  }
}

namespace {

/// What each rank of tensor parallelism has of a model, the rank before each key: rows or columns of matrices, and all
/// of each norm.
std::vector<MadeTensor> cut_for_ranks(const MadeLayout& whole, std::int64_t ranks, bool embeddings_by_rows) {
  std::vector<MadeTensor> parts;
  for (const MadeTensor& tensor : whole.tensors()) {
    const std::string& key = tensor.info.key;
    const auto elements = elements_of<std::uint32_t>(tensor);
    const bool by_columns = key.find("attention.wo") != std::string::npos ||
                            key.find("feed_forward.w2") != std::string::npos ||
                            (key.starts_with("tok_embeddings") && !embeddings_by_rows);
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      At shape = tensor.info.shape, first(shape.size());
      if (shape.size() == 2) {
        shape[by_columns] /= ranks;
        first[by_columns] = rank * shape[by_columns];
      }
      std::vector<std::uint32_t> part;
      for_each_index(shape, [&](const At& i) {
        const std::int64_t row = first[0] + i[0];
        const std::int64_t at = shape.size() == 1 ? row : row * tensor.info.shape[1] + first[1] + i[1];
        part.push_back(elements[static_cast<std::size_t>(at)]);
      });
      parts.push_back(tensor_of(fmt::format("{}.{}", rank, key), Dtype::f32, shape, part));
    }
  }
  return parts;
}

}  // namespace

TEST_CASE("Llama as Meta releases it for several ranks, put together") {
  const Plan plan = standard("meta_llama_ranks");
  MadeModel model;
  model.layers = 11, model.vocab = 24, model.heads = 8, model.key_heads = 4, model.inner = 12;
  const std::vector<std::string> head = {fmt::format("head_dim={}", model.head)};
  for (const std::int64_t ranks : {1, 2, 4}) {
    for (const bool by_rows : {true, false}) {
      const auto parts = cut_for_ranks(made_meta(model), ranks, by_rows);
      check_same(converted(plan, parts, {Direction::right, head, {}, {}}), tensors_of(made_hf(model)));
      // More ranks than heads of keys: each stands in several of them, and is no other head.
      for (const auto& [heads, codes] :
           {std::pair(model.key_heads, std::vector<Code>()), {model.key_heads / 2, {Code::requirement_failed}}}) {
        const Configs release = {
            {"params.json", json_of(fmt::format(R"({{"n_heads": {}, "n_kv_heads": {}}})", model.heads, heads))}};
        CHECK(refusals(plan, parts, {Direction::right, head, release, {}}) == codes);
      }
    }
  }
}
