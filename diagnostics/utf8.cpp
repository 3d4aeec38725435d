#include "diagnostics/utf8.h"

namespace omap {
namespace {

/// What a lead byte says: how many bytes follow, and its own payload bits.
struct Lead {
  std::size_t following = 0;
  char32_t bits = 0;
  /// The least value that needs this many bytes; anything less is an overlong form.
  char32_t least = 0;
};

std::optional<Lead> lead(unsigned char byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if (byte < 0xC0) return std::nullopt;
  if (byte < 0xE0) return Lead{1, byte & 0x1FU, 0x80};
  if (byte < 0xF0) return Lead{2, byte & 0x0FU, 0x800};
  if (byte < 0xF8) return Lead{3, byte & 0x07U, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<CodePoint> decode_utf8(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto first = lead(static_cast<unsigned char>(text.front()));
  if (!first || text.size() <= first->following) return std::nullopt;
  char32_t value = first->bits;
  for (std::size_t i = 1; i <= first->following; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    value = (value << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < first->least || surrogate || value > 0x10FFFF) return std::nullopt;
  return CodePoint{value, first->following + 1};
}

void append_utf8(std::string& out, char32_t value) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  const auto put_continuation = [&](unsigned shift) { put(0x80U | ((value >> shift) & 0x3FU)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0U | (value >> 6U));
    put_continuation(0);
  } else if (value < 0x10000) {
    put(0xE0U | (value >> 12U));
    put_continuation(6);
    put_continuation(0);
  } else {
    put(0xF0U | (value >> 18U));
    put_continuation(12);
    put_continuation(6);
    put_continuation(0);
  }
}

}  // namespace omap
