#pragma once

#include <cstddef>

namespace omap {

/// What a plan may have at most. Far beyond what mappings need; there so that a hostile plan costs neither memory nor
/// time out of proportion to its text, and no recursion over it is deep. docs/plan-format.md lists them.
struct PlanLimits {
  /// Of a plan's text.
  static constexpr std::size_t bytes = 64u << 20;
  static constexpr std::size_t params = 1'000;
  static constexpr std::size_t indexes = 1'000;
  /// The same for requirements, ties and ignores.
  static constexpr std::size_t rules = 1'000'000;
  static constexpr std::size_t sources = 1'000;
  /// In bytes: of params, indexes, sides, axes, members.
  static constexpr std::size_t name_length = 256;
  /// Of the whole plan: operations, literals, parts of keys, and dimensions with what stands in their brackets.
  static constexpr std::size_t elements = 4'000'000;

  /// Tensors on both sides of a rule together.
  static constexpr std::size_t terms = 1'024;
  static constexpr std::size_t key_parts = 256;
  /// What a key may be called by its alternatives.
  static constexpr std::size_t key_texts = 256;
  /// Steps of a tensor's arithmetic.
  static constexpr std::size_t value_ops = 32;
  /// An operation is one deeper than what it holds; so is a list literal.
  static constexpr std::size_t expression_depth = 128;
  static constexpr std::size_t rank = 64;
  /// A dimension has depth 1, what stands in its brackets 2.
  static constexpr std::size_t shape_depth = 16;
  /// The choices of one piece of each sum of a tensor.
  static constexpr std::size_t boxes = 4'096;
  /// All boxes of the tensors that have several, each counted as 1 + its axes: what proofs look at.
  static constexpr std::size_t box_axes = 2'000'000;

  /// Enough for what keeps to the limits above: an operation takes two levels where a key stands between it and what
  /// it holds; ten are around it.
  static constexpr std::size_t json_depth = 2 * expression_depth + 10;
};

}  // namespace omap
