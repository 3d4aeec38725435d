#include "runtime/dtype/element.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace omap;

namespace {

double decoded(Dtype dtype, std::uint32_t bits) {
  std::byte element[4];
  std::memcpy(element, &bits, sizeof(bits));
  return decode(dtype, element);
}

std::uint32_t encoded(Dtype dtype, double number) {
  std::byte element[4] = {};
  encode(dtype, number, element);
  std::uint32_t bits = 0;
  std::memcpy(&bits, element, sizeof(bits));
  return bits;
}

const std::vector<Dtype> small_floats = {Dtype::f16,     Dtype::bf16,        Dtype::f8_e4m3,
                                         Dtype::f8_e5m2, Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz};

std::uint32_t sign_bit(Dtype dtype) { return 1u << (bits(dtype) - 1); }

/// The finite numbers of a format from 0 up, whose bits count up with them; the last is one that it would have next.
std::vector<double> magnitudes(Dtype dtype) {
  std::vector<double> numbers;
  for (std::uint32_t i = 0; i < sign_bit(dtype) && std::isfinite(decoded(dtype, i)); ++i) {
    numbers.push_back(decoded(dtype, i));
  }
  const std::size_t n = numbers.size();
  numbers.push_back(numbers[n - 1] + (numbers[n - 1] - numbers[n - 2]));
  return numbers;
}

/// By plain search: the nearest magnitude, of two the one with even bits.
std::size_t nearest(const std::vector<double>& numbers, double size) {
  const auto above = std::lower_bound(numbers.begin(), numbers.end(), size);
  if (above == numbers.begin()) return 0;
  if (above == numbers.end()) return numbers.size() - 1;
  const auto i = static_cast<std::size_t>(above - numbers.begin());
  const double down = size - numbers[i - 1], up = numbers[i] - size;
  if (down != up) return down < up ? i - 1 : i;
  return i % 2 == 0 ? i : i - 1;
}

void check_rounding(Dtype dtype, const std::vector<double>& numbers, double size) {
  CAPTURE(name(dtype));
  CAPTURE(size);
  const std::size_t wanted = nearest(numbers, size);
  const bool unsigned_zero = dtype == Dtype::f8_e4m3fnuz || dtype == Dtype::f8_e5m2fnuz;
  const bool has_infinity = dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f8_e5m2;
  for (const double sign : {1.0, -1.0}) {
    const std::uint32_t found = encoded(dtype, sign * size);
    if (wanted + 1 < numbers.size()) {
      const bool negative = sign < 0 && !(unsigned_zero && wanted == 0);
      REQUIRE(found == (static_cast<std::uint32_t>(wanted) | (negative ? sign_bit(dtype) : 0)));
    } else if (has_infinity) {
      REQUIRE(decoded(dtype, found) == sign * std::numeric_limits<double>::infinity());
    } else {
      REQUIRE(std::isnan(decoded(dtype, found)));
    }
  }
}

}  // namespace

TEST_CASE("every small float comes back as its bits") {
  for (const Dtype dtype : small_floats) {
    CAPTURE(name(dtype));
    for (std::uint32_t i = 0; i < 2 * sign_bit(dtype); ++i) {
      const double number = decoded(dtype, i);
      if (std::isnan(number)) {
        REQUIRE(std::isnan(decoded(dtype, encoded(dtype, number))));
      } else {
        REQUIRE(encoded(dtype, number) == i);
      }
    }
  }
}

