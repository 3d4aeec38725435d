#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omap {

/// A template with its values filled in, to be held against whole keys.
class KeyMatcher {
 public:
  struct Piece {
    enum class Kind : std::uint8_t {
      choice,    ///< one of `texts`
      number,    ///< decimal digits without leading zeros; captured
      segment,   ///< one or more characters without a dot
      segments,  ///< one or more characters
    };
    Kind kind = Kind::choice;
    std::vector<std::string> texts;
  };

  explicit KeyMatcher(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  /// The numbers at the `number` pieces, if the whole key matches. Each pair of piece and place is tried at most once,
  /// with each length that the piece may have there: the cost is bounded by pieces times the square of the key's
  /// length.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> match(std::string_view key) const;

 private:
  std::vector<Piece> pieces_;
};

}  // namespace omap
