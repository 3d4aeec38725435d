#include "runtime/dtype/element.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "runtime/dtype/float_format.h"
#include "runtime/dtype/integer.h"

namespace omap {
namespace {

template <class Number>
Number load(const std::byte* element) {
  Number number;
  std::memcpy(&number, element, sizeof(number));
  return number;
}

constexpr int double_mantissa_bits = 52;

/// A quiet NaN, with its upper payload in a double's mantissa.
double nan_of(bool negative, std::uint64_t payload) {
  constexpr auto quiet = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<double>(quiet | payload | (negative ? std::uint64_t{1} << 63 : 0));
}

double decode(const FloatFormat& format, std::uint32_t bits) {
  const int sign_at = format.sign_at();
  const bool negative = (bits >> sign_at & 1) != 0;
  const std::uint32_t greatest = (1u << format.exponent_bits) - 1;
  const std::uint32_t exponent = bits >> format.mantissa_bits & greatest;
  const std::uint32_t mantissa = bits & ((1u << format.mantissa_bits) - 1);
  const std::uint32_t magnitude = bits & ((1u << sign_at) - 1);
  const double nan = nan_of(negative, std::uint64_t{mantissa} << (double_mantissa_bits - format.mantissa_bits));
  if (format.special == FloatFormat::Special::ieee && exponent == greatest) {
    if (mantissa != 0) return nan;
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (format.special == FloatFormat::Special::only_nan && magnitude == (1u << sign_at) - 1) return nan;
  if (format.special == FloatFormat::Special::nan_is_m0 && negative && magnitude == 0) return nan_of(false, 0);
  // Without an exponent the leading 1 is missing, and the exponent is that of 1.
  const std::uint32_t significand = exponent == 0 ? mantissa : mantissa | 1u << format.mantissa_bits;
  const int scale = static_cast<int>(exponent == 0 ? 1 : exponent) - format.bias - format.mantissa_bits;
  const double number = std::ldexp(static_cast<double>(significand), scale);
  return negative ? -number : number;
}

/// That of a NaN, or of a number too large for a format without infinity.
std::uint32_t nan_bits(const FloatFormat& format, double number) {
  const std::uint32_t sign = std::signbit(number) && format.nan_has_sign() ? 1u << format.sign_at() : 0;
  const std::uint64_t payload =
      format.nan_has_payload() ? std::bit_cast<std::uint64_t>(number) >> (double_mantissa_bits - format.mantissa_bits)
                               : 0;
  return sign | format.nan_bits() | (static_cast<std::uint32_t>(payload) & ((1u << format.mantissa_bits) - 1));
}

std::uint32_t encode(const FloatFormat& format, double number) {
  if (std::isnan(number)) return nan_bits(format, number);
  const int sign_at = format.sign_at();
  const std::uint32_t sign = std::signbit(number) ? 1u << sign_at : 0;
  const double size = std::fabs(number);
  std::uint32_t magnitude = format.first_beyond();
  if (size < std::ldexp(1.0, (1 << format.exponent_bits) - format.bias)) {
    // Count in units of the last place: with exponent e, mantissa_bits below it; subnormals share the smallest e.
    int exponent = 0;
    std::frexp(size, &exponent);
    const int least = 1 - format.bias;
    const int e = exponent - 1 < least || size == 0 ? least : exponent - 1;
    const double units = std::nearbyint(std::ldexp(size, format.mantissa_bits - e));
    // A mantissa that rounds up to the next power of two carries into the exponent by itself.
    magnitude = static_cast<std::uint32_t>(units) + (static_cast<std::uint32_t>(e - least) << format.mantissa_bits);
  }
  if (magnitude >= format.first_beyond()) {
    if (format.special != FloatFormat::Special::ieee) return nan_bits(format, number);
    magnitude = format.first_beyond();
  }
  if (magnitude == 0 && format.special == FloatFormat::Special::nan_is_m0) return 0;
  return sign | magnitude;
}

/// An integer's bits, extended to 64: those of a signed one by its sign.
std::uint64_t load_integer(Dtype dtype, const std::byte* element) {
  switch (dtype) {
    case Dtype::boolean:
      return load<std::uint8_t>(element) != 0 ? 1 : 0;
    case Dtype::u8:
      return load<std::uint8_t>(element);
    case Dtype::i8:
      return static_cast<std::uint64_t>(load<std::int8_t>(element));
    case Dtype::u16:
      return load<std::uint16_t>(element);
    case Dtype::i16:
      return static_cast<std::uint64_t>(load<std::int16_t>(element));
    case Dtype::u32:
      return load<std::uint32_t>(element);
    case Dtype::i32:
      return static_cast<std::uint64_t>(load<std::int32_t>(element));
    default:
      return load<std::uint64_t>(element);
  }
}

std::uint64_t truncated_to(Dtype dtype, double number) {
  switch (dtype) {
    case Dtype::boolean:
      return number != 0 ? 1 : 0;
    case Dtype::u8:
      return truncated<std::uint8_t>(number);
    case Dtype::i8:
      return static_cast<std::uint64_t>(truncated<std::int8_t>(number));
    case Dtype::u16:
      return truncated<std::uint16_t>(number);
    case Dtype::i16:
      return static_cast<std::uint64_t>(truncated<std::int16_t>(number));
    case Dtype::u32:
      return truncated<std::uint32_t>(number);
    case Dtype::i32:
      return static_cast<std::uint64_t>(truncated<std::int32_t>(number));
    case Dtype::i64:
      return static_cast<std::uint64_t>(truncated<std::int64_t>(number));
    default:
      return truncated<std::uint64_t>(number);
  }
}

bool is_signed(Dtype integer) {
  return integer == Dtype::i8 || integer == Dtype::i16 || integer == Dtype::i32 || integer == Dtype::i64;
}

/// The number that a float of dtype `to` is rounded from.
double number_of_integer(Dtype dtype, std::uint64_t bits, Dtype to) {
  const bool negative = is_signed(dtype) && bits >> 63 != 0;
  if (to == Dtype::f64)
    return negative ? static_cast<double>(std::bit_cast<std::int64_t>(bits)) : static_cast<double>(bits);
  return negative ? -rounded_to_odd(-bits) : rounded_to_odd(bits);
}

}  // namespace

bool is_integer(Dtype dtype) {
  switch (dtype) {
    case Dtype::boolean:
    case Dtype::u8:
    case Dtype::u16:
    case Dtype::u32:
    case Dtype::u64:
      return true;
    default:
      return is_signed(dtype);
  }
}

bool can_cast(Dtype from, Dtype to) {
  return (is_integer(from) || can_decode(from)) && (is_integer(to) || can_encode(to));
}

bool can_encode(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
    case Dtype::f32:
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::f8_e4m3:
    case Dtype::f8_e5m2:
    case Dtype::f8_e4m3fnuz:
    case Dtype::f8_e5m2fnuz:
      return true;
    default:
      return false;
  }
}

bool can_decode(Dtype dtype) {
  switch (dtype) {
    case Dtype::f8_e8m0:
    case Dtype::u8:
    case Dtype::i8:
    case Dtype::u16:
    case Dtype::i16:
    case Dtype::u32:
    case Dtype::i32:
      return true;
    default:
      return can_encode(dtype);
  }
}

bool holds_all(Dtype wide, Dtype dtype) {
  if (wide == dtype) return true;
  if (is_integer(wide)) {
    if (dtype == Dtype::boolean) return true;
    if (!is_integer(dtype) || wide == Dtype::boolean) return false;
    return is_signed(wide) == is_signed(dtype) ? bits(wide) > bits(dtype) : is_signed(wide) && bits(wide) > bits(dtype);
  }
  if (dtype == Dtype::boolean) return can_encode(wide);
  if (wide == Dtype::f64) return dtype != Dtype::i64 && dtype != Dtype::u64;
  const auto small = [](Dtype d) { return bits(d) == 8 || bits(d) == 16; };
  // f32 has the exponents of bf16 and E8M0 and the mantissas of f16 and 16-bit integers.
  if (wide == Dtype::f32) return small(dtype);
  const bool eight_bit_float = can_encode(dtype) && bits(dtype) == 8;
  if (wide == Dtype::f16) return eight_bit_float || dtype == Dtype::u8 || dtype == Dtype::i8;
  if (wide == Dtype::bf16)
    return eight_bit_float || dtype == Dtype::f8_e8m0 || dtype == Dtype::u8 || dtype == Dtype::i8;
  return false;
}

bool needs_double(Dtype dtype) { return dtype == Dtype::f64 || dtype == Dtype::i32 || dtype == Dtype::u32; }

double decode(Dtype dtype, const std::byte* element) {
  switch (dtype) {
    case Dtype::f64:
      return load<double>(element);
    case Dtype::f32:
      return static_cast<double>(load<float>(element));
    case Dtype::u8:
      return load<std::uint8_t>(element);
    case Dtype::i8:
      return load<std::int8_t>(element);
    case Dtype::u16:
      return load<std::uint16_t>(element);
    case Dtype::i16:
      return load<std::int16_t>(element);
    case Dtype::u32:
      return load<std::uint32_t>(element);
    case Dtype::i32:
      return load<std::int32_t>(element);
    case Dtype::bf16:
      return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(element)} << 16));
    case Dtype::f16:
      return decode(float_format(dtype), load<std::uint16_t>(element));
    case Dtype::f8_e8m0: {
      const int exponent = load<std::uint8_t>(element);
      return exponent == 255 ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, exponent - 127);
    }
    default:
      return decode(float_format(dtype), load<std::uint8_t>(element));
  }
}

