#include "runtime/copy/float32_elements.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "runtime/copy/simd_targets.h"
#include "runtime/dtype/element.h"
#include "runtime/dtype/float_format.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/float32_elements.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

// Each function moves whole registers, and gives how many elements those were. Subnormal numbers are made and taken
// apart by additions of normal ones, so that they survive where a program lets the processor flush them.

#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::ScalableTag<std::int32_t>;
using Floats = hn::RebindToFloat<Words>;
template <class Lane>
using Small = hn::Rebind<Lane, Words>;
using Word = hn::Vec<Words>;

constexpr std::int32_t infinity = 0x7F800000;

HWY_INLINE Word word(std::uint32_t bits) { return hn::Set(Words(), static_cast<std::int32_t>(bits)); }

HWY_INLINE Word magnitude_of(Word bits) { return hn::And(bits, word(0x7FFFFFFF)); }

/// As a processor leaves a NaN that it converts.
HWY_INLINE Word quieted(Word bits) {
  const auto nan = hn::Gt(magnitude_of(bits), word(infinity));
  return hn::Or(bits, hn::IfThenElseZero(nan, word(0x00400000)));
}

HWY_INLINE Word load_halves(const std::byte* elements) {
  const auto halves = hn::LoadU(Small<std::uint16_t>(), reinterpret_cast<const std::uint16_t*>(elements));
  return hn::PromoteTo(Words(), halves);
}

HWY_INLINE void store_floats(Word bits, std::byte* floats) {
  hn::StoreU(bits, Words(), reinterpret_cast<std::int32_t*>(floats));
}

HWY_INLINE Word load_floats(const std::byte* floats) {
  return hn::LoadU(Words(), reinterpret_cast<const std::int32_t*>(floats));
}

std::size_t quiet_float32(std::size_t count, const std::byte* elements, std::byte* floats) {
  const std::size_t lanes = hn::Lanes(Words());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store_floats(quieted(load_floats(elements + i * 4)), floats + i * 4);
  return i;
}

/// Integers of one or two bytes.
template <class Lane>
std::size_t convert_integers(std::size_t count, const std::byte* elements, std::byte* floats) {
  const std::size_t lanes = hn::Lanes(Words());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto integers = hn::LoadU(Small<Lane>(), reinterpret_cast<const Lane*>(elements + i * sizeof(Lane)));
    const auto numbers = hn::ConvertTo(Floats(), hn::PromoteTo(Words(), integers));
    store_floats(hn::BitCast(Words(), numbers), floats + i * 4);
  }
  return i;
}

std::size_t narrow_f64(std::size_t count, const std::byte* elements, std::byte* floats) {
  const hn::ScalableTag<double> doubles;
  const hn::Rebind<float, decltype(doubles)> singles;
  const std::size_t lanes = hn::Lanes(doubles);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto numbers = hn::LoadU(doubles, reinterpret_cast<const double*>(elements + i * 8));
    hn::StoreU(hn::DemoteTo(singles, numbers), singles, reinterpret_cast<float*>(floats + i * 4));
  }
  return i;
}

std::size_t widen_to_f64(std::size_t count, const std::byte* floats, std::byte* elements) {
  const hn::ScalableTag<double> doubles;
  const hn::Rebind<float, decltype(doubles)> singles;
  const std::size_t lanes = hn::Lanes(doubles);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto numbers = hn::LoadU(singles, reinterpret_cast<const float*>(floats + i * 4));
    hn::StoreU(hn::PromoteTo(doubles, numbers), doubles, reinterpret_cast<double*>(elements + i * 8));
  }
  return i;
}

std::size_t widen_bf16(std::size_t count, const std::byte* elements, std::byte* floats) {
  const std::size_t lanes = hn::Lanes(Words());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store_floats(hn::ShiftLeft<16>(load_halves(elements + i * 2)), floats + i * 4);
  }
  return i;
}

