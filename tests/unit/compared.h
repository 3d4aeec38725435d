#pragma once

#include <doctest/doctest.h>

#include <filesystem>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/compare.h"

namespace omap::test {

/// Names, dtypes, shapes and bits of two checkpoints, but for a root that one of them has before its keys.
inline Comparison compared(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto first = open_checkpoint(a);
  const auto second = open_checkpoint(b);
  REQUIRE(first);
  REQUIRE(second);
  CompareOptions options;
  options.find_root = true;
  const auto found = compare(*first, *second, options);
  REQUIRE(found);
  return *found;
}

}  // namespace omap::test
