#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
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
  /// What it is for. A mapping that says so of some of its params means those to be set, and no others.
  std::string doc = {};
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

/// What a user should know before a run that writes `side`, said where `when` holds.
struct Note {
  std::string side;
  std::string text;
  std::optional<Expr> when;
  SourceRange range;
  friend bool operator==(const Note&, const Note&) = default;
};

/// A tensor that takes part in the arithmetic of another. `r/128` may stand in its shape.
struct Operand {
  KeyTemplate key;
  Shape shape;
  SourceRange range;
  friend bool operator==(const Operand&, const Operand&) = default;
};

/// A step of a tensor's arithmetic: `value op operand`.
struct ValueOp {
  enum class Kind : std::uint8_t { add, subtract, multiply, divide };
  Kind kind = Kind::add;
  /// A number, a param that is one, or a tensor.
  std::variant<double, std::string, Operand> operand;
  friend bool operator==(const ValueOp&, const ValueOp&) = default;
};

/// A tensor, or a tensor for each value of the indexes in its key.
struct Term {
  KeyTemplate key;
  /// Without one on any term of a rule: both sides have the same shape, whatever it is.
  std::optional<Shape> shape;
  SourceRange range;
  /// What the other side's elements equal: the tensor's elements after these steps. Where the tensor is a destination
  /// they are solved for it: the inverse steps, last first.
  std::vector<ValueOp> ops = {};
  /// This side stores it so: a string literal, or a param. Reading does not look at it.
  std::optional<Expr> as = {};
  /// No tensor at all, but this number everywhere; `key` is empty.
  std::optional<double> fill = {};

  [[nodiscard]] bool is_tensor() const { return !fill.has_value(); }
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

/// Sources that match and that no rule claims keep their names.
struct Same {
  KeyTemplate pattern;
  std::optional<Expr> when;
  SourceRange range;
  friend bool operator==(const Same&, const Same&) = default;
};

/// The file of a side's directory that paths mean where they name no other.
inline constexpr std::string_view default_config_file = "config.json";

/// A line of a `config` section, about one file of a directory. A path is an expression that begins with the config of
/// a side: members, and items whose position is an index or a literal. A line with indexes in its paths stands for one
/// for each of their values.
struct ConfigLine {
  enum class Kind : std::uint8_t {
    equation,    ///< `left` of the left side equals `right` of the right
    assignment,  ///< `left`, of either side, is the value of `right` where that side is written
    ignore,      ///< `left` is not read, and that is meant; it may begin with a param of type `config`
  };
  Kind kind = Kind::equation;
  bool to_right = true;
  bool to_left = true;
  Expr left;
  std::optional<Expr> right;
  std::optional<Expr> when;
  SourceRange range;

  friend bool operator==(const ConfigLine&, const ConfigLine&) = default;
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
  std::vector<Note> notes;
  std::vector<Rule> rules;
  std::vector<Tie> ties;
  std::vector<Ignore> ignores;
  std::vector<Same> sames;
  std::vector<ConfigLine> config;
  /// Rules between names of modules, for comparing activations: keys only, no shapes.
  std::vector<Rule> modules;
  /// The texts that ranges point into: errors quote them wherever the plan travels.
  SourceMap sources;

  [[nodiscard]] const SideDeclaration& source_side(Direction direction) const {
    return direction == Direction::right ? left : right;
  }
  [[nodiscard]] const SideDeclaration& destination_side(Direction direction) const {
    return direction == Direction::right ? right : left;
  }
  [[nodiscard]] const Param* find_param(std::string_view name) const;
  /// Of a rule or a `same`, which are numbered in this order.
  [[nodiscard]] SourceRange statement_range(std::uint32_t number) const;
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
/// Whether the tensors of a rule have shapes; they all have, or none.
[[nodiscard]] bool has_shapes(const Rule& rule);

/// Indexes that have a value in an expression, each once, in the order of Plan::indexes.
[[nodiscard]] std::vector<std::string> indexes_of(const Plan& plan, const Expr& expr);

/// Indexes for each of whose values a config line stands: those of the paths that it writes.
[[nodiscard]] std::vector<std::string> config_indexes(const Plan& plan, const ConfigLine& line);

/// As a mapping spells it: `blocks.{layer}.w[(expert d) h] + 1 as f32`.
[[nodiscard]] std::string to_text(const Term& term);
/// A plan that requires `false` is for no checkpoint: its mapping is there for others to extend.
[[nodiscard]] bool is_base(const Plan& plan);
/// `+`, `-`, `*`, `/`.
[[nodiscard]] std::string_view op_sign(ValueOp::Kind kind);
[[nodiscard]] std::optional<ValueOp::Kind> value_op_from_sign(std::string_view sign);

/// The tensors that a term's arithmetic reads.
[[nodiscard]] std::vector<const Operand*> operands_of(const Term& term);
/// A rule that need not give the same bits when it is run back: it computes, or may round.
[[nodiscard]] bool is_inexact(const Rule& rule);

/// The file that a path of a config line is in, and the side. Nothing if `path` does not begin with a config.
struct ConfigRoot {
  std::string_view side;
  std::string_view file;
};
[[nodiscard]] std::optional<ConfigRoot> config_root(const Expr& path);

}  // namespace omap
