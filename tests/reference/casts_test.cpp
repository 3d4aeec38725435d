// Every boundary at which a cast rounds: what omap makes of it is what LibTorch makes, or, where LibTorch rounds twice
// or lacks the dtype, the nearest number of a list of all of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "tests/reference/convert.h"
#include "tests/reference/interpret.h"
#include "tests/reference/read_rule.h"
#include "tests/reference/torch_elements.h"

using namespace omap;
using namespace omap::test;

namespace {

Tensor tensor_of_numbers(Dtype dtype, const at::Tensor& numbers) {
  return tensor_of(rounded_to(numbers, dtype), dtype);
}

/// The numbers of a dtype of at most 16 bits, what lies in the middle of two, and what lies beside that, up to where
/// numbers are too large; all with both signs. `from` is f32 or f64.
at::Tensor boundaries(Dtype to, Dtype from) {
  const std::int64_t patterns = std::int64_t{1} << (bits(to) - 1);
  const at::ScalarType type = from == Dtype::f32 ? at::kFloat : at::kDouble;
  const at::Tensor all_numbers = numbers_of(at::arange(patterns, at::kLong), to);
  const at::Tensor finite = all_numbers.masked_select(all_numbers.isfinite());
  // Beyond the greatest numbers go on as if there were more.
  const at::Tensor beyond = finite.slice(0, -1) * 2 - finite.slice(0, -2, -1);
  const at::Tensor numbers = at::cat({finite, beyond});
  const at::Tensor middles = (numbers.slice(0, 1) + numbers.slice(0, 0, -1)).div(2).to(type);
  const at::Tensor infinity = at::full({}, INFINITY, type);
  const at::Tensor above = at::nextafter(middles, infinity), below = at::nextafter(middles, -infinity);
  const at::Tensor all = at::cat({all_numbers.to(type), middles, above, below});
  return at::cat({all, -all});
}

/// All patterns of a dtype of at most 16 bits.
Tensor all_patterns(Dtype dtype) { return tensor_of(at::arange(std::int64_t{1} << bits(dtype), at::kLong), dtype); }

void check_cast(const Tensor& source, Dtype to) {
  Mapping mapping;
  mapping.top.rules.push_back(read_rule(fmt::format("x -> y as {}", spell(to))));
  CAPTURE(spell(source.dtype));
  CAPTURE(spell(mapping));
  const Tensors sources{{"x", source}};
  const Conversion ours = convert(mapping, Direction::right, sources);
  REQUIRE_MESSAGE(ours.made, ours.refusal);
  const Interpretation wanted = interpret(mapping, Direction::right, sources);
  REQUIRE(wanted.refusal == "");
  REQUIRE(first_difference(*ours.made, wanted.made, wanted.computed) == "");
}

constexpr Dtype small_floats[] = {Dtype::f16,     Dtype::bf16,        Dtype::f8_e4m3,
                                  Dtype::f8_e5m2, Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz};

constexpr Dtype integers[] = {Dtype::boolean, Dtype::u8,  Dtype::i8,  Dtype::u16, Dtype::i16,
                              Dtype::u32,     Dtype::i32, Dtype::u64, Dtype::i64};

}  // namespace

TEST_CASE("casts to 16 and 8 bits round once, at every boundary between two numbers") {
  for (const Dtype to : small_floats) {
    for (const Dtype from : {Dtype::f32, Dtype::f64}) check_cast(tensor_of_numbers(from, boundaries(to, from)), to);
  }
}

TEST_CASE("every number of 16 and 8 bits is cast to every float") {
  std::vector<Dtype> from{Dtype::u8, Dtype::i8, Dtype::u16, Dtype::i16, Dtype::f8_e8m0};
  from.insert(from.end(), std::begin(small_floats), std::end(small_floats));
  std::vector<Dtype> to{Dtype::f32, Dtype::f64};
  to.insert(to.end(), std::begin(small_floats), std::end(small_floats));
  for (const Dtype source : from) {
    for (const Dtype destination : to) check_cast(all_patterns(source), destination);
  }
}

