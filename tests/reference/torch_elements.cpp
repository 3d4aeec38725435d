#include "tests/reference/torch_elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace omap::test {
namespace {

at::ScalarType type_of_size(unsigned bits) {
  return bits == 8 ? at::kByte : bits == 16 ? at::kShort : bits == 32 ? at::kInt : at::kLong;
}

at::Tensor zero_extended(const at::Tensor& bits, unsigned size) {
  const at::Tensor wide = bits.to(at::kLong);
  return size == 64 ? wide : wide.bitwise_and(at::Scalar((std::int64_t{1} << size) - 1));
}

at::Tensor reinterpreted(const at::Tensor& bits, at::ScalarType integer, at::ScalarType wanted) {
  return bits.to(integer).contiguous().view(wanted);
}

/// The 8-bit floats of the OCP's "8-bit Floating Point" (E4M3 has one NaN of each sign and no infinity), and those of
/// Noune et al. 2022 (`fnuz`: the bias is one more, and the pattern of -0 is the only NaN).
struct SmallFloat {
  int exponent_bits, mantissa_bits, bias;
  bool infinity, unsigned_zero;
};

SmallFloat small_float(Dtype dtype) {
  switch (dtype) {
    case Dtype::f8_e4m3:
      return {4, 3, 7, false, false};
    case Dtype::f8_e4m3fnuz:
      return {4, 3, 8, false, true};
    case Dtype::f8_e5m2fnuz:
      return {5, 2, 16, false, true};
    default:
      return {5, 2, 15, true, false};
  }
}

/// sign * 1.mantissa * 2^(exponent - bias), without the 1 where the exponent is 0, which counts as 1.
double small_number(Dtype dtype, int pattern) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (dtype == Dtype::f8_e8m0) return pattern == 255 ? nan : std::pow(2.0, pattern - 127);
  const SmallFloat format = small_float(dtype);
  const int mantissas = 1 << format.mantissa_bits, exponents = 1 << format.exponent_bits;
  const int mantissa = pattern % mantissas, exponent = pattern / mantissas % exponents;
  const double sign = pattern < 128 ? 1 : -1;
  if (format.unsigned_zero && pattern == 128) return nan;
  if (format.infinity && exponent == exponents - 1)
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : nan;
  if (!format.infinity && !format.unsigned_zero && pattern % 128 == 127) return nan;
  const double fraction = static_cast<double>(mantissa) / mantissas + (exponent == 0 ? 0 : 1);
  return sign * fraction * std::pow(2.0, std::max(exponent, 1) - format.bias);
}

/// The numbers of all patterns of an 8-bit float.
at::Tensor small_numbers(Dtype dtype) {
  std::vector<double> numbers;
  for (int pattern = 0; pattern < 256; ++pattern) numbers.push_back(small_number(dtype, pattern));
  return at::tensor(numbers, at::kDouble);
}

/// The finite numbers of a dtype of at most 16 bits that are not negative, in order, which is that of their patterns.
std::vector<double> finite_numbers(Dtype dtype) {
  const std::int64_t patterns = std::int64_t{1} << (bits(dtype) - 1);
  const at::Tensor numbers = numbers_of(at::arange(patterns, at::kLong), dtype).contiguous();
  const double* first = numbers.data_ptr<double>();
  std::vector<double> finite(first, first + patterns);
  finite.erase(std::find_if(finite.begin(), finite.end(), [](double x) { return !std::isfinite(x); }), finite.end());
  return finite;
}

/// By dtype: tables are made once.
const std::vector<double>& finite_table(Dtype dtype) {
  static std::map<Dtype, std::vector<double>> tables;
  auto& table = tables[dtype];
  if (table.empty()) table = finite_numbers(dtype);
  return table;
}

