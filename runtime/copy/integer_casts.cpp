#include "runtime/copy/integer_casts.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "runtime/copy/float32_elements.h"
#include "runtime/dtype/element.h"
#include "runtime/dtype/integer.h"

namespace omap {
namespace {

/// Calls `with` with a value of the type that a dtype's elements are; whether there is one.
template <class With>
bool with_type_of(Dtype dtype, const With& with) {
  switch (dtype) {
    case Dtype::boolean:
      return with(bool{}), true;
    case Dtype::u8:
      return with(std::uint8_t{}), true;
    case Dtype::i8:
      return with(std::int8_t{}), true;
    case Dtype::u16:
      return with(std::uint16_t{}), true;
    case Dtype::i16:
      return with(std::int16_t{}), true;
    case Dtype::u32:
      return with(std::uint32_t{}), true;
    case Dtype::i32:
      return with(std::int32_t{}), true;
    case Dtype::u64:
      return with(std::uint64_t{}), true;
    case Dtype::i64:
      return with(std::int64_t{}), true;
    case Dtype::f32:
      return with(float{}), true;
    case Dtype::f64:
      return with(double{}), true;
    default:
      return false;
  }
}

template <class Number>
Number load(const std::byte* element) {
  // A file may have any byte for a bool.
  if constexpr (std::same_as<Number, bool>) {
    return *element != std::byte{0};
  } else {
    Number number;
    std::memcpy(&number, element, sizeof(number));
    return number;
  }
}

template <class To, class From>
To converted(From number) {
  if constexpr (std::same_as<To, bool>) {
    return number != 0;
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncated<To>(number);
  } else {
    return static_cast<To>(number);
  }
}

template <class From, class To>
void cast_all(std::size_t count, const std::byte* elements, std::byte* made) {
  for (std::size_t i = 0; i < count; ++i) {
    const To number = converted<To>(load<From>(elements + i * sizeof(From)));
    std::memcpy(made + i * sizeof(To), &number, sizeof(To));
  }
}

/// Whether both dtypes are types of this machine's.
bool cast_by_type(Dtype from, Dtype to, std::size_t count, const std::byte* elements, std::byte* made) {
  bool done = false;
  with_type_of(from, [&](auto source) {
    done = with_type_of(to, [&](auto destination) {
      if constexpr (std::is_integral_v<decltype(source)> || std::is_integral_v<decltype(destination)>)
        cast_all<decltype(source), decltype(destination)>(count, elements, made);
    });
  });
  return done;
}

/// Floats of 16 and 8 bits, by way of float32, which holds them all.
void truncate_small_floats(Dtype from, Dtype to, std::size_t count, const std::byte* elements, std::byte* made) {
  alignas(64) std::array<float, 1024> block;
  for (std::size_t first = 0; first < count; first += block.size()) {
    const std::size_t some = std::min(block.size(), count - first);
    auto* const floats = reinterpret_cast<std::byte*>(block.data());
    to_float32(from, some, elements + first * bits(from) / 8, floats);
    cast_by_type(Dtype::f32, to, some, floats, made + first * bits(to) / 8);
  }
}

}  // namespace

void cast_integers(Dtype from, Dtype to, std::size_t count, const std::byte* elements, std::byte* made) {
  if (cast_by_type(from, to, count, elements, made)) return;
  if (is_integer(to)) return truncate_small_floats(from, to, count, elements, made);
  for (std::size_t i = 0; i < count; ++i) cast(from, elements + i * bits(from) / 8, to, made + i * bits(to) / 8);
}

}  // namespace omap