std::size_t widen_f16(std::size_t count, const std::byte* elements, std::byte* floats) {
  const std::size_t lanes = hn::Lanes(Words());
  const Word least_normal = word(113U << 23U);  // 2^-14
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Word half = load_halves(elements + i * 2);
    const Word magnitude = hn::And(half, word(0x7FFF));
    const Word sign = hn::ShiftLeft<16>(hn::And(half, word(0x8000)));
    const Word shifted = hn::ShiftLeft<13>(magnitude);
    const Word normal = hn::Add(shifted, word(112U << 23U));
    // m 2^-24 = (2^-14 + m 2^-24) - 2^-14.
    const auto raised = hn::BitCast(Floats(), hn::Add(shifted, least_normal));
    const Word subnormal = hn::BitCast(Words(), hn::Sub(raised, hn::BitCast(Floats(), least_normal)));
    Word bits = hn::IfThenElse(hn::Lt(magnitude, word(0x0400)), subnormal, normal);
    bits = hn::IfThenElse(hn::Gt(magnitude, word(0x7BFF)), word(infinity), bits);
    bits = hn::IfThenElse(hn::Gt(magnitude, word(0x7C00)), hn::Or(shifted, word(0x7FC00000)), bits);
    store_floats(hn::Or(bits, sign), floats + i * 4);
  }
  return i;
}

std::size_t narrow_to_bf16(std::size_t count, const std::byte* floats, std::byte* elements) {
  const std::size_t lanes = hn::Lanes(Words());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Word bits = load_floats(floats + i * 4);
    const Word upper = hn::ShiftRight<16>(bits);
    const Word odd = hn::And(upper, word(1));
    // Half a unit, less the smallest part of one unless the unit is odd: ties go to even.
    const Word rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, word(0x7FFF))));
    const Word half = hn::IfThenElse(hn::Gt(magnitude_of(bits), word(infinity)), word(0x7FC0), rounded);
    hn::StoreU(hn::DemoteTo(Small<std::uint16_t>(), hn::And(half, word(0xFFFF))), Small<std::uint16_t>(),
               reinterpret_cast<std::uint16_t*>(elements + i * 2));
  }
  return i;
}

/// The general case: `Lane` is as large as an element. A mantissa that rounds up to the next power of two carries into
/// the exponent by itself.
template <class Lane>
std::size_t narrow_to(const FloatFormat& format, std::size_t count, const std::byte* floats, std::byte* elements) {
  const std::size_t lanes = hn::Lanes(Words());
  const int dropped = 23 - format.mantissa_bits;
  const Word exponents_apart = word(static_cast<std::uint32_t>(127 - format.bias) << 23U);
  const Word least_normal = word(static_cast<std::uint32_t>(128 - format.bias) << 23U);
  const Word below_half = word((1U << (dropped - 1)) - 1);
  // A number whose last place is that of the format's subnormals.
  const Word raise = word(static_cast<std::uint32_t>(151 - format.bias - format.mantissa_bits) << 23U);
  const Word beyond = word(format.first_beyond());
  const Word nan_bits = word(format.nan_bits());
  const Word too_large = format.special == FloatFormat::Special::ieee ? beyond : nan_bits;
  const Word payload = word(format.nan_has_payload() ? (1U << format.mantissa_bits) - 1 : 0);
  const bool has_minus_zero = format.special != FloatFormat::Special::nan_is_m0;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Word bits = load_floats(floats + i * 4);
    const Word size = magnitude_of(bits);
    const Word rebiased = hn::Sub(size, exponents_apart);
    const Word odd = hn::And(hn::ShiftRightSame(rebiased, dropped), word(1));
    const Word normal = hn::ShiftRightSame(hn::Add(rebiased, hn::Add(odd, below_half)), dropped);
    const auto raised = hn::Add(hn::BitCast(Floats(), size), hn::BitCast(Floats(), raise));
    const Word subnormal = hn::Sub(hn::BitCast(Words(), raised), raise);
    Word magnitude = hn::IfThenElse(hn::Lt(size, least_normal), subnormal, normal);
    magnitude = hn::IfThenElse(hn::Lt(magnitude, beyond), magnitude, too_large);
    const Word nan = hn::Or(nan_bits, hn::And(hn::ShiftRightSame(size, dropped), payload));
    magnitude = hn::IfThenElse(hn::Gt(size, word(infinity)), nan, magnitude);
    const Word negative = hn::And(hn::BroadcastSignBit(bits), word(1U << format.sign_at()));
    const Word zero = hn::Zero(Words());
    const Word sign = has_minus_zero ? negative : hn::IfThenElse(hn::Eq(magnitude, zero), zero, negative);
    hn::StoreU(hn::DemoteTo(Small<Lane>(), hn::Or(magnitude, sign)), Small<Lane>(),
               reinterpret_cast<Lane*>(elements + i * sizeof(Lane)));
  }
  return i;
}
#endif  // HWY_TARGET != HWY_SCALAR

