#include "runtime/copy/computation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/dtype/element.h"
#include "tests/unit/random_copy.h"
#include "tests/unit/simd_target.h"

using namespace omap;

namespace {

using Op = ValueStep::Op;

/// The bytes of numbers behind one byte, so that none is aligned.
template <class Number>
struct Unaligned {
  std::vector<std::byte> bytes;
  explicit Unaligned(const std::vector<Number>& numbers) : bytes(1 + numbers.size() * sizeof(Number)) {
    std::memcpy(&bytes[1], numbers.data(), numbers.size() * sizeof(Number));
  }
  [[nodiscard]] std::span<const std::byte> span() const { return std::span(bytes).subspan(1); }
  std::span<std::byte> out() { return std::span(bytes).subspan(1); }
  [[nodiscard]] std::vector<Number> numbers() const {
    std::vector<Number> all((bytes.size() - 1) / sizeof(Number));
    std::memcpy(all.data(), &bytes[1], bytes.size() - 1);
    return all;
  }
};

/// One element by the definition; every operation rounds to `Number`.
template <class Number>
void compute_one(const Computation& computation, std::size_t i, const std::byte* source,
                 std::span<const std::span<const std::byte>> operands, std::byte* made) {
  if (computation.source && computation.steps.empty()) {
    return cast(*computation.source, source + i * bits(*computation.source) / 8, computation.destination, made);
  }
  const auto number_at = [&](Dtype dtype, const std::byte* elements) {
    return static_cast<Number>(decode(dtype, elements + i * bits(dtype) / 8));
  };
  Number value = computation.source ? number_at(*computation.source, source) : static_cast<Number>(computation.start);
  for (const ValueStep& step : computation.steps) {
    const Number operand = step.operand ? number_at(computation.operands[*step.operand], operands[*step.operand].data())
                                        : static_cast<Number>(step.number);
    if (step.op == Op::add) value = value + operand;
    if (step.op == Op::subtract) value = value - operand;
    if (step.op == Op::multiply) value = value * operand;
    if (step.op == Op::divide) value = value / operand;
  }
  encode(computation.destination, static_cast<double>(value), made);
}

constexpr Dtype readable[] = {Dtype::f64,     Dtype::f32,         Dtype::f16,         Dtype::bf16,    Dtype::f8_e4m3,
                              Dtype::f8_e5m2, Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz, Dtype::f8_e8m0, Dtype::u8,
                              Dtype::i8,      Dtype::u16,         Dtype::i16,         Dtype::u32,     Dtype::i32};
constexpr Dtype integers[] = {Dtype::boolean, Dtype::u8,  Dtype::i8,  Dtype::u16, Dtype::i16,
                              Dtype::u32,     Dtype::i32, Dtype::u64, Dtype::i64};
constexpr Dtype writable[] = {Dtype::f64,     Dtype::f32,     Dtype::f16,         Dtype::bf16,
                              Dtype::f8_e4m3, Dtype::f8_e5m2, Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz};

/// Random bits behind one byte; NaNs stay, but two of them never meet: which one's bits go on is the compiler's choice.
Unaligned<std::uint8_t> random_elements(Draw& draw, Dtype dtype, std::size_t count, bool nans) {
  Unaligned<std::uint8_t> made(std::vector<std::uint8_t>(count * bits(dtype) / 8));
  const std::size_t size = bits(dtype) / 8;
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* const element = &made.bytes[1 + i * size];
    do {
      const std::uint64_t drawn = draw.from(0, UINT64_MAX - 1);
      std::memcpy(element, &drawn, size);
    } while (!nans && std::isnan(decode(dtype, element)));
  }
  return made;
}

void check_computation(Draw& draw, const Computation& computation, std::size_t count) {
  const auto source = random_elements(draw, computation.source.value_or(Dtype::u8), count, true);
  std::vector<Unaligned<std::uint8_t>> operands;
  for (const Dtype dtype : computation.operands) operands.push_back(random_elements(draw, dtype, count, false));
  std::vector<std::span<const std::byte>> spans;
  for (const auto& operand : operands) spans.push_back(operand.span());
  const std::size_t size = bits(computation.destination) / 8;
  Unaligned<std::uint8_t> made(std::vector<std::uint8_t>(count * size));
  compute(computation, source.span(), spans, made.out());
  for (std::size_t i = 0; i < count; ++i) {
    std::byte wanted[sizeof(double)];
    if (computation.in_double()) {
      compute_one<double>(computation, i, source.span().data(), spans, wanted);
    } else {
      compute_one<float>(computation, i, source.span().data(), spans, wanted);
    }
    if (std::memcmp(wanted, made.out().data() + i * size, size) == 0) continue;
    CAPTURE(name(computation.source.value_or(Dtype::boolean)));
    CAPTURE(name(computation.destination));
    CAPTURE(computation.steps.size());
    CAPTURE(i);
    FAIL("differs from one element at a time");
  }
}

}  // namespace

TEST_CASE("casts between all dtypes give the bits that one element at a time gives") {
  for_each_simd_target([] {
    Draw draw(31);
    for (const Dtype from : readable) {
      for (const Dtype to : writable) check_computation(draw, {from, 0, to, {}, {}}, 1500);
      for (const Dtype to : integers) check_computation(draw, {from, 0, to, {}, {}}, 1500);
    }
    for (const Dtype from : integers) {
      for (const Dtype to : integers) check_computation(draw, {from, 0, to, {}, {}}, 1500);
      for (const Dtype to : writable) check_computation(draw, {from, 0, to, {}, {}}, 1500);
    }
  });
}

