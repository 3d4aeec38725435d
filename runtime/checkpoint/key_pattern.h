#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace omap {

/// Keys that differ in numbers only, as one line: `model.layers.{0..11}.self_attn.q_proj.weight`, 12 keys.
struct FoldedKeys {
  /// For people: a segment of a key may look like a set itself.
  std::string pattern;
  std::size_t count = 0;
  /// What is between the dots of the keys, at least one segment; nothing for a number that varies.
  std::vector<std::optional<std::string>> segments;
  /// The values of each number that varies, ascending: two or more, none above 2^63 - 1.
  std::vector<std::vector<std::uint64_t>> numbers;
};

/// Folds keys, which are unique, for reports. What varies is a decimal number between dots, below 2^63; its values are
/// written as ranges, both ends included, and single numbers: `{0..2,4,7..9}`. Where several numbers vary, a pattern
/// stands for their full product; a set that is none is split into several patterns. So each key is in exactly one
/// pattern, and no pattern holds a key that was not given. In order of first appearance; n log n in the number of keys.
[[nodiscard]] std::vector<FoldedKeys> fold_keys(std::span<const std::string> keys);

}  // namespace omap
