// Converts a checkpoint by a plan that `olmoc compile` made: no compiler here.
//
// Usage: run_plan PLAN SOURCE DESTINATION.safetensors
#include <omap/runtime.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

int report(const omap::Diagnostics& diagnostics, const omap::SourceMap& sources = {}) {
  for (const omap::Diagnostic& diagnostic : diagnostics) {
    std::fputs(omap::render_text(diagnostic, sources, false).c_str(), stderr);
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::ifstream file(argv[1]);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto plan = omap::read_plan(text, argv[1]);
  if (!plan) return report(plan.error());

  const auto source = omap::open_checkpoint(argv[2]);
  if (!source) return report(source.error());

  omap::BindOptions options;
  options.source_format = source->format();
  const auto bound = omap::bind_plan(*plan, source->index(), {}, options);
  if (!bound) return report(bound.error(), plan->sources);

  std::vector<omap::OutputTensor> tensors;
  for (const omap::Destination& destination : bound->program.destinations) {
    tensors.push_back({destination.key, destination.dtype, destination.shape});
  }
  const std::filesystem::path destination = argv[3];
  const auto layout = omap::lay_out_safetensors_file(tensors, destination.filename().string());
  if (!layout) return report(layout.error());
  if (auto allowed = omap::check_destination(destination, false, {}, *layout, argv[2], source->index().files());
      !allowed) {
    return report(allowed.error());
  }
  auto output = omap::stage_output(destination, false, *layout);
  if (!output) return report(output.error());
  if (auto ran = omap::run(bound->program, *source, *layout, *output, {}); !ran) {
    return report(ran.error(), plan->sources);
  }
  if (auto committed = output->commit(); !committed) return report(committed.error());
  std::printf("%zu tensors\n", bound->program.destinations.size());
  return 0;
}
