#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/json/value.h"

namespace omap {

struct KeyPart;

/// A tensor's key with what varies in it.
struct KeyTemplate {
  std::vector<KeyPart> parts;
  friend bool operator==(const KeyTemplate&, const KeyTemplate&);
};

/// An expression with its names resolved. Evaluated by bind/evaluate.h, against one side's config and headers.
struct Expr {
  enum class Op : std::uint8_t {
    literal,      ///< `value`
    param,        ///< the param `name`
    index,        ///< the value, here, of the index `name`
    index_list,   ///< all values of the index `name`
    config,       ///< the config of the side `name`
    config_file,  ///< another file of the side `name`: `value` is its name
    member,       ///< args[0] . name
    item,         ///< args[0] [ args[1] ]
    list,         ///< [ args ]
    range,        ///< args[0] .. args[1], half-open
    coalesce,     ///< the first of args that is available
    conditional,  ///< if args[0] then args[1] else args[2]
    logical_and,
    logical_or,
    logical_not,
    negate,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    not_in,
    len,
    first,
    min,
    max,
    ceildiv,
    to_int,
    ln,
    sqrt,
    present,      ///< args[0], a config path, is there
    present_key,  ///< the side `name` has the tensor `key`
    extent,       ///< dimension args[0] of the tensor `key` of the side `name`
    count,        ///< 1 + the greatest number in the place of `{_}` among the keys of the side `name`
    dtype,        ///< of the tensor `key` of the side `name`
  };
  Op op = Op::literal;
  Value value;
  std::string name;
  std::vector<Expr> args;
  KeyTemplate key;

  friend bool operator==(const Expr&, const Expr&) = default;
};

struct KeyPart {
  enum class Kind : std::uint8_t {
    text,          ///< as it stands
    placeholder,   ///< the value of `expr`: an int in decimal, or a string
    alternatives,  ///< any of `names` when read, the first when written
    any,           ///< `{_}`: a number; only in `count`
    segment,       ///< `*`: one dot-separated segment; only in patterns
    segments,      ///< `**`: one or more; only in patterns
  };
  Kind kind = Kind::text;
  std::string text;
  Expr expr;
  std::vector<std::string> names;

  friend bool operator==(const KeyPart&, const KeyPart&) = default;
};

inline bool operator==(const KeyTemplate& a, const KeyTemplate& b) { return a.parts == b.parts; }

/// Whether a file may be named as a config: `tokenizer_config.json`, of letters, digits, `_`, `-` and single dots.
[[nodiscard]] bool is_config_file(std::string_view name);

/// The name of an operation in plans and listings: `+`, `??`, `len`.
[[nodiscard]] std::string_view op_name(Expr::Op op);
struct OpInfo {
  Expr::Op op;
  std::string_view name;
  /// How many args: at least, at most.
  std::uint8_t min_args, max_args;
};
/// Every operation, in the order of `Expr::Op`.
[[nodiscard]] std::span<const OpInfo> all_ops();
inline constexpr std::uint8_t any_number_of_args = 255;

/// As a mapping would spell it: `blocks.{layer + 1}.w`, `len(full) > 0`.
[[nodiscard]] std::string to_text(const Expr& expr);
[[nodiscard]] std::string to_text(const KeyTemplate& key);

/// Calls `visit` for an expression and everything in it, keys' placeholders included.
template <class Visit>
void for_each_expr(const Expr& expr, const Visit& visit);
template <class Visit>
void for_each_expr(const KeyTemplate& key, const Visit& visit) {
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::placeholder) for_each_expr(part.expr, visit);
  }
}
template <class Visit>
void for_each_expr(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const Expr& arg : expr.args) for_each_expr(arg, visit);
  for_each_expr(expr.key, visit);
}

}  // namespace omap
