// Mistakes that only a checkpoint tells: what a newcomer reads then. The others are in tests/lang/newcomer.
#include <doctest/doctest.h>

#include "diagnostics/render.h"
#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

const std::string header =
    "omap 1\n\nside olmo_core: safetensors\nside hf: safetensors\n\nmapping m: olmo_core <-> hf {\n"
    "    index layer in 0..2\n    index p in {q, k}\n";

/// Of tensors with these keys, all of one shape.
TensorIndex headers_of(const std::vector<std::string>& keys) {
  std::vector<TensorInfo> infos;
  for (const std::string& key : keys) infos.push_back({key, Dtype::f32, {2, 3}, {0, 24 * infos.size(), 24}});
  return TensorIndex({"model.safetensors"}, std::move(infos));
}

/// All that is said of a checkpoint of `hf` with these keys.
std::string said(const std::string& rules, const std::vector<std::string>& keys) {
  const Plan plan = last_plan(header + rules + "}\n");
  const auto bound = bound_to(plan, headers_of(keys), {.direction = Direction::left});
  REQUIRE_FALSE(bound);
  std::string text;
  for (const Diagnostic& diagnostic : bound.error()) text += render_text(diagnostic, plan.sources, false);
  return text;
}

const std::vector<std::string> attention = {"layers.0.self_attn.q_proj.weight", "layers.1.self_attn.q_proj.weight",
                                            "layers.0.self_attn.k_proj.weight", "layers.1.self_attn.k_proj.weight"};

}  // namespace

TEST_CASE("a forgotten `ignore`") {
  auto keys = attention;
  keys.emplace_back("rotary_emb.inv_freq");
  CHECK(said("    blocks.{layer}.w_{p}.weight <-> layers.{layer}.self_attn.{p}_proj.weight\n", keys) ==
        R"(error[OM5009]: `rotary_emb.inv_freq` is in `hf`, and no rule reads it
   = help: read it with a rule, or leave it out on purpose: `ignore hf:rotary_emb.inv_freq`
)");
}

TEST_CASE("a placeholder in the wrong segment") {
  CHECK(
      said("    blocks.{layer}.w_{p} <-> layers.self_attn.{layer}.{p}_proj\n",
           {"layers.0.self_attn.q_proj", "layers.1.self_attn.q_proj", "layers.0.self_attn.k_proj",
            "layers.1.self_attn.k_proj"}) ==
      R"(error[OM5008]: `layers.self_attn.{0..1}.q_proj` (2 keys), `layers.self_attn.{0..1}.k_proj` (2 keys) are missing from `hf`
 --> test.omap:9:5
  |
9 |     blocks.{layer}.w_{p} <-> layers.self_attn.{layer}.{p}_proj
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this rule reads it
  = help: did you mean `layers.{0..1}.self_attn.k_proj` (2 keys), `layers.{0..1}.self_attn.q_proj` (2 keys)? No rule reads that
)");
}

TEST_CASE("a size that is not what the checkpoint has") {
  CHECK(said("    param q: int = 4\n    param kv: int = 1\n"
             "    w.{layer}.{p}[q d], wk.{layer}.{p}[kv d] <-> qk.{layer}.{p}[(q + kv) d]\n",
             {"qk.0.q", "qk.0.k", "qk.1.q", "qk.1.k"}) ==
        R"(error[OM5013]: `qk.{0..1}.q` (2 keys), `qk.{0..1}.k` (2 keys) has 2 in dimension 0, where `(q + kv)` makes 5
  --> test.omap:11:5
   |
11 |     w.{layer}.{p}[q d], wk.{layer}.{p}[kv d] <-> qk.{layer}.{p}[(q + kv) d]
   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ by this rule
   = help: either the tensor is of another model than the rest, or the rule or a param does not fit it
)");
}
