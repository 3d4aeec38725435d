// Writes two of OLMo-core's state mapping templates as a plan, for `olmoc run`.
#include <omap/runtime.h>

#include <cstdio>

int main() {
  const omap::StateMappingTemplate templates[] = {
      {"embeddings.weight", "model.embed_tokens.weight"},
      {.source_template_keys = "blocks.[layer].feed_forward_moe.experts.mlp.w1",
       .dest_template_keys = "model.layers.[layer].mlp.experts.[expert].gate_proj.weight",
       .dest_key_per_placeholder = "[expert]",
       .dims_permutation = {{1, 0}},
       .dest_chunk_dim = 1},
  };
  const omap::Result<omap::Plan> plan = omap::lower_templates("flex_olmo", templates);
  if (!plan) {
    for (const omap::Diagnostic& error : plan.error()) std::fputs(omap::render_text(error, {}, false).c_str(), stderr);
    return 1;
  }
  std::fputs(omap::write_plan(*plan).c_str(), stdout);
  return 0;
}
