// Values on bytes: what a rule computes, casts and fills, through a file and back.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "runtime/dtype/element.h"
#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

using Floats = std::vector<float>;
using Halves = std::vector<std::uint16_t>;
using Octets = std::vector<std::uint8_t>;

constexpr Direction left = Direction::left;
constexpr Direction right = Direction::right;

/// Distinct numbers of both signs, small and large.
Floats some_floats(std::size_t count, float step = 0.37f) {
  Floats numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back((static_cast<float>(i) - 3.0f) * step);
  return numbers;
}

/// Finite elements of f8_e4m3, none of them alike in a row.
Octets some_octets(std::size_t count) {
  Octets elements;
  for (std::size_t i = 0; i < count; ++i) {
    const auto element = static_cast<std::uint8_t>(i * 37 + i / 251);
    elements.push_back((element & 0x7f) == 0x7f ? std::uint8_t{0x11} : element);
  }
  return elements;
}

float e4m3(std::uint8_t bits) {
  const auto element = std::byte{bits};
  return static_cast<float>(decode(Dtype::f8_e4m3, &element));
}

/// One f32 tensor `x` or `y` through a rule between the two.
Floats through(const std::string& rule, Direction direction, const Floats& numbers,
               const std::vector<std::string>& settings = {}) {
  const auto n = static_cast<std::int64_t>(numbers.size());
  const std::string from = direction == right ? "x" : "y";
  const auto result =
      converted(plan_of(rule), {tensor_of(from, Dtype::f32, {n}, numbers)}, {direction, settings, {}, {}});
  return elements_of<float>(result.at(direction == right ? "y" : "x"));
}

template <class Function>
Floats each(Floats numbers, const Function& function) {
  for (float& number : numbers) number = function(number);
  return numbers;
}

}  // namespace

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

TEST_CASE("a block scale meets the elements of its block, the last block being what is left") {
  struct Case {
    std::int64_t rows, columns, block_rows, block_columns;
  };
  for (const Case& c : {Case{5, 7, 2, 3}, Case{130, 257, 128, 128}, Case{4, 4, 8, 4}, Case{1, 1, 1, 1}}) {
    CAPTURE(c.rows);
    const std::int64_t scale_rows = (c.rows + c.block_rows - 1) / c.block_rows;
    const std::int64_t scale_columns = (c.columns + c.block_columns - 1) / c.block_columns;
    const Octets q = some_octets(static_cast<std::size_t>(c.rows * c.columns));
    const Floats s = some_floats(static_cast<std::size_t>(scale_rows * scale_columns), 0.0131f);
    const Plan plan = plan_of(fmt::format("v[r c] as bf16 <- q[r c] * s[r/{} c/{}]", c.block_rows, c.block_columns));
    const auto result = converted(plan,
                                  {tensor_of("q", Dtype::f8_e4m3, {c.rows, c.columns}, q),
                                   tensor_of("s", Dtype::f32, {scale_rows, scale_columns}, s)},
                                  {left, {}, {}, {}});
    Halves wanted;
    for (std::int64_t i = 0; i < c.rows; ++i) {
      for (std::int64_t j = 0; j < c.columns; ++j) {
        const auto element = static_cast<std::size_t>(i * c.columns + j);
        const auto scale = static_cast<std::size_t>(i / c.block_rows * scale_columns + j / c.block_columns);
        wanted.push_back(bf16_of(e4m3(q[element]) * s[scale]));
      }
    }
    CHECK(elements_of<std::uint16_t>(result.at("v")) == wanted);
    CHECK(result.at("v").info.shape == std::vector<std::int64_t>{c.rows, c.columns});
  }
}

TEST_CASE("a scale of another size than its blocks is refused") {
  const Plan plan = plan_of("w[r c] <- q[r c] * s[r/2 c/3]");
  const MadeTensor q = tensor_of("q", Dtype::f32, {5, 7}, some_floats(35));
  CHECK(refusals(plan, {q, tensor_of("s", Dtype::f32, {2, 3}, some_floats(6))}, {left, {}, {}, {}}) ==
        std::vector<Code>{Code::extent_conflict});
  CHECK(refusals(plan, {q, tensor_of("s", Dtype::f32, {9}, some_floats(9))}, {left, {}, {}, {}}) ==
        std::vector<Code>{Code::rank_mismatch});
  CHECK(refusals(plan, {q}, {left, {}, {}, {}}) == std::vector<Code>{Code::source_missing});
}

