// The program on the checkpoints that its peers made.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/commands.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"
#include "tests/unit/checkpoint_folder.h"
#include "tests/unit/compared.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;

const fs::path fixtures = OMAP_FIXTURES;

driver::Console quiet() {
  driver::Console console;
  console.quiet = true;
  console.json = true;
  return console;
}

driver::ExitCode convert(const std::string& mapping, const std::string& from, const std::string& to,
                         std::optional<std::string> max_shard_size = {}, bool force = false) {
  driver::RunArguments arguments;
  arguments.mapping = mapping;
  arguments.from = from;
  arguments.to = to;
  arguments.max_shard_size = std::move(max_shard_size);
  arguments.force = force;
  return driver::run(quiet(), arguments);
}

/// Names included, but for a root that one of them has before its keys.
bool equal(const fs::path& a, const fs::path& b) {
  const Comparison found = test::compared(a, b);
  return found.same() && found.equal > 0;
}

/// An OLMo-core directory: the state as model.safetensors, beside the config.
fs::path olmo_core_directory(const CheckpointFolder& folder, const std::string& family) {
  const fs::path directory = folder.path() / (family + "_olmo_core");
  fs::create_directory(directory);
  fs::copy_file(fixtures / family / "expected/olmo_core.safetensors", directory / "model.safetensors");
  fs::copy_file(fixtures / family / "olmo_core/config.json", directory / "config.json");
  return directory;
}

