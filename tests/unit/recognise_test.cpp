// What `olmoc run` says without a mapping, where no standard one is for a checkpoint, or several are; and what any
// mapping says of a checkpoint that is not what it was taken for.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/passed_over.h"
#include "compiler/driver/recognise.h"
#include "tests/unit/conversion.h"
#include "tests/unit/standard_families.h"

using namespace omap;
using namespace omap::test;

namespace {

namespace fs = std::filesystem;

const driver::SidePath to_hf{"hf", "out"}, to_olmo_core{"olmo_core", "out"};

fs::path weights_of(const std::string& family, const std::string& side) {
  return fixtures / family / "expected" / (side + ".safetensors");
}

/// The one error that is said instead of a mapping.
Diagnostic refusal(const driver::SidePath& from, const std::optional<driver::SidePath>& to,
                   const std::vector<std::string>& settings = {}) {
  const driver::Recognised found = driver::recognise(from, to, settings);
  CHECK_FALSE(found.mapping.plan);
  REQUIRE(found.mapping.diagnostics.size() == 1);
  return found.mapping.diagnostics.front();
}

/// What is said where the sides of a command line do not bind to a named mapping.
Diagnostics refusal_by(const std::string& mapping, const driver::SidePath& from, const driver::SidePath& to) {
  const Plan plan = standard_plan(mapping);
  const auto bound = driver::bind_source(plan, from, to.side, {});
  REQUIRE_FALSE(bound);
  return driver::explain_refusal(plan, from, to, bound.error());
}

bool has(const std::vector<std::string>& texts, const std::string& part) {
  return std::ranges::any_of(texts, [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

MadeTensor tensor(const std::string& key) { return tensor_of<float>(key, Dtype::f32, {2}, {1, 2}); }

void write_text(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("sides that are swapped are told, with a mapping and without, and the command line is mended") {
  for (const auto& [side, other] : {std::pair<std::string, std::string>{"hf", "olmo_core"}, {"olmo_core", "hf"}}) {
    CAPTURE(side);
    const driver::SidePath from{side, weights_of("llama", other)}, to{other, "out"};
    const std::string meant = "`--from " + other + "=" + from.path.string() + " --to " + side + "=out`";
    const Diagnostic said = refusal(from, to);
    CHECK(said.code == Code::direction_unclear);
    CHECK(has(said.helps, meant));
    const Diagnostics named = refusal_by("llama", from, to);
    REQUIRE(named.size() == 1);
    CHECK(named.front() == said);
  }
}

TEST_CASE("a checkpoint of a third layout, or a side that is misspelt, is told by the names that are there") {
  const fs::path meta = fixtures / "transformers/meta_llama/consolidated.00.pth";
  const Diagnostic third = refusal({"hf", meta}, to_olmo_core);
  CHECK(third.message == "the tensors of this checkpoint have the names of `meta`, not of `hf`");
  CHECK(has(third.helps, "`--from meta=" + meta.string() + " --to hf=PATH`"));

  const Diagnostic source = refusal({"olmocore", weights_of("llama", "olmo_core")}, to_hf);
  CHECK(has(source.helps, "`--from olmo_core=" + weights_of("llama", "olmo_core").string() + " --to hf=out`"));
  const Diagnostic destination = refusal({"hf", weights_of("llama", "hf")}, driver::SidePath{"olmocore", "out"});
  CHECK(destination.message == "no standard mapping is between `hf` and `olmocore`");
  CHECK(has(destination.helps, "did you mean `olmo_core`?"));
  const Diagnostic same = refusal({"hf", weights_of("llama", "hf")}, to_hf);
  CHECK(same.message == "`--from` and `--to` both say `hf`");
}

TEST_CASE("one file of several is told by its name, and by no other mapping's errors") {
  const CheckpointFolder folder;
  const fs::path shard = folder.write("model-00001-of-00004.safetensors", {tensor("model.norm.weight")});
  const Diagnostic said = refusal({"hf", shard}, to_olmo_core);
  CHECK(said.code == Code::partial_weights);
  CHECK(said.message == "`model-00001-of-00004.safetensors` is one of the 4 files of a checkpoint");
  CHECK(has(said.helps, "`--from hf=" + folder.path().string() + "`"));
  CHECK(refusal_by("llama", {"hf", shard}, to_olmo_core) == Diagnostics{said});
  const fs::path whole = folder.write("model-00001-of-00001.safetensors", {tensor("model.norm.weight")});
  CHECK(refusal({"hf", whole}, to_olmo_core).code == Code::not_recognised);
}

TEST_CASE("adapters and quantised weights are told, whatever the model") {
  const CheckpointFolder folder;
  folder.write("adapter_model.safetensors",
               {tensor("base.some.proj.lora_A.weight"), tensor("base.some.proj.lora_B.weight")});
  write_text(folder.path() / "adapter_config.json", R"({"base_model_name_or_path": "some/model"})");
  const Diagnostic adapter = refusal({"hf", folder.path()}, to_olmo_core);
  CHECK(adapter.code == Code::partial_weights);
  CHECK(adapter.message.find("adapter") != std::string::npos);
  CHECK(has(adapter.notes, "some/model"));
  CHECK(refusal_by("llama", {"hf", folder.path()}, to_olmo_core) == Diagnostics{adapter});

  for (const std::string name : {"qweight", "weight.quant_map", "weight_scale_inv", "weight_packed", "SCB"}) {
    CAPTURE(name);
    const CheckpointFolder made;
    const fs::path file = made.write("model.safetensors", {tensor("some.proj." + name), tensor("some.norm.weight")});
    const Diagnostic quantised = refusal({"hf", file}, to_olmo_core);
    CHECK(quantised.code == Code::partial_weights);
    CHECK(quantised.message.find("quantised") != std::string::npos);
    CHECK(has(quantised.notes, "some.proj." + name));
  }
  const CheckpointFolder by_config;
  by_config.write("model.safetensors", {tensor("some.proj_blocks")});
  write_text(by_config.path() / "config.json", R"({"quantization_config": {"quant_method": "mxfp4"}})");
  CHECK(has(refusal({"hf", by_config.path()}, to_olmo_core).notes, "mxfp4"));
}

TEST_CASE("a mapping of one's own keeps its errors, but for sides and files that are mistaken") {
  const CheckpointFolder folder;
  const fs::path file = folder.write("model-00001-of-00002.safetensors", {tensor("x.lora_A.weight")});
  const Plan plan = plan_of("x.lora_A.weight <-> y.lora_A.weight\n z <-> w");
  const driver::SidePath from{"a", file};
  const auto bound = driver::bind_source(plan, from, std::nullopt, {});
  REQUIRE_FALSE(bound);
  const Diagnostics said = driver::explain_refusal(plan, from, std::nullopt, bound.error());
  REQUIRE(said.size() == bound.error().size() + 1);
  CHECK(said[0].code == Code::partial_weights);
  CHECK(said[1] == bound.error().front());
}

TEST_CASE("other files of weights in a directory are noted, and nothing else") {
  const CheckpointFolder folder;
  folder.write("model.safetensors", {tensor("w")});
  write_text(folder.path() / "training_args.bin", "");
  write_text(folder.path() / "optimizer.pt", "");
  const auto alone = open_checkpoint(folder.path());
  REQUIRE(alone);
  CHECK_FALSE(driver::files_passed_over(*alone));
  folder.write("consolidated.safetensors", {tensor("w")});
  write_text(folder.path() / "pytorch_model.bin", "");
  const auto noted = driver::files_passed_over(*alone);
  REQUIRE(noted);
  CHECK(noted->severity == Severity::note);
  CHECK(noted->message.ends_with("`consolidated.safetensors`, `pytorch_model.bin`"));
  const auto named = open_checkpoint(folder.path() / "model.safetensors");
  REQUIRE(named);
  CHECK_FALSE(driver::files_passed_over(*named));
}

TEST_CASE("where keys fit several mappings these are named, and what would tell them apart") {
  const Diagnostic said = refusal({"hf", weights_of("olmo2", "hf")}, to_olmo_core);
  CHECK(said.code == Code::not_recognised);
  CHECK(said.message == "several standard mappings are for this checkpoint: `std:olmo2`, `std:olmo3`");
  CHECK(has(said.notes, "std:olmo2 requires `hf.model_type == \"olmo2\"`"));
  CHECK(has(said.helps, "config.json"));
  // Without a destination, one mapping for each that there may be.
  const CheckpointFolder folder;
  const fs::path llama = directory_of(folder, {"llama", "llama"}, "hf");
  const Diagnostic open = refusal({"hf", llama}, std::nullopt);
  CHECK(open.message.find("`std:llama`, `std:megatron`") != std::string::npos);
  CHECK_FALSE(has(open.helps, "config.json"));
  CHECK(driver::recognise({"hf", llama}, to_olmo_core, {}).name == "std:llama");
}

TEST_CASE("where a mapping fits but for a value, the setting that decides is said") {
  const CheckpointFolder folder;
  const fs::path flex = directory_of(folder, {"flex_olmo", "flex_olmo"}, "hf");
  const Diagnostic said = refusal({"hf", flex}, to_olmo_core);
  CHECK(said.code == Code::not_recognised);
  CHECK(said.message.starts_with("std:flex_olmo is for this checkpoint"));
  CHECK(has(said.helps, "`--set dropless=true` or `--set dropless=false`"));
  for (const std::string value : {"true", "false"}) {
    CHECK(driver::recognise({"hf", flex}, to_olmo_core, {"dropless=" + value}).name == "std:flex_olmo");
  }
}

TEST_CASE("of an unknown model the nearest is named, why it is not it, and how to begin one's own") {
  const CheckpointFolder folder;
  const fs::path llama = directory_of(folder, {"llama", "llama"}, "hf");
  fs::rename(llama / "model.safetensors", llama / "model-1.safetensors");
  CheckpointFolder more;
  fs::rename(more.write("more.safetensors", {tensor("lm_head.scale")}), llama / "model-2.safetensors");
  const Diagnostic said = refusal({"hf", llama}, to_olmo_core);
  CHECK(said.message == "no standard mapping from `hf` to `olmo_core` is for this checkpoint");
  CHECK(has(said.notes, "nearest is std:llama: 30 of 31 tensors have names that it knows"));
  CHECK(has(said.notes, "`lm_head.scale` is in `hf`, and no rule reads it"));
  CHECK(has(said.helps, "`olmoc new --from hf=" + llama.string() + " --like std:llama >my.omap`"));

  const Diagnostic none = refusal({"hf", more.write("x.safetensors", {tensor("unheard.of")})}, to_olmo_core);
  CHECK(has(none.notes, "none of them knows the name of any of its tensors"));
  CHECK_FALSE(has(none.helps, "--like"));
}
