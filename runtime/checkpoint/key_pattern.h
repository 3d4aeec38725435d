#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace omap {

/// Keys that differ in numbers only, as one line: `model.layers.{0..11}.self_attn.q_proj.weight`, 12 keys.
struct FoldedKeys {
  std::string pattern;
  std::size_t count = 0;
  friend bool operator==(const FoldedKeys&, const FoldedKeys&) = default;
};

/// Folds keys, which are unique, for reports. What varies is a decimal number between dots; its values are written as
/// ranges, both ends included, and single numbers: `{0..2,4,7..9}`. Where several numbers vary, a pattern stands for
/// their full product; a set that is none is split into several patterns. So each key is in exactly one pattern,
/// and no pattern holds a key that was not given. In order of first appearance; n log n in the number of keys.
[[nodiscard]] std::vector<FoldedKeys> fold_keys(std::span<const std::string> keys);

}  // namespace omap