TEST_CASE("every number of 16 and 8 bits is cast to every integer, what is out of range too") {
  std::vector<Dtype> from{Dtype::boolean, Dtype::u8, Dtype::i8, Dtype::u16, Dtype::i16, Dtype::f8_e8m0};
  from.insert(from.end(), std::begin(small_floats), std::end(small_floats));
  for (const Dtype source : from) {
    for (const Dtype destination : integers) check_cast(all_patterns(source), destination);
  }
}

TEST_CASE("integers of 64 bits are rounded once, and floats truncated at the ends of each integer") {
  const at::Tensor powers = at::pow(2, at::arange(63, at::kLong));
  at::Tensor wide = at::cat({powers - 1, powers, powers + 1, powers + powers.div(3, "floor"), powers * 3 + 1});
  // Beside the middle of two floats of 24, 11, 8, 4 and 3 bits.
  for (const int digits : {53, 24, 11, 8, 4, 3}) {
    const at::Tensor half = at::pow(2, (at::arange(63, at::kLong) - digits).clamp_min(0));
    wide = at::cat({wide, powers + half - 1, powers + half, powers + half + 1, powers + half * 3});
  }
  wide = at::cat({wide, wide.neg()});
  for (const Dtype source : {Dtype::i64, Dtype::u64}) {
    for (const Dtype destination : integers) check_cast(tensor_of(wide, source), destination);
    for (const Dtype destination : {Dtype::f64, Dtype::f32}) check_cast(tensor_of(wide, source), destination);
    for (const Dtype destination : small_floats) check_cast(tensor_of(wide, source), destination);
  }
  const at::Tensor infinity = at::full({1}, INFINITY, at::kDouble), half = at::full({1}, 0.5, at::kDouble);
  const at::Tensor ends = at::pow(2.0, at::arange(70, at::kDouble));
  at::Tensor numbers = at::cat({ends - 1, ends - 0.5, ends, ends + 0.5, ends * 1.5, infinity, half});
  numbers = at::cat({numbers, -numbers, at::full({1}, NAN, at::kDouble)});
  for (const Dtype source : {Dtype::f64, Dtype::f32}) {
    for (const Dtype destination : integers) check_cast(tensor_of_numbers(source, numbers), destination);
  }
}

TEST_CASE("what lies in the middle of two float32 goes to the even one") {
  std::uint64_t next = 1;
  const at::Tensor floats = to_torch(numbers_tensor(Dtype::f32, {20000}, next)).to(at::kDouble);
  const at::Tensor more = at::nextafter(floats.to(at::kFloat), at::full({}, INFINITY, at::kFloat)).to(at::kDouble);
  const at::Tensor middles = (floats + more).div(2);
  const at::Tensor infinity = at::full({}, INFINITY, at::kDouble);
  check_cast(tensor_of_numbers(Dtype::f64, at::cat({middles, at::nextafter(middles, infinity)})), Dtype::f32);
}

TEST_CASE("numbers to compute with are of every kind") {
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16, Dtype::f32, Dtype::f64}) {
    std::uint64_t next = 1;
    const at::Tensor numbers = to_torch(numbers_tensor(dtype, {2000}, next)).to(at::kDouble);
    const double least = dtype == Dtype::f64 ? 0x1p-1022 : dtype == Dtype::f16 ? 0x1p-14 : 0x1p-126;
    const at::Tensor size = numbers.abs(), infinity = at::full({}, INFINITY, at::kDouble);
    const auto count = [](const at::Tensor& flags) { return flags.sum().item<std::int64_t>(); };
    CAPTURE(spell(dtype));
    REQUIRE(count(numbers == infinity) > 10);
    REQUIRE(count(numbers == -infinity) > 10);
    REQUIRE(count(numbers.isnan()) > 10);
    REQUIRE(count((numbers == 0).logical_and(numbers.signbit())) > 10);
    REQUIRE(count((size > 0).logical_and(size < least)) > 10);
    REQUIRE(count((size > 0.1).logical_and(size < 10)) > 1000);
  }
}