TEST_CASE("arithmetic gives the bits that one element at a time gives") {
  constexpr Op ops[] = {Op::add, Op::subtract, Op::multiply, Op::divide};
  constexpr double numbers[] = {0.5, -3, 1e-3, 448, 1.0 / 3};
  for_each_simd_target([&] {
    Draw draw(32);
    for (int i = 0; i < 150; ++i) {
      Computation computation{readable[draw.from(0, 14)], 0, writable[draw.from(0, 7)], {}, {}};
      if (draw.once_in(10)) computation.source.reset();
      computation.start = numbers[draw.from(0, 4)];
      for (std::uint64_t step = draw.from(1, 2); step > 0; --step) {
        computation.steps.push_back({ops[draw.from(0, 3)], numbers[draw.from(0, 4)], {}});
      }
      // At most one operand, so that no NaN meets one that a step made.
      if (draw.once_in(2)) {
        computation.operands = {readable[draw.from(0, 14)]};
        computation.steps.front().operand = 0;
      }
      CAPTURE(i);
      check_computation(draw, computation, draw.from(1, 2100));
    }
  });
}

TEST_CASE("steps are done in order, each rounded to float32") {
  Computation computation{Dtype::f32, 0, Dtype::f32, {}, {{Op::multiply, 3, {}}, {Op::add, 0.1, {}}}};
  computation.steps.push_back({Op::divide, 7, {}});
  computation.steps.push_back({Op::subtract, 1e-3, {}});
  const std::vector<float> numbers = {1, -2.5f, 1e-20f, 3e38f, 0.3333333f};
  Unaligned<float> out(std::vector<float>(5));
  compute(computation, Unaligned<float>(numbers).span(), {}, out.out());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    CHECK(out.numbers()[i] == (numbers[i] * 3.0f + 0.1f) / 7.0f - 0.001f);
  }
}

TEST_CASE("operands are taken by their place, each in its own dtype") {
  Computation computation{Dtype::u8, 0, Dtype::f32, {Dtype::i8, Dtype::f32}, {}};
  computation.steps = {{Op::multiply, 0, 1}, {Op::subtract, 0, 0}, {Op::multiply, 0, 1}};
  const std::vector<std::uint8_t> source = {1, 2, 255};
  const Unaligned<std::int8_t> first({-1, 0, 100});
  const Unaligned<float> second({0.5f, -3, 2});
  const std::vector<std::span<const std::byte>> operands = {first.span(), second.span()};
  Unaligned<float> out(std::vector<float>(3));
  compute(computation, Unaligned<std::uint8_t>(source).span(), operands, out.out());
  CHECK(out.numbers() == std::vector<float>{(0.5f + 1) * 0.5f, 18, (510 - 100) * 2});
}

TEST_CASE("integers that a float passes on its way to another are told") {
  const auto casts = [](std::optional<Dtype> source, Dtype destination, std::vector<ValueStep> steps = {}) {
    return Computation{source, 0, destination, {}, std::move(steps)}.casts_integers();
  };
  CHECK(casts(Dtype::f32, Dtype::i8));
  CHECK(casts(Dtype::i64, Dtype::u8));
  CHECK(casts(Dtype::u64, Dtype::bf16));
  CHECK(casts(Dtype::boolean, Dtype::f32));
  CHECK_FALSE(casts(Dtype::i32, Dtype::f32));
  CHECK_FALSE(casts(Dtype::f32, Dtype::bf16));
  CHECK_FALSE(casts({}, Dtype::f32));
  CHECK_FALSE(casts(Dtype::i8, Dtype::f32, {{Op::add, 1, {}}}));
}

TEST_CASE("what float32 does not hold is computed in float64") {
  const auto in_double = [](std::optional<Dtype> source, Dtype destination, std::vector<Dtype> operands) {
    return Computation{source, 0, destination, std::move(operands), {}}.in_double();
  };
  CHECK_FALSE(in_double(Dtype::bf16, Dtype::f32, {Dtype::f8_e4m3}));
  CHECK_FALSE(in_double({}, Dtype::f32, {}));
  CHECK(in_double(Dtype::f64, Dtype::f32, {}));
  CHECK(in_double(Dtype::f32, Dtype::f64, {}));
  CHECK(in_double(Dtype::f32, Dtype::f32, {Dtype::f64}));
  CHECK(in_double(Dtype::i32, Dtype::f32, {}));
  CHECK(in_double({}, Dtype::f64, {}));

  // 2^24 + 1 is no float32: added in float64 it still counts.
  const Computation computation{Dtype::i32, 0, Dtype::f32, {}, {{Op::subtract, 16777216, {}}}};
  Unaligned<float> out(std::vector<float>(1));
  compute(computation, Unaligned<std::int32_t>({16777217}).span(), {}, out.out());
  CHECK(out.numbers() == std::vector<float>{1});
}

TEST_CASE("without a source every element begins as one number") {
  const Computation computation{{}, 1.5, Dtype::f64, {}, {}};
  Unaligned<double> out(std::vector<double>(3));
  compute(computation, {}, {}, out.out());
  CHECK(out.numbers() == std::vector<double>{1.5, 1.5, 1.5});
}
