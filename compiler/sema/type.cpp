#include "compiler/sema/type.h"

namespace omap::sema {

std::string to_text(Type type) {
  constexpr const char* names[] = {"config", "null", "bool", "int", "float", "string", "dtype"};
  const std::string base = names[static_cast<int>(type.base)];
  return type.list ? "[" + base + "]" : base;
}

bool is_number(Type type) {
  return is_any(type) || (!type.list && (type.base == Type::Base::integer || type.base == Type::Base::real));
}

bool fits(Type from, Type to) {
  using enum Type::Base;
  if (from == to || is_any(from) || is_any(to)) return true;
  if (from.list != to.list) return false;
  if (from.base == any || to.base == any) return true;
  if (from.base == integer) return to.base == real;
  return (from.base == string && to.base == dtype) || (from.base == dtype && to.base == string);
}

Type either(Type a, Type b) {
  if (fits(a, b)) return is_any(a) ? a : b;
  if (fits(b, a)) return a;
  return {};
}

}  // namespace omap::sema
