#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/bind/environment.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What a mapping knows of a checkpoint by names alone: numbers of indexes are any numbers.
struct ClaimedKeys {
  /// By place in the TensorIndex, whether a rule, a tie, an `ignore` or a `same` of the side has such a key. What is
  /// outside the side's root counts as known.
  std::vector<bool> tensors;
  /// How many of them rules have.
  std::size_t by_rules = 0;
  /// Keys of rules of which nothing is there, each with its side: `a:blocks.{layer}.w`. Not of optional rules, nor of
  /// those that hold under a condition.
  std::vector<std::string> absent;
};

/// `format` is the checkpoint's, `configs` are its.
[[nodiscard]] ClaimedKeys claimed_keys(const Plan& plan, std::string_view side, const TensorIndex& index,
                                       std::string_view format, const Configs& configs);

}  // namespace omap
