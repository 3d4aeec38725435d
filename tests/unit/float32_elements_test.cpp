#include "runtime/copy/float32_elements.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/dtype/element.h"
#include "tests/unit/simd_target.h"

namespace omap {
namespace {

constexpr Dtype small_dtypes[] = {Dtype::f16,         Dtype::bf16,        Dtype::f8_e4m3, Dtype::f8_e5m2,
                                  Dtype::f8_e4m3fnuz, Dtype::f8_e5m2fnuz, Dtype::f8_e8m0, Dtype::u8,
                                  Dtype::i8,          Dtype::u16,         Dtype::i16};

/// Every element of a dtype of one or two bytes, one behind another.
std::vector<std::byte> all_elements(Dtype dtype) {
  const std::size_t size = bits(dtype) / 8;
  std::vector<std::byte> elements((std::size_t{1} << bits(dtype)) * size);
  for (std::size_t i = 0; i < elements.size() / size; ++i) std::memcpy(&elements[i * size], &i, size);
  return elements;
}

/// Floats of every sign, exponent and upper mantissa, with lower parts that lie on, and beside, what is halfway between
/// two numbers of a format with fewer bits.
std::vector<float> all_kinds_of_floats() {
  std::vector<float> floats;
  for (std::uint32_t upper = 0; upper < 1U << 16U; ++upper) {
    for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x0FFFU, 0x1000U, 0x1001U, 0x2FFFU, 0x3000U, 0x7FFFU, 0x8000U,
                                      0x8001U, 0xEFFFU, 0xF000U, 0xFFFFU}) {
      floats.push_back(std::bit_cast<float>(upper << 16U | lower));
    }
  }
  return floats;
}

/// Bytes at an odd address, of exactly this size: a sanitizer sees a byte too far.
struct Unaligned {
  std::vector<std::byte> storage;
  explicit Unaligned(std::span<const std::byte> bytes) : storage(1 + bytes.size()) {
    std::ranges::copy(bytes, storage.begin() + 1);
  }
  explicit Unaligned(std::size_t size) : storage(1 + size) {}
  std::byte* data() { return &storage[0] + 1; }
};

void check_to_float32(Dtype dtype, std::span<const std::byte> elements) {
  const std::size_t size = bits(dtype) / 8, count = elements.size() / size;
  Unaligned source(elements), made(count * sizeof(float));
  to_float32(dtype, count, source.data(), made.data());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    float wanted = 0;
    cast(dtype, &elements[i * size], Dtype::f32, reinterpret_cast<std::byte*>(&wanted));
    if (std::memcmp(made.data() + i * sizeof(float), &wanted, sizeof(float)) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

void check_from_float32(Dtype dtype, std::span<const float> floats) {
  const std::size_t size = bits(dtype) / 8;
  Unaligned source(std::as_bytes(floats)), made(floats.size() * size);
  from_float32(dtype, floats.size(), source.data(), made.data());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < floats.size(); ++i) {
    std::byte wanted[sizeof(double)];
    encode(dtype, static_cast<double>(floats[i]), wanted);
    if (std::memcmp(made.data() + i * size, wanted, size) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("to_float32 gives what a cast gives of every element") {
  for_each_simd_target([] {
    for (const Dtype dtype : small_dtypes) {
      CAPTURE(name(dtype));
      check_to_float32(dtype, all_elements(dtype));
    }
    const std::vector<float> floats = all_kinds_of_floats();
    check_to_float32(Dtype::f32, std::as_bytes(std::span(floats)));
    // What lies between two floats, and beyond them.
    std::vector<double> doubles;
    for (const float number : floats) doubles.push_back(static_cast<double>(number) * (1 + 0x1p-24) * 2);
    check_to_float32(Dtype::f64, std::as_bytes(std::span(doubles)));
  });
}

TEST_CASE("from_float32 gives what encode gives, ties and NaNs included") {
  const std::vector<float> floats = all_kinds_of_floats();
  for_each_simd_target([&] {
    for (const Dtype dtype : small_dtypes) {
      CAPTURE(name(dtype));
      if (can_encode(dtype)) check_from_float32(dtype, floats);
    }
    check_from_float32(Dtype::f32, floats);
    check_from_float32(Dtype::f64, floats);
  });
}

TEST_CASE("any number of elements is converted, and no byte behind them") {
  const std::vector<float> floats = {0.1F, -2.5F, 65504, 65520, 1e-8F, 3e38F, -0.0F};
  for_each_simd_target([&] {
    for (std::size_t count = 0; count < 70; ++count) {
      std::vector<float> some(count);
      for (std::size_t i = 0; i < count; ++i) some[i] = floats[i % floats.size()];
      CAPTURE(count);
      check_from_float32(Dtype::bf16, some);
      check_from_float32(Dtype::f16, some);
      check_from_float32(Dtype::f8_e4m3, some);
      const std::vector<std::byte> halves = all_elements(Dtype::f16);
      check_to_float32(Dtype::f16, std::span(halves).subspan(2048, count * 2));
      check_to_float32(Dtype::bf16, std::span(halves).subspan(2048, count * 2));
    }
  });
}

}  // namespace
}  // namespace omap