/// A long double holds every integer of 64 bits.
std::int64_t nearest_pattern(long double number, Dtype dtype) {
  const std::vector<double>& finite = finite_table(dtype);
  const auto beyond = static_cast<std::int64_t>(finite.size());
  const std::int64_t sign = std::int64_t{1} << (bits(dtype) - 1);
  const bool unsigned_zero = dtype == Dtype::f8_e4m3fnuz || dtype == Dtype::f8_e5m2fnuz;
  // The pattern after the last finite one is infinity, or NaN where there is none; of `fnuz` it is that of -0.
  if (std::isnan(number))
    return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f8_e5m2 ? beyond + 1 : beyond;
  const long double size = std::fabs(number);
  std::int64_t pattern = std::upper_bound(finite.begin(), finite.end(), size) - finite.begin() - 1;
  const auto value = [&](std::int64_t p) {
    // As if exponents went on: the next number is as far as the one before.
    return p < beyond ? finite[static_cast<std::size_t>(p)] : 2 * finite.back() - finite[finite.size() - 2];
  };
  const double middle = (value(pattern) + value(pattern + 1)) / 2;
  if (pattern < beyond && (size > middle || (size == middle && pattern % 2 == 1))) ++pattern;
  if (unsigned_zero && (pattern == 0 || pattern == beyond)) return pattern;
  return std::signbit(number) ? pattern | sign : pattern;
}

at::Tensor nearest_patterns(const at::Tensor& numbers, Dtype dtype) {
  const at::Tensor wide = numbers.to(at::kDouble).contiguous();
  at::Tensor patterns = at::empty(wide.sizes(), at::kLong);
  const double* from = wide.data_ptr<double>();
  std::int64_t* to = patterns.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < wide.numel(); ++i) to[i] = nearest_pattern(from[i], dtype);
  return patterns;
}

bool is_unsigned(Dtype integer) {
  return integer == Dtype::boolean || integer == Dtype::u8 || integer == Dtype::u16 || integer == Dtype::u32 ||
         integer == Dtype::u64;
}

/// What a pattern means: of 64 bits, those of a signed integer extended by its sign.
long double integer_number(std::int64_t pattern, Dtype dtype) {
  if (dtype == Dtype::boolean) return pattern != 0 ? 1 : 0;
  if (dtype == Dtype::u64) return static_cast<long double>(static_cast<std::uint64_t>(pattern));
  const unsigned above = 64 - bits(dtype);
  const std::int64_t extended = static_cast<std::int64_t>(static_cast<std::uint64_t>(pattern) << above) >> above;
  return static_cast<long double>(is_unsigned(dtype) ? pattern : extended);
}

std::int64_t pattern_of(long double number, Dtype dtype) {
  if (dtype == Dtype::f64) {
    const auto rounded = static_cast<double>(number);
    std::int64_t pattern = 0;
    std::memcpy(&pattern, &rounded, sizeof(rounded));
    return pattern;
  }
  if (dtype == Dtype::f32) {
    const auto rounded = static_cast<float>(number);
    std::uint32_t pattern = 0;
    std::memcpy(&pattern, &rounded, sizeof(rounded));
    return pattern;
  }
  return nearest_pattern(number, dtype);
}

std::int64_t truncated_pattern(long double number, Dtype integer) {
  if (std::isnan(number)) return 0;
  const int size = static_cast<int>(bits(integer));
  const long double least = is_unsigned(integer) ? 0 : -std::ldexp(1.0L, size - 1);
  const long double greatest = std::ldexp(1.0L, is_unsigned(integer) ? size : size - 1) - 1;
  const long double held = std::clamp(std::trunc(number), least, greatest);
  const auto pattern =
      held < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(held)) : static_cast<std::uint64_t>(held);
  return static_cast<std::int64_t>(size == 64 ? pattern : pattern & ((std::uint64_t{1} << size) - 1));
}

}  // namespace

