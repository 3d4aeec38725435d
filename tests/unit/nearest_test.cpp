#include "diagnostics/nearest.h"

#include <doctest/doctest.h>

#include <vector>

using omap::nearest;

namespace {

const std::vector<std::string> names = {"layer", "expert", "part", "n_layers", "Vocab"};

}  // namespace

TEST_CASE("one slip of each kind is found") {
  CHECK(nearest("layr", names) == "layer");
  CHECK(nearest("layerr", names) == "layer");
  CHECK(nearest("loyer", names) == "layer");
  CHECK(nearest("lyaer", names) == "layer");
  CHECK(nearest("", names) == std::nullopt);
  CHECK(nearest("layer", {}) == std::nullopt);
}

TEST_CASE("case costs nothing") {
  CHECK(nearest("vocab", names) == "Vocab");
  CHECK(nearest("LAYER", names) == "layer");
}

TEST_CASE("at most a third of the letters may differ") {
  const std::vector<std::string> six = {"abcdef"};
  CHECK(nearest("abcdxy", six) == "abcdef");
  CHECK(nearest("abcxyz", six) == std::nullopt);
  const std::vector<std::string> two = {"ab"};
  CHECK(nearest("ax", two) == std::nullopt);
  CHECK(nearest("abc", two) == "ab");
}

TEST_CASE("swapping neighbours is one slip, not two") {
  const std::vector<std::string> three = {"abc"};
  CHECK(nearest("acb", three) == "abc");
  CHECK(nearest("cba", three) == std::nullopt);
}

TEST_CASE("the nearest wins, and among equals the first") {
  const std::vector<std::string> several = {"w_qkv_weights", "w_q.weight", "w_k.weight"};
  CHECK(nearest("w_q.wieght", several) == "w_q.weight");
  CHECK(nearest("w_v.weight", several) == "w_q.weight");
  CHECK(nearest("w_k.weight", several) == "w_k.weight");
}
