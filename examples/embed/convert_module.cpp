// Trains nothing and serves nothing, but does what stands between: takes the state of a module that holds queries, keys
// and values apart, converts it by a mapping that is compiled at start, and runs a module that holds them in one
// matrix.
//
// Usage: convert_module MAPPING
#include <omap/compiler.h>
#include <omap/torch.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <cstdio>
#include <string>

namespace {

constexpr std::int64_t groups = 2, queries = 3, head = 4, width = 16;

torch::nn::Linear linear(std::int64_t in, std::int64_t out, bool bias) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(bias));
}

/// Both compute out([q k v]), the heads in the order of their groups.
struct Trained : torch::nn::Module {
  torch::nn::Linear q = register_module("q", linear(width, groups* queries* head, false));
  torch::nn::Linear k = register_module("k", linear(width, groups* head, false));
  torch::nn::Linear v = register_module("v", linear(width, groups* head, false));
  torch::nn::Linear out = register_module("out", linear(groups*(queries + 2) * head, width, true));

  at::Tensor forward(const at::Tensor& x) {
    const auto heads = [&](torch::nn::Linear& layer, std::int64_t count) {
      return layer->forward(x).view({x.size(0), groups, count * head});
    };
    return out->forward(at::cat({heads(q, queries), heads(k, 1), heads(v, 1)}, 2).flatten(1));
  }
};

struct Served : torch::nn::Module {
  torch::nn::Linear qkv = register_module("qkv", linear(width, groups*(queries + 2) * head, false));
  torch::nn::Linear out = register_module("out", linear(groups*(queries + 2) * head, width, true));

  at::Tensor forward(const at::Tensor& x) { return out->forward(qkv->forward(x)); }
};

int report(const omap::Diagnostics& diagnostics, const omap::SourceMap& sources) {
  for (const omap::Diagnostic& diagnostic : diagnostics) {
    std::fputs(omap::render_text(diagnostic, sources, false).c_str(), stderr);
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  omap::LoadedMapping loaded = omap::load_mapping(argv[1]);
  if (!loaded.plan) return report(loaded.diagnostics, loaded.sources);
  const omap::StateConverter converter(std::move(*loaded.plan));

  Trained trained;
  auto state = omap::state_of(trained);
  if (!state) return report(state.error(), converter.sources());

  const omap::Bounds bounds{{"r", queries}, {"head", head}};
  const auto mappings = converter.get_mappings(*state, bounds);
  if (!mappings) return report(mappings.error(), converter.sources());
  for (const omap::StateMapping& mapping : *mappings) std::printf("%s\n", mapping.equation.c_str());

  auto converted = converter.convert(*state, bounds);
  if (!converted) return report(converted.error(), converter.sources());

  Served served;
  if (auto loaded_state = omap::load_state(served, *converted); !loaded_state) {
    return report(loaded_state.error(), converter.sources());
  }

  const at::Tensor x = at::randn({5, width});
  const at::Tensor difference = (trained.forward(x) - served.forward(x)).abs().max();
  std::printf("largest difference of the outputs: %g\n", difference.item<double>());
  return difference.item<double>() < 1e-6 ? 0 : 1;
}