TEST_CASE("stacked experts each have the scale of their key") {
  const Plan plan = plan_of(
      "index layer in 0..2\n index expert in 0..12\n"
      "moe.{layer}[expert d h] <- l.{layer}.e.{expert}.q[h d] * l.{layer}.e.{expert}.s[h/2 1]");
  std::vector<MadeTensor> sources;
  std::map<std::string, Floats> wanted;
  for (int layer = 0; layer < 2; ++layer) {
    Floats stacked(12 * 4 * 3);
    for (int expert = 0; expert < 12; ++expert) {
      const std::string key = fmt::format("l.{}.e.{}", layer, expert);
      const Floats q = some_floats(12, 1.0f + static_cast<float>(expert + 100 * layer));
      const Floats s = some_floats(2, 0.1f * static_cast<float>(expert + 1));
      sources.push_back(tensor_of(key + ".q", Dtype::f32, {3, 4}, q));
      sources.push_back(tensor_of(key + ".s", Dtype::f32, {2, 1}, s));
      for (std::size_t h = 0; h < 3; ++h) {
        for (std::size_t d = 0; d < 4; ++d) {
          stacked[(static_cast<std::size_t>(expert) * 4 + d) * 3 + h] = q[h * 4 + d] * s[h / 2];
        }
      }
    }
    wanted[fmt::format("moe.{}", layer)] = stacked;
  }
  const auto result = converted(plan, sources, {left, {}, {}, {}});
  for (const auto& [key, numbers] : wanted) CHECK(elements_of<float>(result.at(key)) == numbers);
}

TEST_CASE("a loop index as an axis of an operand gives each tensor its own entry") {
  const Plan plan =
      plan_of("index sparse in 0..6 when sparse % 2 == 1\n x.{sparse}[d] <- y.{sparse}[d] * scales[sparse] + shift[]");
  std::vector<MadeTensor> sources = {tensor_of("scales", Dtype::f32, {3}, Floats{2, 3, 5}),
                                     tensor_of("shift", Dtype::f32, {}, Floats{0.5f})};
  for (const int layer : {1, 3, 5}) {
    sources.push_back(tensor_of(fmt::format("y.{}", layer), Dtype::f32, {2}, Floats{1, -1}));
  }
  const auto result = converted(plan, sources, {left, {}, {}, {}});
  CHECK(elements_of<float>(result.at("x.1")) == Floats{2.5f, -1.5f});
  CHECK(elements_of<float>(result.at("x.3")) == Floats{3.5f, -2.5f});
  CHECK(elements_of<float>(result.at("x.5")) == Floats{5.5f, -4.5f});
}

TEST_CASE("an operand is repeated along the axes that it lacks") {
  const Plan plan = plan_of("w[c r] <- q[r c] * row[r] - column[1 c]");
  const Floats q = some_floats(6), row = {2, -3}, column = {0.5f, 0.25f, 8};
  const auto result = converted(plan,
                                {tensor_of("q", Dtype::f32, {2, 3}, q), tensor_of("row", Dtype::f32, {2}, row),
                                 tensor_of("column", Dtype::f32, {1, 3}, column)},
                                {left, {}, {}, {}});
  Floats wanted;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t r = 0; r < 2; ++r) wanted.push_back(q[r * 3 + c] * row[r] - column[c]);
  }
  CHECK(elements_of<float>(result.at("w")) == wanted);
}

TEST_CASE("operands have dtypes of their own") {
  const Plan plan = plan_of("w[r c] as f32 <- q[r c] * s[r]");
  const auto result = converted(
      plan,
      {tensor_of("q", Dtype::i8, {2, 2}, Octets{1, 0xff, 3, 4}), tensor_of("s", Dtype::f8_e8m0, {2}, Octets{128, 126})},
      {left, {}, {}, {}});
  CHECK(elements_of<float>(result.at("w")) == Floats{2, -2, 1.5f, 2});
}

TEST_CASE("pieces of a sum are computed each from its own tensor") {
  const Plan plan = plan_of("param q: int\n wq[q d] * 2, wk[k d] + 1 <-> qk[d (q + k)]");
  const MadeTensor wq = tensor_of("wq", Dtype::f32, {2, 2}, Floats{1, 2, 3, 4});
  const MadeTensor wk = tensor_of("wk", Dtype::f32, {1, 2}, Floats{5, 6});
  const auto there = converted(plan, {wk, wq}, {right, {"q=2"}, {}, {}});
  CHECK(elements_of<float>(there.at("qk")) == Floats{2, 6, 6, 4, 8, 7});
  const auto back = converted(plan, {there.at("qk")}, {left, {"q=2"}, {}, {}});
  CHECK(back.at("wq").bytes == wq.bytes);
  CHECK(back.at("wk").bytes == wk.bytes);
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
