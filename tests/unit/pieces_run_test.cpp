#include <doctest/doctest.h>

#include "tests/unit/conversion.h"
#include "tests/unit/format_fixtures.h"

using namespace omap;
using namespace omap::test;

namespace {

/// What a mapping makes of a checkpoint in pieces is what it makes of the same tensors, whole and dense.
void check_same(const Plan& plan, const fs::path& checkpoint, const fs::path& whole, const RunOptions& options = {}) {
  const Conversion how{Direction::right, {}, {}, options};
  const auto made = converted(plan, checkpoint, how);
  const auto wanted = converted(plan, whole, how);
  REQUIRE(wanted.size() > 1);
  REQUIRE(made.size() == wanted.size());
  for (const auto& [key, tensor] : wanted) {
    CAPTURE(key);
    REQUIRE(made.contains(key));
    CHECK(made.at(key).info.shape == tensor.info.shape);
    CHECK(made.at(key).bytes == tensor.bytes);
  }
}

const fs::path fsdp2 = formats / "olmo2_fsdp2";

}  // namespace

TEST_CASE("pieces move as the whole tensor does: renamed, cut, fused, transposed, repeated, computed") {
  const Plan plan = plan_of(R"(
    index layer in 0..3
    ignore a:optim.**
    same model.lm_head.**
    model.embeddings.weight[v (p=4 q=4)] -> turned[(q p) v]
    model.blocks.{layer}.attention.w_q.weight[(h=4 i=4) d] -> interleaved.{layer}[(i h) d]
    model.blocks.{layer}.attention.w_k.weight[k d], model.blocks.{layer}.attention.w_v.weight[v d] -> fused.{layer}[d (k + v)]
    model.blocks.{layer}.attention.w_out.weight[o d] -> stacked[layer d o]
    model.blocks.{layer}.feed_forward.w1.weight[f d] * 3 + 0.5 -> computed.{layer}[d f] as bf16
    model.blocks.{layer}.feed_forward.w2.weight * 2 -> scaled.{layer}
    model.blocks.{layer}.feed_forward.w3.weight -> cast.{layer} as f64
    model.blocks.{layer}.attention.k_norm.weight[a], model.blocks.{layer}.attention.q_norm.weight[b] -> norms.{layer}[(a + b)]
    model.blocks.{layer}.attention_norm.weight[d] -> repeated.{layer}[r=5 d]
    model.blocks.{layer}.feed_forward_norm.weight -> norm.{layer}
  )");
  check_same(plan, fsdp2 / "checkpoint", fsdp2 / "expected.safetensors");
  // Buffers so small that every tensor is cut.
  RunOptions small;
  small.memory = 1;
  small.threads = 3;
  check_same(plan, fsdp2 / "checkpoint", fsdp2 / "expected.safetensors", small);
}

TEST_CASE("views move as their own tensors do") {
  const Plan plan = plan_of(R"(
    whole[r c] -> whole.turned[c r]
    same whole
    same columns
    rows[r c] -> rows.turned[c r]
    stepped * 2 -> stepped.twice
    transposed[(a=3 b=4) c] -> transposed.mixed[(b a) c]
    transposed -> transposed.whole
    same same
  )");
  for (const char* name : {"tied_and_views.pt", "tied_and_views.legacy.pt"}) {
    check_same(plan, formats / "torch_save" / name, formats / "torch_save" / "tied_and_views.expected.safetensors");
  }
}
