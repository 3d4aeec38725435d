#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/draft/key_families.h"
#include "runtime/plan/plan.h"

namespace omap {

/// The indexes of a draft: one for each range of values and what it counts, called after the segment before its number:
/// `layer` of `layers.3`.
class DraftIndexes {
 public:
  /// `taken` are names that mean something else; `inherited` those of indexes that are declared elsewhere, and run over
  /// all values from 0.
  DraftIndexes(std::vector<std::string> taken, std::vector<std::string> inherited)
      : taken_(std::move(taken)), inherited_(std::move(inherited)) {}

  /// The names of the indexes of a pair's keys, whose numbers have the same values.
  [[nodiscard]] std::vector<std::string> of(const KeyFamily& left, const KeyFamily& right);

  /// Their declarations, and params that count what a checkpoint of either side has. `right` is empty if nothing is
  /// known of that side.
  [[nodiscard]] std::vector<std::string> declarations(const std::string& left, const std::string& right) const;

 private:
  struct Made {
    std::string name, param, hint;
    std::vector<std::uint64_t> values;
    /// Keys with `{_}` for the number.
    std::string left_key, right_key;
  };
  std::string free_name(const std::string& wanted);

  std::vector<std::string> taken_, inherited_;
  std::vector<Made> made_;
};

/// Neighbouring texts of a key as one.
[[nodiscard]] KeyTemplate joined(KeyTemplate key);

}  // namespace omap
