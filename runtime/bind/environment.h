#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/key_matcher.h"
#include "runtime/bind/source_keys.h"
#include "runtime/json/value.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Values that the user gave for params, by name.
using Settings = std::map<std::string, Value, std::less<>>;

/// What a side's directory says of itself: JSON files by name, `config.json` and what else a plan asks for.
using Configs = std::map<std::string, Value, std::less<>>;

/// Why an expression has no value.
struct NoValue {
  enum class Kind : std::uint8_t {
    missing,      ///< the source does not have it
    destination,  ///< it belongs to the destination, which cannot be read
    failed,       ///< it is wrong: `code` and `what` are an error wherever it stands
  };
  Kind kind = Kind::missing;
  std::string what;
  Code code = Code::value_unavailable;
  /// The innermost param that has no value for this reason: the one to set.
  std::string param = {};
  /// The file of a tokenizer that is not there, if one was asked for.
  std::string tokenizer_file = {};
  /// The source has no config that could tell.
  bool no_config = false;
};
using Evaluated = tl::expected<Value, NoValue>;

/// The values that indexes have at a place.
using Scope = std::vector<std::pair<std::string_view, Value>>;

/// The params and indexes of a plan, in one direction, over one source: evaluated when something wants them, once.
/// Only the source side's config and headers are read; in lines of a config also the tensors that are written, if they
/// are told. Refers to its arguments. Not for several threads at once.
class Environment {
 public:
  /// `configs` are the source's, `tokenizer` the files of the tokenizer that goes with it to the destination: they are
  /// what either side's are.
  Environment(const Plan& plan, Direction direction, const SourceKeys& source, const Configs& configs,
              const Configs& tokenizer, const Settings& settings);

  [[nodiscard]] Evaluated evaluate(const Expr& expr, const Scope& scope = {});
  /// The same, where `present`, `extent`, `count` and `dtype` of the destination's tensors tell what is `written`.
  /// Params and indexes have the values that they have everywhere.
  [[nodiscard]] Evaluated evaluate(const Expr& expr, const Scope& scope, const SourceKeys& written);
  /// A param that has one value.
  [[nodiscard]] Evaluated param(std::string_view name);
  /// All values of an index.
  [[nodiscard]] const tl::expected<std::vector<Value>, NoValue>& index_values(const std::string& name);

  /// The plan's own text of an index's name: for scopes, which outlive the names that they are made from.
  [[nodiscard]] std::string_view index_name(std::string_view index) const { return plan_.find_index(index)->name; }

  /// The texts that a key template may have here: several only where alternatives stand in it.
  [[nodiscard]] tl::expected<std::vector<std::string>, NoValue> key_texts(const KeyTemplate& key, const Scope& scope);
  /// A matcher for a template: an index that `scope` does not hold matches any of its values.
  [[nodiscard]] tl::expected<KeyMatcher, NoValue> matcher(const KeyTemplate& key, const Scope& scope);

  /// A matcher for a template in which every index that runs over ints may be any int.
  [[nodiscard]] tl::expected<KeyMatcher, NoValue> open_matcher(const KeyTemplate& key);

  /// Whether the user gave a param its value.
  [[nodiscard]] bool is_set(std::string_view param) const { return settings_.contains(param); }

  /// Params that the user gave a value and that nothing asked for.
  [[nodiscard]] std::vector<std::string> unread_settings() const;

  /// Params that asked for a config that is not there, and what they are without it.
  [[nodiscard]] const std::vector<std::pair<std::string, Value>>& stand_ins() const { return stand_ins_; }

 private:
  /// Expressions inside expressions, params' included: what a stack of any thread holds, whatever a plan says.
  static constexpr unsigned max_depth = 1000;

  Evaluated evaluate_here(const Expr& expr, const Scope& scope);
  Evaluated indexed_param(const Param& param, const Value& at);
  Evaluated param_value(const Param& param, const Scope& scope);
  Evaluated config(const Expr& expr);
  Evaluated tokenizer_config(const Expr& expr, const std::string& file);
  Evaluated operation(const Expr& expr, const Scope& scope);
  Evaluated coalesce(const Expr& expr, const Scope& scope);
  Evaluated member(const Expr& expr, const Scope& scope);
  Evaluated item(const Expr& expr, const Scope& scope);
  Evaluated logical(const Expr& expr, const Scope& scope);
  Evaluated present(const Expr& expr, const Scope& scope);
  Evaluated of_tensor(const Expr& expr, const Scope& scope);
  Evaluated count(const Expr& expr, const Scope& scope);
  [[nodiscard]] const SourceKeys* keys_of(std::string_view side) const;
  tl::expected<KeyMatcher, NoValue> matcher(const KeyTemplate& key, const Scope& scope, bool any_number);
  bool runs_over_ints(const Expr& expr);
  tl::expected<std::vector<std::string>, NoValue> placeholder_texts(const Expr& expr, const Scope& scope);
  tl::expected<std::vector<Value>, NoValue> evaluate_index(const Index& index);

  const Plan& plan_;
  std::string_view source_side_;
  const SourceKeys& source_;
  const Configs& configs_;
  const Configs& tokenizer_;
  const Settings& settings_;
  /// The tensors of the destination, where they may be asked for.
  const SourceKeys* written_ = nullptr;
  unsigned depth_ = 0;
  std::set<std::string, std::less<>> read_settings_;
  bool missed_config_ = false;
  std::vector<std::pair<std::string, Value>> stand_ins_;
  std::unordered_map<std::string, Evaluated> params_;
  std::unordered_map<std::string, tl::expected<std::vector<Value>, NoValue>> indexes_;
};

/// The text of an index value in a key: an int in decimal, or a string.
[[nodiscard]] std::optional<std::string> key_text(const Value& value);

/// Whether a value is of a param's declared type.
[[nodiscard]] bool has_type(const Value& value, ParamType type, bool list);

}  // namespace omap