void encode(Dtype dtype, double number, std::byte* element) {
  if (dtype == Dtype::f64) {
    std::memcpy(element, &number, sizeof(number));
  } else if (dtype == Dtype::f32) {
    const auto single = static_cast<float>(number);
    std::memcpy(element, &single, sizeof(single));
  } else if (dtype == Dtype::f16 || dtype == Dtype::bf16) {
    const auto half = static_cast<std::uint16_t>(encode(float_format(dtype), number));
    std::memcpy(element, &half, sizeof(half));
  } else {
    *element = static_cast<std::byte>(encode(float_format(dtype), number));
  }
}

void cast(Dtype from, const std::byte* element, Dtype to, std::byte* out) {
  if (from == Dtype::bf16 && to == Dtype::f32) {
    const std::uint32_t single = std::uint32_t{load<std::uint16_t>(element)} << 16;
    std::memcpy(out, &single, sizeof(single));
  } else if (is_integer(to)) {
    std::uint64_t made = is_integer(from) ? load_integer(from, element) : truncated_to(to, decode(from, element));
    if (to == Dtype::boolean) made = made != 0 ? 1 : 0;
    std::memcpy(out, &made, bits(to) / 8);
  } else if (is_integer(from)) {
    encode(to, number_of_integer(from, load_integer(from, element), to), out);
  } else {
    encode(to, decode(from, element), out);
  }
}

}  // namespace omap
