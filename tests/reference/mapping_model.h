#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/dtype/dtype.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/shape.h"

namespace omap::test {

// A mapping as data, for tests: it can be drawn at random, changed, spelled as a text for the compiler, and read by the
// reference (interpret.h), which sees nothing of what the compiler makes of the text. Of omap's own types it takes only
// plain data: shapes, directions, dtypes.

using Extents = std::map<std::string, std::int64_t>;

struct KeyPiece {
  enum class Kind : std::uint8_t { text, index, alternatives };
  Kind kind = Kind::text;
  /// The text, or the name of the index.
  std::string text;
  /// Of an index: `{layer + 1}`.
  std::int64_t offset = 0;
  std::vector<std::string> names = {};
  friend bool operator==(const KeyPiece&, const KeyPiece&) = default;
};

struct Key {
  std::vector<KeyPiece> pieces;
  bool quoted = false;
  friend bool operator==(const Key&, const Key&) = default;
};

/// A second tensor of an element's arithmetic.
struct MadeOperand {
  Key key;
  Shape shape;
  /// What the text does not say.
  Dtype dtype = Dtype::f32;
};

/// `sign` is one of `+ - * /`; behind it stands a number, a param or a tensor.
struct MadeStep {
  char sign = '+';
  double number = 1;
  std::string param = {};
  std::optional<MadeOperand> tensor = {};
};

struct MadeTerm {
  Key key;
  std::optional<Shape> shape;
  /// What the text does not say: how long each `_` without a size is in the tensors that are made for a test.
  std::int64_t rest = 0;
  std::vector<MadeStep> steps = {};
  /// Behind `as`: a dtype or a param; else empty.
  std::string as = {};
  /// No tensor at all, but this number.
  std::optional<double> fill = {};
  /// What the text does not say: the dtypes of the tensors that are made, by turns; without any that of the rule.
  std::vector<Dtype> dtypes = {};
};

/// `flag`, `index in [..]` or `index < value`, as `op` says.
struct Condition {
  enum class Op : std::uint8_t { flag, in, less };
  Op op = Op::flag;
  bool negated = false;
  std::string name;
  std::vector<std::string> values;
};

enum class Arrow : std::uint8_t { both, right, left };

struct MadeRule {
  Arrow arrow = Arrow::both;
  bool optional = false;
  std::vector<MadeTerm> left, right;
  std::optional<Condition> when;

  // What the text does not say, of the tensors that are made for a test:
  Dtype dtype = Dtype::f32;
  /// An optional rule's sources are not there.
  bool absent = false;
  /// Extents of axes, and of `...` (`...0`, `...1`): what the mapping declares goes before them.
  Extents extents;
  /// Axes that are one longer for every second value of the rule's loop indexes.
  std::vector<std::string> varying;

  /// It computes, casts or fills.
  [[nodiscard]] bool has_values() const;
  [[nodiscard]] bool runs(Direction d) const { return arrow != (d == Direction::right ? Arrow::left : Arrow::right); }
  [[nodiscard]] const std::vector<MadeTerm>& sources(Direction d) const { return d == Direction::right ? left : right; }
  [[nodiscard]] const std::vector<MadeTerm>& destinations(Direction d) const {
    return d == Direction::right ? right : left;
  }
};

/// Rules in one pair of braces: with a prefix for each side, with a condition, or (at the top) with neither.
struct Block {
  Key left, right;
  std::optional<Condition> when;
  std::vector<MadeRule> rules;
  std::vector<Block> inner;
  /// Behind `else`, only where there is a condition and no prefix.
  std::vector<MadeRule> otherwise;
};

struct MadeIndex {
  std::string name;
  std::vector<std::string> values;
  /// `{q, k}`, otherwise ints.
  bool names = false;
  /// Behind `in`.
  std::string list;
};

/// An int; else what `flag`, `real` or `dtype` says.
struct MadeParam {
  std::string name;
  std::int64_t value = 0;
  bool flag = false;
  /// The value comes from the settings, not from the text.
  bool set = false;
  std::optional<double> real = {};
  std::optional<Dtype> dtype = {};

  [[nodiscard]] bool is_int() const { return !flag && !real && !dtype; }
};

struct Mapping {
  std::vector<MadeParam> params;
  std::vector<MadeIndex> indexes;
  /// Holds everything; without prefix and condition of its own.
  Block top;

  [[nodiscard]] const MadeParam* find_param(std::string_view name) const;
  [[nodiscard]] const MadeIndex* find_index(std::string_view name) const;
};

/// A rule with the prefixes and conditions of its blocks, and where it stands among the mapping's rules.
struct FlatRule {
  MadeRule rule;
  std::vector<Condition> when;
  std::size_t number = 0;
};
[[nodiscard]] std::vector<FlatRule> flatten(const Mapping& mapping);

/// Every block of a mapping and every list of rules in it, outermost first.
[[nodiscard]] std::vector<std::vector<MadeRule>*> rule_lists(Mapping& mapping);
[[nodiscard]] std::vector<Block*> blocks_of(Mapping& mapping);

/// The tensors that a term's arithmetic reads.
[[nodiscard]] std::vector<const MadeOperand*> operands_of(const MadeTerm& term);

/// The names of the indexes in a key, each once.
[[nodiscard]] std::vector<std::string> indexes_in(const Key& key);
/// Indexes in every key of a rule; a `fill` has none.
[[nodiscard]] std::vector<std::string> loops_of(const MadeRule& rule);

/// The value of each index that stands in a key.
using IndexValues = std::map<std::string, std::string>;
/// All combinations of the values of some indexes, the last changing fastest. Every name has to be an index.
[[nodiscard]] std::vector<IndexValues> combinations(const Mapping& mapping, const std::vector<std::string>& indexes,
                                                    const IndexValues& outer = {});
/// A key's texts: several where it has alternatives.
[[nodiscard]] std::vector<std::string> key_texts(const Key& key, const IndexValues& at);

/// Whether a condition holds. Nothing if it reads what has no value: an index that is not in `at`.
[[nodiscard]] std::optional<bool> holds(const Mapping& mapping, const Condition& condition, const IndexValues& at);

[[nodiscard]] std::string spell(const Key& key);
[[nodiscard]] std::string spell(const MadeRule& rule);
/// As a mapping writes a dtype: `bf16`.
[[nodiscard]] std::string spell(Dtype dtype);
/// The value of a param.
[[nodiscard]] std::string spell_value(const MadeParam& param);
/// The whole file; its sides are `a` and `b`.
[[nodiscard]] std::string spell(const Mapping& mapping);

}  // namespace omap::test
