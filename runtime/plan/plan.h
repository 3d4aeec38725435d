#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/source_map.h"
#include "diagnostics/source_range.h"
#include "runtime/plan/expr.h"
#include "runtime/plan/shape.h"

namespace omap {

/// What a directory of a side is written as where the user does not say, and the prefix that its keys carry there.
struct SideDeclaration {
  std::string name;
  std::string format;
  std::string root;
  friend bool operator==(const SideDeclaration&, const SideDeclaration&) = default;
};

enum class ParamType : std::uint8_t { integer, real, boolean, string, dtype, config };

struct Param {
  std::string name;
  ParamType type = ParamType::config;
  bool list = false;
  /// It has a value for each value of this index.
  std::string index;
  std::optional<Expr> value;
  SourceRange range;
  friend bool operator==(const Param&, const Param&) = default;
};

struct Index {
  std::string name;
  /// A literal list of strings for `{q, k, v}`.
  Expr list;
  /// Which of them: `when`, with the index in scope.
  std::optional<Expr> when;
  SourceRange range;
  friend bool operator==(const Index&, const Index&) = default;
};

struct Requirement {
  Expr condition;
  std::string message;
  SourceRange range;
  friend bool operator==(const Requirement&, const Requirement&) = default;
};

/// A tensor, or a tensor for each value of the indexes in its key.
struct Term {
  KeyTemplate key;
  /// Without one on any term of a rule: both sides have the same shape, whatever it is.
  std::optional<Shape> shape;
  SourceRange range;
  friend bool operator==(const Term&, const Term&) = default;
};

enum class Direction : std::uint8_t { right, left };

/// An equation between two lists of tensors: they hold the same elements.
struct Rule {
  bool to_right = true;
  bool to_left = true;
  bool optional = false;
  std::vector<Term> left, right;
  std::optional<Expr> when;
  SourceRange range;

  [[nodiscard]] bool runs(Direction direction) const { return direction == Direction::right ? to_right : to_left; }
  [[nodiscard]] const std::vector<Term>& sources(Direction direction) const {
    return direction == Direction::right ? left : right;
  }
  [[nodiscard]] const std::vector<Term>& destinations(Direction direction) const {
    return direction == Direction::right ? right : left;
  }
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// Where `dropped` is there it has to equal `kept`, and is consumed. Both belong to the side `side`.
struct Tie {
  std::string side;
  KeyTemplate dropped;
  KeyTemplate kept;
  std::optional<Expr> when;
  SourceRange range;
  friend bool operator==(const Tie&, const Tie&) = default;
};

/// Sources of a side that are meant to be left out.
struct Ignore {
  std::string side;
  KeyTemplate pattern;
  std::optional<Expr> when;
  SourceRange range;
  friend bool operator==(const Ignore&, const Ignore&) = default;
};

/// A compiled mapping: symbolic, so that one serves every size of a model. A value; safe to share between threads.
struct Plan {
  std::string name;
  std::string doc;
  SideDeclaration left, right;
  std::vector<Param> params;
  std::vector<Index> indexes;
  std::vector<Requirement> requirements;
  std::vector<Rule> rules;
  std::vector<Tie> ties;
  std::vector<Ignore> ignores;
  /// The texts that ranges point into: errors quote them wherever the plan travels.
  SourceMap sources;

  [[nodiscard]] const SideDeclaration& source_side(Direction direction) const {
    return direction == Direction::right ? left : right;
  }
  [[nodiscard]] const SideDeclaration& destination_side(Direction direction) const {
    return direction == Direction::right ? right : left;
  }
  [[nodiscard]] const Param* find_param(std::string_view name) const;
  [[nodiscard]] const Index* find_index(std::string_view name) const;

  friend bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] std::string_view to_text(ParamType type);
[[nodiscard]] std::optional<ParamType> param_type_from_text(std::string_view text);

/// Indexes whose value is in the key of every tensor of a rule: the rule holds for each of their values. In the order
/// of Plan::indexes. Every other index in a rule's keys is an axis.
[[nodiscard]] std::vector<std::string> loop_indexes(const Plan& plan, const Rule& rule);
/// Indexes in the placeholders of a key, each once, in the order of Plan::indexes.
[[nodiscard]] std::vector<std::string> indexes_of(const Plan& plan, const KeyTemplate& key);

}  // namespace omap
