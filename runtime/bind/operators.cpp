#include "runtime/bind/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/plan/modulo.h"

namespace omap {
namespace {

using Op = Expr::Op;

/// Ranges become lists: more values than any checkpoint has keys are a mistake.
constexpr std::int64_t max_range = 1 << 24;

tl::unexpected<NoValue> failed(std::string what, Code code = Code::evaluation_failed) {
  return tl::unexpected(NoValue{NoValue::Kind::failed, std::move(what), code});
}
tl::unexpected<NoValue> wrong_type(Op op, const Value& value) {
  return failed(fmt::format("`{}` cannot take a value of type {}", op_name(op), value.type_name()), Code::value_type);
}

Evaluated integer_arithmetic(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Op::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Op::subtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::multiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0) return failed(fmt::format("{} divided by zero", a));
      if (a == std::numeric_limits<std::int64_t>::min() && b == -1) {
        overflow = true;
      } else if (op == Op::modulo) {
        result = floor_modulo(a, b);
      } else if (op == Op::ceildiv) {
        result = a / b + (a % b != 0 && (a < 0) == (b < 0) ? 1 : 0);
      } else if (a % b != 0) {
        return failed(fmt::format("{} / {} is not exact", a, b));
      } else {
        result = a / b;
      }
  }
  if (overflow) return failed("an integer exceeds 64 bits");
  return Value(result);
}

Evaluated real_arithmetic(Op op, double a, double b) {
  switch (op) {
    case Op::add:
      return Value(a + b);
    case Op::subtract:
      return Value(a - b);
    case Op::multiply:
      return Value(a * b);
    case Op::divide:
      if (b == 0) return failed("a number divided by zero");
      return Value(a / b);
    default:
      return failed(fmt::format("`{}` is for ints", op_name(op)), Code::value_type);
  }
}

Evaluated arithmetic(Op op, const Value& a, const Value& b) {
  if (!a.is_number()) return wrong_type(op, a);
  if (!b.is_number()) return wrong_type(op, b);
  if (a.integer() && b.integer()) return integer_arithmetic(op, *a.integer(), *b.integer());
  return real_arithmetic(op, a.number(), b.number());
}

bool less(const Value& a, const Value& b) {
  if (a.integer() && b.integer()) return *a.integer() < *b.integer();
  return a.number() < b.number();
}

Evaluated comparison(Op op, const Value& a, const Value& b) {
  if (op == Op::equal) return Value(a == b);
  if (op == Op::not_equal) return Value(!(a == b));
  if (!a.is_number()) return wrong_type(op, a);
  if (!b.is_number()) return wrong_type(op, b);
  switch (op) {
    case Op::less:
      return Value(less(a, b));
    case Op::less_equal:
      return Value(!less(b, a));
    case Op::greater:
      return Value(less(b, a));
    default:
      return Value(!less(a, b));
  }
}

Evaluated range(const Value& from, const Value& to) {
  if (!from.integer()) return wrong_type(Op::range, from);
  if (!to.integer()) return wrong_type(Op::range, to);
  std::int64_t length = 0;
  if (__builtin_sub_overflow(*to.integer(), *from.integer(), &length) || length > max_range) {
    return failed(fmt::format("the range {}..{} is too long", *from.integer(), *to.integer()), Code::plan_limit);
  }
  Value::List values;
  for (std::int64_t i = *from.integer(); i < *to.integer(); ++i) values.emplace_back(i);
  return Value(std::move(values));
}

/// `min` and `max` take one list or several numbers.
Evaluated extreme(Op op, std::span<const Value> operands) {
  std::span<const Value> values = operands;
  if (operands.size() == 1) {
    if (!operands[0].list()) return wrong_type(op, operands[0]);
    values = *operands[0].list();
  }
  if (values.empty()) {
    return tl::unexpected(NoValue{NoValue::Kind::missing, fmt::format("`{}` of an empty list", op_name(op))});
  }
  for (const Value& value : values) {
    if (!value.is_number()) return wrong_type(op, value);
  }
  return op == Op::min ? *std::min_element(values.begin(), values.end(), less)
                       : *std::max_element(values.begin(), values.end(), less);
}

Evaluated of_list(Op op, const Value& value) {
  const Value::List* list = value.list();
  if (!list) return wrong_type(op, value);
  if (op == Op::len) return Value(static_cast<std::int64_t>(list->size()));
  if (list->empty()) return tl::unexpected(NoValue{NoValue::Kind::missing, "`first` of an empty list"});
  return list->front();
}

Evaluated to_int(const Value& value) {
  if (value.integer()) return value;
  if (!value.real()) return wrong_type(Op::to_int, value);
  const double real = *value.real();
  if (real != std::floor(real) || std::abs(real) >= 0x1p62)
    return failed(fmt::format("`int` of {} is not exact", real));
  return Value(static_cast<std::int64_t>(real));
}

Evaluated logarithm(const Value& value) {
  if (!value.is_number()) return wrong_type(Op::ln, value);
  if (value.number() <= 0) return failed(fmt::format("`ln` of {}", value.number()));
  return Value(std::log(value.number()));
}

Evaluated square_root(const Value& value) {
  if (!value.is_number()) return wrong_type(Op::sqrt, value);
  if (value.number() < 0) return failed(fmt::format("`sqrt` of {}", value.number()));
  return Value(std::sqrt(value.number()));
}

Evaluated negate(const Value& value) {
  if (value.integer()) return integer_arithmetic(Op::subtract, 0, *value.integer());
  if (value.real()) return Value(-*value.real());
  return wrong_type(Op::negate, value);
}

}  // namespace

Evaluated apply_operator(Op op, std::span<const Value> operands) {
  switch (op) {
    case Op::list:
      return Value(Value::List(operands.begin(), operands.end()));
    case Op::range:
      return range(operands[0], operands[1]);
    case Op::negate:
      return negate(operands[0]);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
    case Op::ceildiv:
      return arithmetic(op, operands[0], operands[1]);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return comparison(op, operands[0], operands[1]);
    case Op::in:
    case Op::not_in: {
      const Value::List* list = operands[1].list();
      if (!list) return wrong_type(op, operands[1]);
      return Value((std::find(list->begin(), list->end(), operands[0]) != list->end()) == (op == Op::in));
    }
    case Op::len:
    case Op::first:
      return of_list(op, operands[0]);
    case Op::min:
    case Op::max:
      return extreme(op, operands);
    case Op::to_int:
      return to_int(operands[0]);
    case Op::ln:
      return logarithm(operands[0]);
    case Op::sqrt:
      return square_root(operands[0]);
    default:
      return failed(fmt::format("`{}` is no operation on values", op_name(op)));
  }
}

}  // namespace omap
