#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

namespace omap::test {

/// What the environment asks for: OMAP_SEED, OMAP_CASES, and OMAP_VERBOSE to see what was drawn.
struct Run {
  std::uint64_t seed = 1;
  std::uint64_t cases = 0;
  bool verbose = false;
};

inline Run run_settings(std::uint64_t cases) {
  const auto number = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
  };
  const Run run{number("OMAP_SEED", 1), number("OMAP_CASES", cases), std::getenv("OMAP_VERBOSE") != nullptr};
  MESSAGE("OMAP_SEED=" << run.seed << " OMAP_CASES=" << run.cases);
  return run;
}

}  // namespace omap::test