std::vector<MadeTensor> read_all(const fs::path& path) {
  const auto reader = open_checkpoint(path);
  REQUIRE(reader);
  std::vector<MadeTensor> tensors;
  for (const TensorInfo& info : reader->index().tensors()) {
    MadeTensor tensor;
    tensor.info = info;
    tensor.bytes.resize(info.bytes.size);
    REQUIRE(reader->read(info.bytes.file, info.bytes.offset, tensor.bytes));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

struct Family {
  std::string name, mapping;
};
const std::vector<Family> families = {
    {"olmo2", "std:olmo2"}, {"olmo2_headdim", "std:olmo2"}, {"olmo2_tied", "std:olmo2"}, {"llama", "std:llama"}};

}  // namespace

TEST_CASE("the states of the peers, both ways, bit for bit") {
  for (const Family& family : families) {
    CAPTURE(family.name);
    const CheckpointFolder folder;
    const std::string hf = (folder.path() / "hf.safetensors").string(),
                      back = (folder.path() / "back.safetensors").string();
    const std::string start = (fixtures / family.name / "expected/olmo_core.safetensors").string();
    REQUIRE(convert(family.mapping, "olmo_core=" + start, "hf=" + hf) == driver::done);
    CHECK(equal(hf, fixtures / family.name / "expected/hf.safetensors"));
    REQUIRE(convert(family.mapping, "hf=" + hf, "olmo_core=" + back) == driver::done);
    CHECK(equal(back, start));
  }
}

TEST_CASE("directories with configs: vocabulary cut, tied heads left out, and back") {
  for (const Family& family : families) {
    CAPTURE(family.name);
    const CheckpointFolder folder;
    const fs::path source = olmo_core_directory(folder, family.name);
    const fs::path hf = folder.path() / "hf", back = folder.path() / "back";
    REQUIRE(convert(family.mapping, "olmo_core=" + source.string(), "hf=" + hf.string()) == driver::done);
    CHECK(equal(hf, fixtures / family.name / "hf/model.safetensors"));
    if (family.name == "olmo2") continue;  // its padded rows are gone
    REQUIRE(convert(family.mapping, "hf=" + (fixtures / family.name / "hf").string(), "olmo_core=" + back.string()) ==
            driver::done);
    CHECK(equal(back, fixtures / family.name / "expected/olmo_core.safetensors"));
  }
}

TEST_CASE("a file is byte-identical to the reference writer's") {
  const CheckpointFolder folder;
  const fs::path source = olmo_core_directory(folder, "olmo2"), hf = folder.path() / "hf";
  REQUIRE(convert("std:olmo2", "olmo_core=" + source.string(), "hf=" + hf.string()) == driver::done);
  const auto made = read_text((hf / "model.safetensors").string());
  const auto reference = read_text((fixtures / "olmo2/hf/model.safetensors").string());
  REQUIRE(made);
  REQUIRE(reference);
  CHECK(*made == *reference);
}

TEST_CASE("through a saved plan, and in five shards") {
  const CheckpointFolder folder;
  const std::string source = "olmo_core=" + olmo_core_directory(folder, "olmo2").string();
  const std::string plan = (folder.path() / "olmo2.plan").string();
  REQUIRE(driver::compile(quiet(), {"std:olmo2", plan, "plan"}) == driver::done);
  const fs::path whole = folder.path() / "whole", shards = folder.path() / "shards";
  REQUIRE(convert(plan, source, "hf=" + whole.string()) == driver::done);
  CHECK(equal(whole, fixtures / "olmo2/hf/model.safetensors"));
  REQUIRE(convert(plan, source, "hf=" + shards.string(), "28KB") == driver::done);
  // Five shards, their index and two configs.
  CHECK(entries(shards) == 8);
  CHECK(equal(shards, fixtures / "olmo2/hf/model.safetensors"));
  CHECK(equal(shards / "model.safetensors.index.json", fixtures / "olmo2/hf/model.safetensors"));
  const fs::path back = folder.path() / "back.safetensors";
  REQUIRE(convert("std:olmo2", "hf=" + shards.string(), "olmo_core=" + back.string()) == driver::done);
  CHECK(open_checkpoint(back)->index().tensors().size() == 135);
}

TEST_CASE("a destination is in the format of its side, of its suffix, or that is asked for") {
  const CheckpointFolder folder;
  const fs::path expected = fixtures / "olmo2_tied/expected/olmo_core.safetensors";
  driver::RunArguments arguments;
  arguments.mapping = "std:olmo2";
  arguments.from = "hf=" + (fixtures / "olmo2_tied/hf").string();
  struct Wanted {
    std::string name;
    std::optional<CheckpointFormat> asked;
    std::string format;
  };
  using enum CheckpointFormat;
  const std::vector<Wanted> all = {{"declared", {}, "dcp"},
                                   {"file.pt", {}, "torch"},
                                   {"file.safetensors", safetensors, "safetensors"},
                                   {"asked", torch, "torch"},
                                   {"plain", safetensors, "safetensors"}};
  for (const Wanted& wanted : all) {
    CAPTURE(wanted.name);
    const fs::path path = folder.path() / wanted.name;
    arguments.to = "olmo_core=" + path.string();
    arguments.to_format = wanted.asked;
    // Keys have a root in one format and not in another: that is no difference.
    arguments.like = wanted.name == "declared" ? expected.string() : (folder.path() / "declared").string();
    REQUIRE(driver::run(quiet(), arguments) == driver::done);
    const auto made = open_checkpoint(path);
    REQUIRE(made);
    CHECK(made->format() == wanted.format);
    CHECK(equal(path, expected));
    const fs::path back = folder.path() / (wanted.name + "-back.safetensors");
    REQUIRE(convert("std:olmo2", arguments.to, "hf=" + back.string()) == driver::done);
    // A directory has a config, which says that the head is tied: then it is left out.
    const bool tied = fs::is_directory(path);
    CHECK(equal(back, fixtures / "olmo2_tied" / (tied ? "hf/model.safetensors" : "expected/hf.safetensors")));
  }
  arguments.from_format = torch;
  CHECK(driver::run(quiet(), arguments) == driver::wrong_input);
  arguments.to = "olmo_core=x.pt";
  CHECK(driver::run(quiet(), arguments) == driver::wrong_usage);
}

TEST_CASE("plans that released versions wrote still convert") {
  const CheckpointFolder folder;
  const std::string source = "olmo_core=" + olmo_core_directory(folder, "olmo2").string();
  std::size_t plans = 0;
  for (const auto& entry : fs::directory_iterator(fixtures.parent_path() / "plan")) {
    if (!entry.path().filename().string().starts_with("olmo2-")) continue;
    CAPTURE(entry.path().string());
    const fs::path hf = folder.path() / ("hf" + std::to_string(++plans));
    REQUIRE(convert(entry.path().string(), source, "hf=" + hf.string()) == driver::done);
    CHECK(equal(hf, fixtures / "olmo2/hf/model.safetensors"));
  }
  CHECK(plans >= 1);
}

TEST_CASE("a checkpoint that does not fit: one error for each thing, with key, line and mend, and nothing is written") {
  const CheckpointFolder folder;
  std::vector<MadeTensor> tensors = read_all(fixtures / "olmo2/expected/olmo_core.safetensors");
  const auto named = [&](const std::string& key) -> MadeTensor& {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const MadeTensor& t) { return t.info.key == key; });
  };
  std::string key;
  Code code{};
  bool at_rule = true;
  std::size_t errors = 1;
  SUBCASE("one tensor is missing") {
    key = "blocks.3.attention.w_q.weight";
    code = Code::source_missing;
    std::erase_if(tensors, [&](const MadeTensor& t) { return t.info.key == key; });
  }
  SUBCASE("one tensor too many") {
    key = "extra.weight";
    code = Code::source_unclaimed;
    at_rule = false;
    tensors.push_back(named("lm_head.norm.weight"));
    tensors.back().info.key = key;
  }
  SUBCASE("another shape") {
    key = "blocks.5.feed_forward.w1.weight";
    code = Code::extent_conflict;
    std::swap(named(key).info.shape[0], named(key).info.shape[1]);
  }
  SUBCASE("another rank") {
    key = "blocks.5.feed_forward.w1.weight";
    code = Code::rank_mismatch;
    named(key).info.shape.push_back(1);
  }
  SUBCASE("a middle layer is missing") {
    key = "blocks.6.attention.w_q.weight";
    code = Code::source_missing;
    // Of layers with attention, and of layers.
    errors = 2;
    std::erase_if(tensors, [](const MadeTensor& t) { return t.info.key.starts_with("blocks.6."); });
  }
  SUBCASE("a key that only begins like another") {
    key = "blocks.5.attention_norm.weight_scale_inv";
    code = Code::source_unclaimed;
    tensors.push_back(named("lm_head.norm.weight"));
    tensors.back().info.key = key;
  }
  const fs::path source = folder.write("source.safetensors", tensors);
  const LoadedMapping loaded = load_mapping("std:olmo2");
  REQUIRE(loaded.plan);
  const auto bound = driver::bind_source(*loaded.plan, {"olmo_core", source}, "hf", {});
  REQUIRE_FALSE(bound);
  REQUIRE(bound.error().size() == errors);
  const Diagnostic& error = bound.error()[0];
  CHECK(error.code == code);
  CHECK_MESSAGE(error.message.find("`" + key + "`") != std::string::npos, error.message);
  CHECK_FALSE(error.helps.empty());
  if (at_rule) {
    CHECK(std::any_of(loaded.plan->rules.begin(), loaded.plan->rules.end(),
                      [&](const Rule& rule) { return rule.range == error.primary.range; }));
  }
  const std::size_t before = entries(folder.path());
  CHECK(convert("std:olmo2", "olmo_core=" + source.string(), "hf=" + (folder.path() / "out").string()) ==
        driver::wrong_input);
  CHECK(entries(folder.path()) == before);
}

