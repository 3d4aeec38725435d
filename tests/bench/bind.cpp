// Times binding alone: a plan and the headers of a checkpoint, both in memory, to a program of copies.
//
// Usage: omap_bench_bind MAPPING FROM_SIDE=PATH RUNS [NAME=VALUE ...]
// Prints one line of JSON: keys of the source and of the destination, least and median seconds.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: omap_bench_bind MAPPING SIDE=PATH RUNS [NAME=VALUE ...]\n");
    return 2;
  }
  const auto loaded = omap::load_mapping(argv[1]);
  const auto from = omap::driver::parse_side_path(argv[2]);
  if (!loaded.plan || !from) return 1;
  const auto direction = omap::driver::direction_between(*loaded.plan, from->side, std::nullopt);
  const auto source = omap::driver::open_source(from->path, omap::driver::config_files(*loaded.plan));
  const auto settings = omap::parse_settings(*loaded.plan, std::vector<std::string>(argv + 4, argv + argc));
  if (!direction || !source || !settings) return 1;

  omap::BindOptions options;
  options.direction = *direction;
  options.settings = *settings;
  std::vector<double> seconds;
  std::size_t destinations = 0;
  for (int run = 0; run < std::atoi(argv[3]); ++run) {
    const auto start = std::chrono::steady_clock::now();
    const auto bound = omap::bind_plan(*loaded.plan, source->reader.index(), source->configs, options);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!bound) {
      fmt::print(stderr, "{}\n", bound.error().front().message);
      return 1;
    }
    destinations = bound->program.destinations.size();
  }
  std::ranges::sort(seconds);
  fmt::print("{{\"sources\": {}, \"destinations\": {}, \"least\": {}, \"median\": {}}}\n",
             source->reader.index().tensors().size(), destinations, seconds.front(), seconds[seconds.size() / 2]);
  return 0;
}
