// Values on bytes: what a rule computes and fills, through a file and back.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/unit/rule_values.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::rule_values;

TEST_CASE("arithmetic is computed towards the other side and solved towards its own") {
  const Floats numbers = some_floats(9);
  CHECK(through("x <-> y + 1", left, numbers) == each(numbers, [](float v) { return v + 1.0f; }));
  CHECK(through("x <-> y + 1", right, numbers) == each(numbers, [](float v) { return v - 1.0f; }));
  CHECK(through("x * 3 <-> y", right, numbers) == each(numbers, [](float v) { return v * 3.0f; }));
  CHECK(through("x * 3 <-> y", left, numbers) == each(numbers, [](float v) { return v / 3.0f; }));
  CHECK(through("x <-> y / 3 - 0.5", left, numbers) == each(numbers, [](float v) { return v / 3.0f - 0.5f; }));
  CHECK(through("x <-> y / 3 - 0.5", right, numbers) == each(numbers, [](float v) { return (v + 0.5f) * 3.0f; }));
  CHECK(through("x <-> y - -1", left, numbers) == each(numbers, [](float v) { return v + 1.0f; }));
}

TEST_CASE("a param is a number of arithmetic") {
  const Floats numbers = some_floats(9);
  const std::string rule = "param p: float\n x <-> y * p";
  CHECK(through(rule, left, numbers, {"p=0.3"}) == each(numbers, [](float v) { return v * 0.3f; }));
  CHECK(through(rule, right, numbers, {"p=0.3"}) == each(numbers, [](float v) { return v / 0.3f; }));
  CHECK(through(rule, left, numbers, {"p=0"}) == each(numbers, [](float v) { return v * 0.0f; }));
  const MadeTensor x = tensor_of("x", Dtype::f32, {9}, numbers);
  CHECK(refusals(plan_of(rule), {x}, {right, {"p=0"}, {}, {}}) == std::vector<Code>{Code::value_type});
}

TEST_CASE("bf16 is computed in float32 and rounded once") {
  Halves numbers;
  for (std::uint32_t i = 0; i < 0x10000; i += 7) {
    if (std::isfinite(float_of_bf16(static_cast<std::uint16_t>(i)))) numbers.push_back(static_cast<std::uint16_t>(i));
  }
  const auto n = static_cast<std::int64_t>(numbers.size());
  const Plan plan = plan_of("x <-> y + 1");
  const auto there = converted(plan, {tensor_of("y", Dtype::bf16, {n}, numbers)}, {left, {}, {}, {}});
  const auto back = converted(plan, {tensor_of("x", Dtype::bf16, {n}, numbers)}, {right, {}, {}, {}});
  REQUIRE(there.at("x").info.dtype == Dtype::bf16);
  const Halves plus = elements_of<std::uint16_t>(there.at("x"));
  const Halves minus = elements_of<std::uint16_t>(back.at("y"));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    REQUIRE(plus[i] == bf16_of(float_of_bf16(numbers[i]) + 1.0f));
    REQUIRE(minus[i] == bf16_of(float_of_bf16(numbers[i]) - 1.0f));
  }
}

TEST_CASE("float64 is computed in float64") {
  const std::vector<double> numbers = {0.1, 1e-20, -3.25, 1e300};
  const auto result =
      converted(plan_of("x <-> y * 3 + 1"), {tensor_of("y", Dtype::f64, {4}, numbers)}, {left, {}, {}, {}});
  std::vector<double> wanted;
  for (const double number : numbers) wanted.push_back(number * 3 + 1);
  CHECK(elements_of<double>(result.at("x")) == wanted);
}

TEST_CASE("`fill` makes tensors of one number") {
  const Plan plan = plan_of(
      "param n: int\n index layer in 0..n\n x <-> y\n zero[n two=2] as f32 <- fill 0\n"
      "some.{layer}[n 1] as bf16 <- fill 1.5\n one[] as f64 <- fill -0.1\n none[empty=0] as f16 <- fill 3\n"
      "padded[(_=1 + n)] as f32 <- fill 7\n minus[n] as bf16 <- fill -0.0");
  const auto result = converted(plan, {tensor_of("y", Dtype::u8, {1}, Octets{9})}, {left, {"n=3"}, {}, {}});
  CHECK(elements_of<float>(result.at("zero")) == Floats(6, 0.0f));
  CHECK(result.at("zero").info.shape == std::vector<std::int64_t>{3, 2});
  for (const char* key : {"some.0", "some.1", "some.2"}) {
    CHECK(elements_of<std::uint16_t>(result.at(key)) == Halves(3, 0x3fc0));
    CHECK(result.at(key).info.shape == std::vector<std::int64_t>{3, 1});
  }
  CHECK(elements_of<double>(result.at("one")) == std::vector<double>{-0.1});
  CHECK(result.at("none").bytes.empty());
  CHECK(elements_of<float>(result.at("padded")) == Floats{0, 7, 7, 7});
  CHECK(elements_of<std::uint16_t>(result.at("minus")) == Halves(3, 0x8000));
  CHECK(result.size() == 9);
  // The other direction has nothing to do with what is filled.
  CHECK(converted(plan, {tensor_of("x", Dtype::u8, {1}, Octets{9})}).size() == 1);
}

TEST_CASE("`same` keeps the names and bytes of what no rule claims") {
  const Plan plan = plan_of("x.0.w <-> y\n same x.**");
  const MadeTensor kept = tensor_of("x.1.w", Dtype::f16, {2}, Halves{0x7e01, 0x0001});
  const auto there = converted(plan, {tensor_of("x.0.w", Dtype::u8, {1}, Octets{1}), kept});
  REQUIRE(there.size() == 2);
  CHECK(there.at("x.1.w").bytes == kept.bytes);
  CHECK(there.at("x.1.w").info.dtype == Dtype::f16);
  CHECK(there.contains("y"));
  const std::vector<MadeTensor> back = {tensor_of("y", Dtype::u8, {1}, Octets{1}), kept};
  CHECK(converted(plan, back, {left, {}, {}, {}}).contains("x.1.w"));
  // What is kept may not land where a rule writes.
  const MadeTensor clash = tensor_of("x.0.w", Dtype::u8, {1}, Octets{2});
  CHECK(refusals(plan, {back[0], clash}, {left, {}, {}, {}}) == std::vector<Code>{Code::destination_twice});
  // A pattern matches whole segments, and nothing else is taken along.
  CHECK(refusals(plan, {tensor_of("x.0.w", Dtype::u8, {1}, Octets{1}), tensor_of("xx.w", Dtype::u8, {1}, Octets{1})}) ==
        std::vector<Code>{Code::source_unclaimed});
}