TEST_CASE("a tied head that is another tensor is found while running, and nothing is left") {
  const CheckpointFolder folder;
  const fs::path source = olmo_core_directory(folder, "olmo2_tied");
  std::vector<MadeTensor> tensors = read_all(source / "model.safetensors");
  for (MadeTensor& tensor : tensors) {
    if (tensor.info.key == "lm_head.w_out.weight") tensor.bytes.back() ^= std::byte{1};
  }
  fs::remove(source / "model.safetensors");
  static_cast<void>(folder.write("olmo2_tied_olmo_core/model.safetensors", tensors));
  const std::size_t before = entries(folder.path());
  CHECK(convert("std:olmo2", "olmo_core=" + source.string(), "hf=" + (folder.path() / "out").string()) ==
        driver::wrong_input);
  CHECK(entries(folder.path()) == before);
}

TEST_CASE("a destination that is there stays, unless it may be replaced; other files stay always") {
  const CheckpointFolder folder;
  const fs::path out = folder.path() / "out";
  const std::string from = "olmo_core=" + olmo_core_directory(folder, "llama").string();
  fs::create_directory(out);
  std::ofstream(out / "notes.txt") << "mine";
  CHECK(convert("std:llama", from, "hf=" + out.string()) == driver::wrong_input);
  CHECK(entries(out) == 1);
  CHECK(convert("std:llama", from, "hf=" + out.string(), "20KB", true) == driver::done);
  CHECK(fs::exists(out / "model.safetensors.index.json"));
  CHECK(convert("std:llama", from, "hf=" + out.string(), {}, true) == driver::done);
  CHECK(fs::exists(out / "notes.txt"));
  // One file of weights, two configs, and what is the user's.
  CHECK(entries(out) == 4);
  CHECK(equal(out, fixtures / "llama/hf/model.safetensors"));
}

TEST_CASE("a destination that is the source, or inside it, is refused") {
  const CheckpointFolder folder;
  const fs::path source = olmo_core_directory(folder, "llama");
  const std::string from = "olmo_core=" + source.string();
  CHECK(convert("std:llama", from, "hf=" + source.string(), {}, true) == driver::wrong_input);
  CHECK(convert("std:llama", from, "hf=" + (source / "inside").string()) == driver::wrong_input);
  CHECK(convert("std:llama", from, "hf=" + (source / "model.safetensors").string(), {}, true) == driver::wrong_input);
  CHECK(entries(source) == 2);
}

TEST_CASE("wrong usage is told from wrong input") {
  CHECK(convert("std:olmo2", "olmo_core", "hf=x") == driver::wrong_usage);
  CHECK(convert("std:olmo2", "olmo_core=x", "hf=out.safetensors", "1GB") == driver::wrong_usage);
  CHECK(convert("std:olmo2", "olmo_core=x", "hf=out", "many") == driver::wrong_usage);
  CHECK(convert("std:olmo3000", "olmo_core=x", "hf=out") == driver::wrong_input);
  CHECK(convert("std:olmo2", "olmocore=x", "hf=out") == driver::wrong_input);
  CHECK(convert("std:olmo2", "hf=/nonexistent", "olmo_core=out") == driver::wrong_input);
}
