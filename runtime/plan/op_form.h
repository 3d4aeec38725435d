#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/plan/expr.h"

namespace omap {

/// What an operation carries beside its args, and so how a plan's JSON spells it.
enum class OpForm : std::uint8_t {
  literal,  ///< a value: `["literal", value]`, or the value alone
  plain,    ///< nothing: `[op, args...]`
  named,    ///< a name: `[op, name]`
  file,     ///< a side and a file: `[op, side, file]`
  member,   ///< an arg and a name: `[".", arg, name]`
  keyed,    ///< a side and a key: `[op, side, key, args...]`
};

[[nodiscard]] constexpr OpForm op_form(Expr::Op op) {
  switch (op) {
    case Expr::Op::literal:
      return OpForm::literal;
    case Expr::Op::param:
    case Expr::Op::index:
    case Expr::Op::index_list:
    case Expr::Op::config:
      return OpForm::named;
    case Expr::Op::config_file:
      return OpForm::file;
    case Expr::Op::member:
      return OpForm::member;
    case Expr::Op::present_key:
    case Expr::Op::extent:
    case Expr::Op::count:
    case Expr::Op::dtype:
      return OpForm::keyed;
    default:
      return OpForm::plain;
  }
}

/// Where the first arg stands in the JSON of an operation, whose own name is 0.
[[nodiscard]] constexpr std::size_t first_arg_position(OpForm form) { return form == OpForm::keyed ? 3 : 1; }
/// Where the key of a keyed operation stands.
inline constexpr std::size_t key_position = 2;

}  // namespace omap