std::size_t to_float32_here([[maybe_unused]] Dtype dtype, [[maybe_unused]] std::size_t count,
                            [[maybe_unused]] const std::byte* elements, [[maybe_unused]] std::byte* floats) {
#if HWY_TARGET != HWY_SCALAR
  switch (dtype) {
    case Dtype::f64:
      return narrow_f64(count, elements, floats);
    case Dtype::f32:
      return quiet_float32(count, elements, floats);
    case Dtype::bf16:
      return widen_bf16(count, elements, floats);
    case Dtype::f16:
      return widen_f16(count, elements, floats);
    case Dtype::u16:
      return convert_integers<std::uint16_t>(count, elements, floats);
    case Dtype::i16:
      return convert_integers<std::int16_t>(count, elements, floats);
    case Dtype::u8:
      return convert_integers<std::uint8_t>(count, elements, floats);
    case Dtype::i8:
      return convert_integers<std::int8_t>(count, elements, floats);
    default:
      return 0;
  }
#else
  return 0;
#endif
}

std::size_t from_float32_here([[maybe_unused]] Dtype dtype, [[maybe_unused]] std::size_t count,
                              [[maybe_unused]] const std::byte* floats, [[maybe_unused]] std::byte* elements) {
#if HWY_TARGET != HWY_SCALAR
  if (dtype == Dtype::f64) return widen_to_f64(count, floats, elements);
  if (dtype == Dtype::f32) return quiet_float32(count, floats, elements);
  if (dtype == Dtype::bf16) return narrow_to_bf16(count, floats, elements);
  if (dtype == Dtype::f16) return narrow_to<std::uint16_t>(float_format(dtype), count, floats, elements);
  return narrow_to<std::uint8_t>(float_format(dtype), count, floats, elements);
#else
  return 0;
#endif
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {
namespace {

HWY_EXPORT(to_float32_here);
HWY_EXPORT(from_float32_here);

float decode_one(Dtype dtype, const std::byte* element) {
  float number = 0;
  cast(dtype, element, Dtype::f32, reinterpret_cast<std::byte*>(&number));
  return number;
}

using ByteNumbers = std::array<float, 256>;

/// The numbers of a float of one byte.
template <Dtype dtype>
const ByteNumbers& byte_numbers() {
  static const ByteNumbers numbers = [] {
    ByteNumbers made{};
    for (std::size_t i = 0; i < made.size(); ++i) {
      const auto element = static_cast<std::byte>(i);
      made[i] = decode_one(dtype, &element);
    }
    return made;
  }();
  return numbers;
}

const ByteNumbers& byte_numbers(Dtype dtype) {
  switch (dtype) {
    case Dtype::f8_e4m3:
      return byte_numbers<Dtype::f8_e4m3>();
    case Dtype::f8_e5m2:
      return byte_numbers<Dtype::f8_e5m2>();
    case Dtype::f8_e4m3fnuz:
      return byte_numbers<Dtype::f8_e4m3fnuz>();
    case Dtype::f8_e5m2fnuz:
      return byte_numbers<Dtype::f8_e5m2fnuz>();
    default:
      return byte_numbers<Dtype::f8_e8m0>();
  }
}

void look_up(const ByteNumbers& numbers, std::size_t count, const std::byte* elements, std::byte* floats) {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(floats + i * sizeof(float), &numbers[std::to_integer<std::size_t>(elements[i])], sizeof(float));
  }
}

}  // namespace

void to_float32(Dtype dtype, std::size_t count, const std::byte* elements, std::byte* floats) {
  const std::size_t size = bits(dtype) / 8;
  const bool integer = dtype == Dtype::u8 || dtype == Dtype::i8;
  if (size == 1 && !integer) return look_up(byte_numbers(dtype), count, elements, floats);
  for (std::size_t i = HWY_DYNAMIC_DISPATCH(to_float32_here)(dtype, count, elements, floats); i < count; ++i) {
    const float number = decode_one(dtype, elements + i * size);
    std::memcpy(floats + i * sizeof(number), &number, sizeof(number));
  }
}

void from_float32(Dtype dtype, std::size_t count, const std::byte* floats, std::byte* elements) {
  const std::size_t size = bits(dtype) / 8;
  for (std::size_t i = HWY_DYNAMIC_DISPATCH(from_float32_here)(dtype, count, floats, elements); i < count; ++i) {
    float number = 0;
    std::memcpy(&number, floats + i * sizeof(number), sizeof(number));
    encode(dtype, static_cast<double>(number), elements + i * size);
  }
}

}  // namespace omap
#endif
