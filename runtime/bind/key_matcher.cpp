#include "runtime/bind/key_matcher.h"

#include <charconv>

namespace omap {
namespace {

struct Attempt {
  const std::vector<KeyMatcher::Piece>& pieces;
  std::string_view key;
  std::vector<bool> failed;  ///< by piece and place
  std::vector<std::int64_t> numbers;

  bool from(std::size_t piece, std::size_t at) {
    if (piece == pieces.size()) return at == key.size();
    const std::size_t state = piece * (key.size() + 1) + at;
    if (failed[state]) return false;
    if (try_piece(piece, at)) return true;
    failed[state] = true;
    return false;
  }

  bool try_piece(std::size_t piece, std::size_t at) {
    using Kind = KeyMatcher::Piece::Kind;
    const std::string_view rest = key.substr(at);
    switch (pieces[piece].kind) {
      case Kind::choice:
        for (const std::string& text : pieces[piece].texts) {
          if (rest.starts_with(text) && from(piece + 1, at + text.size())) return true;
        }
        return false;
      case Kind::number:
        return number(piece, at, rest);
      case Kind::segment:
      case Kind::segments:
        for (std::size_t n = 1; n <= rest.size(); ++n) {
          if (pieces[piece].kind == Kind::segment && rest[n - 1] == '.') return false;
          if (from(piece + 1, at + n)) return true;
        }
        return false;
    }
    return false;
  }

  bool number(std::size_t piece, std::size_t at, std::string_view rest) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    const auto length = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc() || rest.front() == '-' || (rest.front() == '0' && length > 1)) return false;
    numbers.push_back(value);
    if (from(piece + 1, at + length)) return true;
    numbers.pop_back();
    return false;
  }
};

}  // namespace

std::optional<std::vector<std::int64_t>> KeyMatcher::match(std::string_view key) const {
  Attempt attempt{pieces_, key, std::vector<bool>(pieces_.size() * (key.size() + 1)), {}};
  if (!attempt.from(0, 0)) return std::nullopt;
  return std::move(attempt.numbers);
}

}  // namespace omap
