#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "diagnostics/source_range.h"

/// What a file says, as it says it: names are not resolved, prefixes not joined, nothing is defaulted.
/// Trees are values and never change once parsed; what later phases learn lives in their own tables.
namespace omap::ast {

struct Name {
  std::string text;
  SourceRange range;
};

// ---- expressions

struct KeyPart;

struct Key {
  std::vector<KeyPart> parts;
  bool quoted = false;
  SourceRange range;
};

struct SideKey {
  Name side;
  Key key;
  SourceRange range;
};

struct Expr {
  enum class Kind : std::uint8_t {
    null,
    boolean,      ///< `integer` is 0 or 1
    integer,      ///< `integer`
    real,         ///< `real`
    string,       ///< `text`, unescaped
    name,         ///< `text`
    member,       ///< operands[0] . text
    item,         ///< operands[0] [ operands[1] ]
    list,         ///< operands
    negate,       ///< - operands[0]
    logical_not,  ///< not operands[0]
    binary,       ///< operands[0] text operands[1]; text is the operator: `+`, `not in`, `..`, `??`, ...
    conditional,  ///< if operands[0] then operands[1] else operands[2]
    call,         ///< text ( operands ), or text ( key, operands ) where `key` is set
  };
  Kind kind = Kind::null;
  SourceRange range;
  /// The operator, member, function or name itself within `range`.
  SourceRange word_range;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  std::vector<Expr> operands;
  std::vector<SideKey> key;  ///< none or one
};

struct KeyPart {
  enum class Kind : std::uint8_t {
    text,          ///< literal characters, dots included
    placeholder,   ///< { expr }
    any,           ///< { _ }
    alternatives,  ///< { a | b.c }
    segment,       ///< *
    segments,      ///< **
  };
  Kind kind = Kind::text;
  SourceRange range;
  std::string text;
  std::vector<Expr> expr;  ///< one, of a placeholder
  std::vector<std::string> alternatives;
};

// ---- shapes

struct Axis {
  enum class Kind : std::uint8_t {
    named,     ///< `text`, with an extent where `value` or `extent` is set, `d=2`; `_` is a dropped axis
    divided,   ///< `r/128`: ceil(text / value)
    literal,   ///< a bare number, `value`
    product,   ///< (a b), row-major
    sum,       ///< (a + b)
    ellipsis,  ///< ...
  };
  Kind kind = Kind::named;
  SourceRange range;
  std::string text;
  std::optional<std::int64_t> value;
  std::optional<Name> extent;  ///< a param that is the extent of `_`
  std::vector<Axis> parts;
};

struct Shape {
  std::vector<Axis> dims;
  SourceRange range;
};

// ---- statements

struct Term;

struct ValueOp {
  char op = '+';
  SourceRange range;
  std::optional<double> number;
  SourceRange number_range;   ///< of `number`, without its sign
  std::vector<Term> operand;  ///< none or one: a param's name (no shape) or a tensor
};

/// One tensor of a rule: a key, or `fill` with a number.
struct Term {
  Key key;
  std::optional<double> fill;
  SourceRange fill_range;  ///< of `fill`'s number, without its sign
  std::optional<Shape> shape;
  std::vector<ValueOp> ops;
  std::optional<Name> as;
  SourceRange range;
};

enum class Arrow : std::uint8_t { both, right, left };

struct Statement;

struct Comment {
  std::string text;  ///< with its slashes, without blanks at its end
  SourceRange range;
  /// An empty line stood before it.
  bool after_blank_line = false;
};

struct Version {
  std::int64_t number = 0;
};
struct Use {
  bool standard = false;
  std::string path;
};
struct Side {
  Name name;
  Name format;
  std::optional<std::string> root;
};
struct Mapping {
  Name name;
  Name left, right;
  std::optional<Name> base;
  std::vector<Statement> body;
};
struct Type {
  Name name;
  bool list = false;
};
struct Param {
  bool override_ = false;
  Name name;
  std::optional<Name> index;
  Type type;
  std::optional<Expr> value;
};
struct Index {
  Name name;
  std::vector<Name> names;   ///< `in {q, k}`
  std::optional<Expr> list;  ///< `in EXPR`
  std::optional<Expr> when;
};
struct Require {
  Expr condition;
  std::optional<std::string> message;
};
/// `note SIDE "TEXT" [when C]`
struct Note {
  Name side;
  std::string text;
  std::optional<Expr> when;
};
struct Rule {
  bool override_ = false;
  bool optional = false;
  std::vector<Term> left, right;
  Arrow arrow = Arrow::both;
  SourceRange arrow_range;
  std::optional<Expr> when;
};
/// `KEY <-> KEY [when C] { ... }`
struct Prefix {
  Key left, right;
  std::optional<Expr> when;
  std::vector<Statement> body;
};
struct When {
  Expr condition;
  std::vector<Statement> body;
  std::vector<Statement> else_body;
  bool has_else = false;
  std::vector<Comment> at_body_end;    ///< behind the last statement of `body`, where an `else` follows
  std::optional<Comment> behind_else;  ///< behind the brace of `else {`
};
struct Tie {
  SideKey written;
  SideKey kept;
  std::optional<Expr> when;
};
struct Ignore {
  SideKey pattern;
  std::optional<Expr> when;
};
struct Same {
  Key pattern;
  std::optional<Expr> when;
};
struct Remove {
  SideKey pattern;
};
struct Restrict {
  SideKey pattern;
  Expr when;
};
struct State {
  Name kind;
  std::vector<Statement> body;
};
struct ConfigLine {
  enum class Kind : std::uint8_t { equation, assignment, remove, ignore };
  Kind kind = Kind::equation;
  bool override_ = false;
  Expr target;
  Arrow arrow = Arrow::both;
  std::optional<Expr> source;  ///< the right path of an equation, the value of an assignment
  std::optional<Expr> when;
};
struct Config {
  std::optional<std::string> file;
  std::vector<Statement> body;
};

struct Statement {
  std::variant<Version, Use, Side, Mapping, Param, Index, Require, Note, Rule, Prefix, When, Tie, Ignore, Same, Remove,
               Restrict, State, ConfigLine, Config>
      node;
  /// Without comments; of a block: its head.
  SourceRange range;
  std::vector<Comment> before;        ///< on lines of their own above, `///` included; then those between its words
  std::optional<Comment> behind;      ///< on the statement's last line; of a block: of its head's
  std::vector<Comment> at_end;        ///< of a block: behind its last statement
  std::optional<Comment> behind_end;  ///< of a block: behind the brace that closes it
  bool after_blank_line = false;
};

/// A file.
struct Module {
  std::uint32_t file = 0;
  std::vector<Statement> statements;
  std::vector<Comment> at_end;
};

/// The text of the `///` lines above a statement, without slashes.
[[nodiscard]] std::string documentation(const Statement& statement);

}  // namespace omap::ast