at::Tensor bits_of(const Tensor& tensor) {
  at::Tensor raw = at::empty(tensor.shape, type_of_size(bits(tensor.dtype)));
  if (!tensor.bytes.empty()) std::memcpy(raw.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return zero_extended(raw, bits(tensor.dtype));
}

Tensor tensor_of(const at::Tensor& bits, Dtype dtype) {
  const at::Tensor dense = bits.to(type_of_size(omap::bits(dtype))).contiguous();
  Tensor made{dtype, dense.sizes().vec(), std::vector<std::byte>(dense.nbytes())};
  if (!made.bytes.empty()) std::memcpy(made.bytes.data(), dense.data_ptr(), made.bytes.size());
  return made;
}

bool is_integer_type(Dtype dtype) {
  return is_unsigned(dtype) || dtype == Dtype::i8 || dtype == Dtype::i16 || dtype == Dtype::i32 || dtype == Dtype::i64;
}

bool is_signed_float(Dtype dtype) {
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

bool is_number(Dtype dtype) {
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
      return is_signed_float(dtype);
  }
}

at::Tensor numbers_of(const at::Tensor& bits, Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return reinterpreted(bits, at::kLong, at::kDouble);
    case Dtype::f32:
      return reinterpreted(bits, at::kInt, at::kFloat).to(at::kDouble);
    case Dtype::f16:
      return reinterpreted(bits, at::kShort, at::kHalf).to(at::kDouble);
    case Dtype::bf16:
      return reinterpreted(bits, at::kShort, at::kBFloat16).to(at::kDouble);
    case Dtype::i8:
      return bits.to(at::kChar).to(at::kDouble);
    case Dtype::i16:
      return bits.to(at::kShort).to(at::kDouble);
    case Dtype::i32:
      return bits.to(at::kInt).to(at::kDouble);
    case Dtype::u8:
    case Dtype::u16:
    case Dtype::u32:
      return bits.to(at::kDouble);
    default:
      return at::take(small_numbers(dtype), bits);
  }
}

at::Tensor rounded_to(const at::Tensor& numbers, Dtype dtype) {
  if (dtype == Dtype::f64) return numbers.to(at::kDouble).contiguous().view(at::kLong);
  if (dtype == Dtype::f32) return zero_extended(numbers.to(at::kFloat).contiguous().view(at::kInt), 32);
  const bool half = dtype == Dtype::f16 || dtype == Dtype::bf16;
  if (half && numbers.scalar_type() == at::kFloat) {
    const at::ScalarType type = dtype == Dtype::f16 ? at::kHalf : at::kBFloat16;
    return zero_extended(numbers.to(type).contiguous().view(at::kShort), 16);
  }
  // From float64 LibTorch rounds twice, by way of float32; and it has no floats of 8 bits.
  return nearest_patterns(numbers, dtype);
}

at::Tensor cast_integers_of(const at::Tensor& bits, Dtype from, Dtype to) {
  const at::Tensor patterns = bits.contiguous();
  const at::Tensor numbers = is_integer_type(from) ? patterns : numbers_of(patterns, from).contiguous();
  if (to == Dtype::boolean) return (from == Dtype::boolean ? patterns : numbers).ne(0).to(at::kLong);
  at::Tensor made = at::empty(patterns.sizes(), at::kLong);
  std::int64_t* const out = made.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < patterns.numel(); ++i) {
    const std::int64_t pattern = patterns.data_ptr<std::int64_t>()[i];
    if (is_integer_type(to) && is_integer_type(from)) {
      const auto extended = integer_number(pattern, from);
      out[i] = from == Dtype::u64 ? pattern : static_cast<std::int64_t>(extended);
    } else if (is_integer_type(to)) {
      out[i] = truncated_pattern(static_cast<long double>(numbers.data_ptr<double>()[i]), to);
    } else {
      out[i] = pattern_of(integer_number(pattern, from), to);
    }
  }
  return zero_extended(made, omap::bits(to));
}

}  // namespace omap::test
