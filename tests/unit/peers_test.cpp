// What other converters get wrong in silence, and what binding says of it: each case named after the trap.
#include <doctest/doctest.h>

#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

using Floats = std::vector<float>;
using Codes = std::vector<Code>;

MadeTensor counted(const std::string& key, std::vector<std::int64_t> shape, float first = 0) {
  Floats numbers(elements(shape));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = first + static_cast<float>(i);
  return tensor_of(key, Dtype::f32, std::move(shape), numbers);
}

}  // namespace

TEST_CASE("a chunk that does not divide is an error, not fewer or shorter chunks") {
  const Plan plan = plan_of("a[x d], b[x d], c[x d] <-> fused[(x + x + x) d]");
  for (const std::int64_t rows : {7, 4}) {
    CHECK(refusals(plan, {counted("fused", {rows, 2})}, {Direction::left, {}, {}, {}}) ==
          Codes{Code::extent_indivisible});
  }
}

TEST_CASE("a template whose source is absent is an error") {
  CHECK(refusals(plan_of("x <-> y\nz <-> w"), {counted("x", {1})}) == Codes{Code::source_missing});
}

TEST_CASE("a missing expert in the middle is an error, and experts are in the order of their numbers") {
  const Plan plan = plan_of("index e in 0..12\nstack[e d] <- experts.{e}.w[d]");
  std::vector<MadeTensor> experts;
  for (int e = 0; e < 12; ++e) experts.push_back(counted(fmt::format("experts.{}.w", e), {1}, static_cast<float>(e)));
  const auto stacked = converted(plan, experts, {Direction::left, {}, {}, {}});
  CHECK(stacked.at("stack").bytes == counted("", {12, 1}).bytes);
  experts.erase(experts.begin() + 5);
  CHECK(refusals(plan, experts, {Direction::left, {}, {}, {}}) == Codes{Code::source_missing});
}

TEST_CASE("`experts` is not found inside `shared_experts`, nor `weight` inside `weight_scale_inv`") {
  const Plan plan = plan_of("index e in 0..1\nmlp.experts.{e}.weight <-> moe.{e}");
  const MadeTensor expert = counted("mlp.experts.0.weight", {1});
  CHECK(refusals(plan, {expert}).empty());
  CHECK(refusals(plan, {expert, counted("mlp.shared_experts.0.weight", {1})}) == Codes{Code::source_unclaimed});
  CHECK(refusals(plan, {expert, counted("mlp.experts.0.weight_scale_inv", {1})}) == Codes{Code::source_unclaimed});
}

TEST_CASE("two keys that get one name are an error") {
  const Plan plan = plan_of("param one: string\nparam two: string\nx -> out.{one}\ny -> out.{two}");
  const std::vector<MadeTensor> sources = {counted("x", {1}), counted("y", {1})};
  CHECK(refusals(plan, sources, {Direction::right, {"one=k", "two=k"}, {}, {}}) == Codes{Code::destination_twice});
  CHECK(refusals(plan, sources, {Direction::right, {"one=k", "two=j"}, {}, {}}).empty());
}

TEST_CASE("a mapping is not applied to what it has converted already") {
  const Plan plan = plan_of("index i in 0..1\nencoder.layers.{i} <-> layers.{i}");
  const auto there = converted(plan, {counted("encoder.layers.0", {1})});
  CHECK(refusals(plan, {there.at("layers.0")}) == Codes{Code::source_missing, Code::source_unclaimed});
  CHECK(converted(plan, {there.at("layers.0")}, {Direction::left, {}, {}, {}}).contains("encoder.layers.0"));
}

TEST_CASE("the dimensions that a concat does not join have to agree") {
  const Plan plan = plan_of("param q: int\nwq[q d], wk[k d] <-> qk[(q + k) d]");
  CHECK(refusals(plan, {counted("wq", {2, 3}), counted("wk", {1, 4})}, {Direction::right, {"q=2"}, {}, {}}) ==
        Codes{Code::extent_conflict});
}

TEST_CASE("a square weight is transposed because the rule says so") {
  const auto there = converted(plan_of("w[i o] <-> v[o i]"), {counted("w", {2, 2})});
  CHECK(elements_of<float>(there.at("v")) == Floats{0, 2, 1, 3});
}

TEST_CASE("rotary halves of keys have the number of key heads") {
  const Plan plan = plan_of(
      "param heads: int\nparam kv_heads: int\n"
      "wq[(heads half two=2)] <-> q[(heads two half)]\nwk[(kv_heads half two=2)] <-> k[(kv_heads two half)]");
  const auto there =
      converted(plan, {counted("wk", {4}), counted("wq", {8})}, {Direction::right, {"heads=2", "kv_heads=1"}, {}, {}});
  CHECK(elements_of<float>(there.at("q")) == Floats{0, 2, 1, 3, 4, 6, 5, 7});
  CHECK(elements_of<float>(there.at("k")) == Floats{0, 2, 1, 3});
}

TEST_CASE("only the dimension that is named is taken off, whatever else has an extent of 1") {
  const Plan plan = plan_of("w[1 s d] <-> v[d s]");
  CHECK(converted(plan, {counted("w", {1, 1, 3})}).at("v").info.shape == std::vector<std::int64_t>{3, 1});
  CHECK(refusals(plan, {counted("w", {2, 1, 3})}) == Codes{Code::extent_conflict});
}

TEST_CASE("layers without experts get none") {
  const Plan plan = plan_of(
      "index sparse in 0..4 when sparse % 2 == 1\nindex dense in 0..4 when dense % 2 == 0\nindex e in 0..2\n"
      "moe.{sparse}[e d] <-> m.{sparse}.experts.{e}[d]\nmlp.{dense} <-> m.{dense}.mlp");
  const auto there = converted(
      plan, {counted("mlp.0", {1}), counted("mlp.2", {1}), counted("moe.1", {2, 2}), counted("moe.3", {2, 2})});
  CHECK(there.size() == 6);
  CHECK(there.contains("m.3.experts.1"));
  CHECK_FALSE(there.contains("m.2.experts.0"));
}

TEST_CASE("aliases are read by either name and written by the first, and both are an error") {
  const Plan plan = plan_of("x.{o_proj|out_proj} <-> y");
  CHECK(converted(plan, {counted("x.out_proj", {1})}).contains("y"));
  CHECK(converted(plan, {counted("y", {1})}, {Direction::left, {}, {}, {}}).contains("x.o_proj"));
  CHECK(refusals(plan, {counted("x.o_proj", {1}), counted("x.out_proj", {1})}) == Codes{Code::alternatives_both});
}

TEST_CASE("a float32 tensor of a bf16 model stays float32") {
  const Plan plan = plan_of("A_log <-> A_log_b\nw <-> v");
  const auto there =
      converted(plan, {counted("A_log", {2}), tensor_of("w", Dtype::bf16, {1}, std::vector<std::uint16_t>{0x3f80})});
  CHECK(there.at("A_log_b").info.dtype == Dtype::f32);
  CHECK(there.at("v").info.dtype == Dtype::bf16);
}
