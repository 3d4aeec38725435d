// Casts on bytes, and which tensors need one.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/unit/rule_values.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::rule_values;

TEST_CASE("a cast to bf16 rounds to even and keeps what is no number") {
  const std::vector<std::pair<std::uint32_t, std::uint16_t>> cases = {
      {0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0xbf807fff, 0xbf80},
      {0x7f7fffff, 0x7f80}, {0x7f7f7fff, 0x7f7f}, {0x7f800000, 0x7f80}, {0xff800000, 0xff80}, {0x7fc00000, 0x7fc0},
      {0x7f800001, 0x7fc0}, {0x00000001, 0x0000}, {0x00008000, 0x0000}, {0x00008001, 0x0001}, {0x00018000, 0x0002},
      {0x80000000, 0x8000}, {0x80007fff, 0x8000}, {0x007fffff, 0x0080},
  };
  std::vector<std::uint32_t> singles;
  Halves wanted;
  for (const auto& [single, half] : cases) {
    singles.push_back(single);
    wanted.push_back(half);
  }
  const auto n = static_cast<std::int64_t>(cases.size());
  const auto result = converted(plan_of("x <-> y as bf16"), {tensor_of("x", Dtype::f32, {n}, singles)});
  CHECK(result.at("y").info.dtype == Dtype::bf16);
  CHECK(elements_of<std::uint16_t>(result.at("y")) == wanted);
}

TEST_CASE("a cast to eight bits has NaN or infinity where a number is too large") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Floats numbers = {448, 464, 464.5f, -500, inf, 0, -0.0f, std::ldexp(1.0f, -9), std::ldexp(1.0f, -10), 1.0625f};
  const MadeTensor x = tensor_of("x", Dtype::f32, {10}, numbers);
  const auto small = converted(plan_of("x -> y as f8_e4m3"), {x});
  CHECK(elements_of<std::uint8_t>(small.at("y")) == Octets{0x7e, 0x7e, 0x7f, 0xff, 0x7f, 0x00, 0x80, 0x01, 0x00, 0x38});
  const Floats large = {57344, 61439, 61440, -inf};
  const auto wide = converted(plan_of("x -> y as f8_e5m2"), {tensor_of("x", Dtype::f32, {4}, large)});
  CHECK(elements_of<std::uint8_t>(wide.at("y")) == Octets{0x7b, 0x7b, 0x7c, 0xfc});
}

TEST_CASE("`as` casts the side that is written, and is nothing where it is read") {
  const Plan plan = plan_of("x[d] as f32 <-> y[d] as bf16");
  const Halves halves = {0x3f80, 0xc000, 0x0001, 0x7f80};
  const auto wide = converted(plan, {tensor_of("y", Dtype::bf16, {4}, halves)}, {left, {}, {}, {}});
  CHECK(wide.at("x").info.dtype == Dtype::f32);
  const auto back = converted(plan, {wide.at("x")});
  CHECK(elements_of<std::uint16_t>(back.at("y")) == halves);
  // It does not ask what is there: an f16 source is read as what it is.
  const auto other = converted(plan, {tensor_of("y", Dtype::f16, {1}, Halves{0x3c00})}, {left, {}, {}, {}});
  CHECK(elements_of<float>(other.at("x")) == Floats{1});
}

TEST_CASE("the dtype of `as` may be a param") {
  const Plan plan = plan_of("param kind: dtype\n x -> y as kind");
  const MadeTensor x = tensor_of("x", Dtype::f32, {2}, Floats{1, -2});
  CHECK(converted(plan, {x}, {right, {"kind=bf16"}, {}, {}}).at("y").info.dtype == Dtype::bf16);
  CHECK(converted(plan, {x}, {right, {"kind=torch.float16"}, {}, {}}).at("y").info.dtype == Dtype::f16);
  CHECK(refusals(plan, {x}, {right, {"kind=no"}, {}, {}}) == std::vector<Code>{Code::value_type});
  CHECK(refusals(plan, {x}, {right, {"kind=c64"}, {}, {}}) == std::vector<Code>{Code::dtype_not_computable});
  CHECK(elements_of<std::int64_t>(converted(plan, {x}, {right, {"kind=i64"}, {}, {}}).at("y")) ==
        std::vector<std::int64_t>{1, -2});
}

TEST_CASE("integers of any size are cast, and of up to 32 bits computed with") {
  const Plan plan = plan_of("x -> y as f32");
  CHECK(elements_of<float>(converted(plan, {tensor_of("x", Dtype::i8, {2}, Octets{0x80, 5})}).at("y")) ==
        Floats{-128, 5});
  const std::vector<std::uint32_t> large = {0xffffffff, 16777217};
  CHECK(elements_of<float>(converted(plan, {tensor_of("x", Dtype::u32, {2}, large)}).at("y")) ==
        Floats{4294967296.0f, 16777216.0f});
  const MadeTensor wide = tensor_of("x", Dtype::i64, {2}, std::vector<std::int64_t>{-1, 16777217});
  CHECK(elements_of<float>(converted(plan, {wide}).at("y")) == Floats{-1, 16777216.0f});
  CHECK(elements_of<float>(converted(plan, {tensor_of("x", Dtype::boolean, {2}, Octets{1, 0})}).at("y")) ==
        Floats{1, 0});
  CHECK(refusals(plan_of("x -> y + 1 as f32"), {wide}) == std::vector<Code>{Code::dtype_not_computable});
  CHECK(refusals(plan_of("x -> y * 2 as i32"), {tensor_of("x", Dtype::f32, {1}, Floats{1})}) ==
        std::vector<Code>{Code::dtype_not_computable});
}