TEST_CASE("small floats are the numbers of their formats") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  CHECK(decoded(Dtype::f16, 0x3c00) == 1);
  CHECK(decoded(Dtype::f16, 0x0001) == std::ldexp(1.0, -24));
  CHECK(decoded(Dtype::f16, 0x7bff) == 65504);
  CHECK(decoded(Dtype::f16, 0xfc00) == -inf);
  CHECK(decoded(Dtype::bf16, 0xbf80) == -1);
  CHECK(decoded(Dtype::bf16, 0x0001) == std::ldexp(1.0, -133));
  CHECK(decoded(Dtype::bf16, 0x7f80) == inf);
  CHECK(decoded(Dtype::f8_e4m3, 0x38) == 1);
  CHECK(decoded(Dtype::f8_e4m3, 0x01) == std::ldexp(1.0, -9));
  CHECK(decoded(Dtype::f8_e4m3, 0x7e) == 448);
  CHECK(std::isnan(decoded(Dtype::f8_e4m3, 0xff)));
  CHECK(decoded(Dtype::f8_e5m2, 0x3c) == 1);
  CHECK(decoded(Dtype::f8_e5m2, 0x7b) == 57344);
  CHECK(decoded(Dtype::f8_e5m2, 0x7c) == inf);
  CHECK(std::isnan(decoded(Dtype::f8_e5m2, 0x7d)));
  CHECK(decoded(Dtype::f8_e4m3fnuz, 0x40) == 1);
  CHECK(decoded(Dtype::f8_e4m3fnuz, 0x7f) == 240);
  CHECK(decoded(Dtype::f8_e4m3fnuz, 0x01) == std::ldexp(1.0, -10));
  CHECK(std::isnan(decoded(Dtype::f8_e4m3fnuz, 0x80)));
  CHECK(decoded(Dtype::f8_e5m2fnuz, 0x40) == 1);
  CHECK(decoded(Dtype::f8_e5m2fnuz, 0x7f) == 57344);
  CHECK(decoded(Dtype::f8_e5m2fnuz, 0x01) == std::ldexp(1.0, -17));
  CHECK(std::isnan(decoded(Dtype::f8_e5m2fnuz, 0x80)));
  CHECK(decoded(Dtype::f8_e8m0, 127) == 1);
  CHECK(decoded(Dtype::f8_e8m0, 0) == std::ldexp(1.0, -127));
  CHECK(decoded(Dtype::f8_e8m0, 254) == std::ldexp(1.0, 127));
  CHECK(std::isnan(decoded(Dtype::f8_e8m0, 255)));
  CHECK(decoded(Dtype::i8, 0x80) == -128);
  CHECK(decoded(Dtype::u16, 0xffff) == 65535);
  CHECK(decoded(Dtype::i32, 0xffffffff) == -1);
}

TEST_CASE("floats round to the nearest, ties to even, at and around every midpoint") {
  for (const Dtype dtype : small_floats) {
    const std::vector<double> numbers = magnitudes(dtype);
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      const double middle = numbers[i - 1] + (numbers[i] - numbers[i - 1]) / 2;
      for (const double size : {numbers[i - 1], std::nextafter(middle, 0.0), middle, std::nextafter(middle, 1e300)}) {
        check_rounding(dtype, numbers, size);
      }
    }
    for (const double size : {numbers.back(), 2 * numbers.back(), 1e300, std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::denorm_min(), numbers[1] / 4}) {
      check_rounding(dtype, numbers, size);
    }
  }
}

TEST_CASE("random numbers round to the nearest") {
  std::mt19937_64 random(7);
  for (const Dtype dtype : small_floats) {
    const std::vector<double> numbers = magnitudes(dtype);
    std::uniform_real_distribution<double> exponent(std::log2(numbers[1]) - 3, std::log2(numbers.back()) + 2);
    for (int i = 0; i < 20000; ++i) check_rounding(dtype, numbers, std::exp2(exponent(random)));
  }
}

TEST_CASE("bf16 is what the bits of a float round to") {
  std::mt19937 random(8);
  for (int i = 0; i < 200000; ++i) {
    const auto single = static_cast<std::uint32_t>(random());
    const auto number = std::bit_cast<float>(single);
    if (std::isnan(number)) continue;
    REQUIRE(encoded(Dtype::bf16, static_cast<double>(number)) == (single + 0x7fff + (single >> 16 & 1)) >> 16);
  }
}

TEST_CASE("a wide dtype that holds all of another brings every number back") {
  for (const Dtype wide : {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16}) {
    for (const Dtype dtype : {Dtype::f16, Dtype::bf16, Dtype::f8_e4m3, Dtype::f8_e5m2, Dtype::f8_e4m3fnuz,
                              Dtype::f8_e5m2fnuz, Dtype::f8_e8m0, Dtype::u8, Dtype::i8, Dtype::u16, Dtype::i16}) {
      bool all = true;
      for (std::uint32_t i = 0; i < 1u << bits(dtype); ++i) {
        const double number = decoded(dtype, i);
        std::byte element[8];
        encode(wide, number, element);
        all = all && (std::isnan(number) || decode(wide, element) == number);
      }
      CAPTURE(name(wide));
      CAPTURE(name(dtype));
      CHECK(holds_all(wide, dtype) == all);
    }
  }
}

namespace {

/// The result's bits.
template <class From>
std::uint64_t cast_to(Dtype from, From number, Dtype to) {
  std::uint64_t bits = 0;
  cast(from, reinterpret_cast<const std::byte*>(&number), to, reinterpret_cast<std::byte*>(&bits));
  return bits;
}

}  // namespace

