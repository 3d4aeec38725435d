#include "runtime/bind/config_dtype.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "runtime/dtype/dtype.h"

namespace omap {
namespace {

/// Whether an expression gives a dtype, whichever of its values it has.
bool is_dtype(const Plan& plan, const Expr& expr) {
  const auto all_after = [&](std::size_t first) {
    return std::all_of(expr.args.begin() + static_cast<std::ptrdiff_t>(first), expr.args.end(),
                       [&](const Expr& arg) { return is_dtype(plan, arg); });
  };
  switch (expr.op) {
    case Expr::Op::dtype:
      return true;
    case Expr::Op::param: {
      const Param* param = plan.find_param(expr.name);
      return param && param->type == ParamType::dtype && !param->list && param->index.empty();
    }
    case Expr::Op::conditional:
      return all_after(1);
    case Expr::Op::coalesce:
      return all_after(0);
    default:
      return false;
  }
}

}  // namespace

Value spelled_for_config(const Plan& plan, const Expr& expr, Value value) {
  if (!value.string() || !is_dtype(plan, expr)) return value;
  const auto dtype = dtype_from_text(*value.string());
  const auto name = dtype ? torch_name(*dtype) : std::nullopt;
  return name ? Value(std::string(*name)) : value;
}

}  // namespace omap