TEST_CASE("`as` an integer truncates floats, and keeps the lower bits of integers") {
  const Plan plan = plan_of("x[r c] -> y[c r] as i8");
  const Floats numbers = {1.75f, -1.75f, 127.5f, 300, -300, std::numeric_limits<float>::quiet_NaN()};
  CHECK(elements_of<std::int8_t>(converted(plan, {tensor_of("x", Dtype::f32, {2, 3}, numbers)}).at("y")) ==
        std::vector<std::int8_t>{1, 127, -1, -128, 127, 0});
  const std::vector<std::int64_t> wide = {1, -2, 255, 256, 384, 5};
  CHECK(elements_of<std::int8_t>(converted(plan, {tensor_of("x", Dtype::i64, {2, 3}, wide)}).at("y")) ==
        std::vector<std::int8_t>{1, 0, -2, -128, -1, 5});
}

TEST_CASE("sources of several dtypes need an `as`") {
  const MadeTensor wq = tensor_of("wq", Dtype::bf16, {1, 2}, Halves{0x3f80, 0x4000});
  const MadeTensor wk = tensor_of("wk", Dtype::f32, {1, 2}, Floats{0.1f, -3});
  const std::string rule = "wq[q d], wk[k d] -> qk[(q + k) d]";
  CHECK(refusals(plan_of("param q: int\n" + rule), {wq, wk}, {right, {"q=1"}, {}, {}}) ==
        std::vector<Code>{Code::dtype_conflict});
  const auto wide = converted(plan_of("param q: int\n" + rule + " as f32"), {wq, wk}, {right, {"q=1"}, {}, {}});
  CHECK(elements_of<float>(wide.at("qk")) == Floats{1, 2, 0.1f, -3});
  const auto narrow = converted(plan_of("param q: int\n" + rule + " as bf16"), {wq, wk}, {right, {"q=1"}, {}, {}});
  CHECK(elements_of<std::uint16_t>(narrow.at("qk")) == Halves{0x3f80, 0x4000, bf16_of(0.1f), 0xc040});
}

TEST_CASE("keys of one tensor may have several dtypes where they are stored in one") {
  const Floats first = some_floats(3), second = some_floats(3, 0.5f);  // The second are bf16's too.
  Halves halves;
  for (const float number : second) halves.push_back(bf16_of(number));
  // The first is stored as it is, the second is not; and the other way round.
  for (const bool swapped : {false, true}) {
    const std::string floats_key = swapped ? "q.1" : "q.0", halves_key = swapped ? "q.0" : "q.1";
    const auto made =
        converted(plan_of("index e in 0..2\n q.{e}[r] -> w[e r] as f32"),
                  {tensor_of(floats_key, Dtype::f32, {3}, first), tensor_of(halves_key, Dtype::bf16, {3}, halves)},
                  {right, {}, {}, {}});
    Floats wanted = swapped ? second : first;
    const Floats& rest = swapped ? first : second;
    wanted.insert(wanted.end(), rest.begin(), rest.end());
    CHECK(elements_of<float>(made.at("w")) == wanted);
  }
}

TEST_CASE("elements of less than a byte are moved as whole tensors only") {
  const MadeTensor halves = tensor_of("a", Dtype::bf16, {2}, Halves{1, 2});
  MadeTensor nibbles{{"b", Dtype::f4, {4}, {}}, {std::byte{0x12}, std::byte{0x34}}};
  nibbles.info.bytes.size = 2;
  const auto renamed = converted(plan_of("a -> c\n b[y] -> d[y] as f4"), {halves, nibbles});
  CHECK(renamed.at("d").bytes == nibbles.bytes);
  for (const char* rules : {"a[x], b[y] -> c[x] as bf16, d[y] as f4", "a -> c\n b[(y + _=2)] -> d[(y + _=2)]",
                            "a -> c\n b -> d\n e[n=8] as f4 <- fill 0"}) {
    CAPTURE(rules);
    const Direction direction = std::string_view(rules).find("<-") == std::string_view::npos ? right : left;
    const std::vector<MadeTensor> sources =
        direction == right ? std::vector{halves, nibbles} : std::vector<MadeTensor>{};
    CHECK(refusals(plan_of(rules), sources, {direction, {}, {}, {}}) == std::vector<Code>{Code::sub_byte_layout});
  }
}

TEST_CASE("a rounding rule is said, an exact one is not") {
  const auto notes = [](const std::string& rule, Dtype dtype) {
    std::vector<TensorInfo> infos{{"x", dtype, {2}, {0, 0, 2ull * bits(dtype) / 8}}};
    const auto bound = bound_to(plan_of(rule), TensorIndex({"made.safetensors"}, infos));
    REQUIRE(bound);
    return std::ranges::count(bound->notes, Code::result_inexact, &Diagnostic::code);
  };
  CHECK(notes("x -> y + 1", Dtype::f32) == 1);
  CHECK(notes("x -> y as bf16", Dtype::f32) == 1);
  CHECK(notes("x -> y as bf16", Dtype::f16) == 1);
  CHECK(notes("x -> y as f32", Dtype::bf16) == 0);
  CHECK(notes("x -> y as bf16", Dtype::bf16) == 0);
  CHECK(notes("x -> y", Dtype::f32) == 0);
}