TEST_CASE("floats become integers towards zero, and the last one where they are beyond it") {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  struct Row {
    double number;
    std::uint64_t i8, u8, i64, u64;
  };
  for (const Row& row :
       {Row{2.75, 2, 2, 2, 2}, Row{-2.75, 0xfe, 0, -2ull, 0}, Row{-0.99, 0, 0, 0, 0}, Row{127.9, 127, 127, 127, 127},
        Row{128, 127, 128, 128, 128}, Row{-128.9, 0x80, 0, -128ull, 0}, Row{-129, 0x80, 0, -129ull, 0},
        Row{255.9, 127, 255, 255, 255}, Row{256, 127, 255, 256, 256}, Row{0x1p63, 127, 255, INT64_MAX, 1ull << 63},
        Row{-0x1p63, 0x80, 0, 1ull << 63, 0}, Row{0x1p64, 127, 255, INT64_MAX, UINT64_MAX},
        Row{inf, 127, 255, INT64_MAX, UINT64_MAX}, Row{-inf, 0x80, 0, 1ull << 63, 0}, Row{nan, 0, 0, 0, 0}}) {
    CAPTURE(row.number);
    CHECK(cast_to(Dtype::f64, row.number, Dtype::i8) == row.i8);
    CHECK(cast_to(Dtype::f64, row.number, Dtype::u8) == row.u8);
    CHECK(cast_to(Dtype::f64, row.number, Dtype::i64) == row.i64);
    CHECK(cast_to(Dtype::f64, row.number, Dtype::u64) == row.u64);
    CHECK(cast_to(Dtype::f64, row.number, Dtype::boolean) == 1);
  }
  CHECK(cast_to(Dtype::f64, -0.0, Dtype::boolean) == 0);
}

TEST_CASE("integers keep their lower bits, and are rounded once") {
  CHECK(cast_to(Dtype::i64, std::int64_t{-2}, Dtype::u8) == 0xfe);
  CHECK(cast_to(Dtype::i8, std::int8_t{-2}, Dtype::u64) == -2ull);
  CHECK(cast_to(Dtype::u8, std::uint8_t{200}, Dtype::i8) == 200);
  CHECK(cast_to(Dtype::u32, 0x80000001u, Dtype::i64) == 0x80000001);
  CHECK(cast_to(Dtype::i32, 256, Dtype::boolean) == 1);
  CHECK(cast_to(Dtype::boolean, std::uint8_t{7}, Dtype::i32) == 1);
  // Above the middle of two numbers of bfloat16 by less than float64 tells: 2^62 (1 + 2^-8) + 1.
  const std::int64_t above = (std::int64_t{1} << 62) + (std::int64_t{1} << 54) + 1;
  CHECK(cast_to(Dtype::i64, above - 1, Dtype::bf16) == 0x5e80);
  CHECK(cast_to(Dtype::i64, above, Dtype::bf16) == 0x5e81);
  CHECK(cast_to(Dtype::i64, -above, Dtype::bf16) == 0xde81);
  CHECK(cast_to(Dtype::u64, UINT64_MAX, Dtype::f32) == std::bit_cast<std::uint32_t>(0x1p64f));
}

TEST_CASE("an integer holds another if its range does, a float if it has as many digits") {
  struct Integer {
    Dtype dtype;
    int least_bits, greatest_bits;
  };
  constexpr Integer integers[] = {{Dtype::boolean, 0, 1}, {Dtype::u8, 0, 8},    {Dtype::i8, 7, 7},
                                  {Dtype::u16, 0, 16},    {Dtype::i16, 15, 15}, {Dtype::u32, 0, 32},
                                  {Dtype::i32, 31, 31},   {Dtype::u64, 0, 64},  {Dtype::i64, 63, 63}};
  constexpr std::pair<Dtype, int> digits[] = {{Dtype::f64, 53}, {Dtype::f32, 24}, {Dtype::f16, 11}, {Dtype::bf16, 8}};
  for (const Integer& held : integers) {
    CAPTURE(name(held.dtype));
    for (const Integer& wide : integers) {
      CAPTURE(name(wide.dtype));
      CHECK(holds_all(wide.dtype, held.dtype) ==
            (held.least_bits <= wide.least_bits && held.greatest_bits <= wide.greatest_bits));
    }
    for (const auto& [wide, count] : digits) {
      CAPTURE(name(wide));
      CHECK(holds_all(wide, held.dtype) == (held.greatest_bits <= count));
    }
    for (const Dtype dtype : small_floats) CHECK_FALSE(holds_all(held.dtype, dtype));
  }
}
