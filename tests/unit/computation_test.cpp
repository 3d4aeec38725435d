#include "runtime/copy/computation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

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

}  // namespace

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
