#pragma once

#include <string>

namespace omap::sema {

/// The type of an expression, as far as it is known without a checkpoint.
struct Type {
  enum class Base { any, null, boolean, integer, real, string, dtype };
  /// `any` is what configs hold: checked when it is read.
  Base base = Base::any;
  bool list = false;

  friend bool operator==(const Type&, const Type&) = default;
};

/// As a mapping spells it: `int`, `[string]`; `config` for `any`.
[[nodiscard]] std::string to_text(Type type);
[[nodiscard]] inline bool is_any(Type type) { return type.base == Type::Base::any && !type.list; }
[[nodiscard]] bool is_number(Type type);

/// Whether a value of type `from` may stand where `to` is wanted: an int is a float, a string may be a dtype, `any`
/// may be everything.
[[nodiscard]] bool fits(Type from, Type to);
/// The type of a value that is either; `any` where they have none in common.
[[nodiscard]] Type either(Type a, Type b);

}  // namespace omap::sema
