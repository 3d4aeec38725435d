#include "runtime/bind/rule_values.h"

#include <algorithm>
#include <cmath>

namespace omap {
namespace {

ValueStep::Op step_op(ValueOp::Kind kind) {
  switch (kind) {
    case ValueOp::Kind::add:
      return ValueStep::Op::add;
    case ValueOp::Kind::subtract:
      return ValueStep::Op::subtract;
    case ValueOp::Kind::multiply:
      return ValueStep::Op::multiply;
    case ValueOp::Kind::divide:
      break;
  }
  return ValueStep::Op::divide;
}

ValueStep::Op inverse(ValueStep::Op op) {
  switch (op) {
    case ValueStep::Op::add:
      return ValueStep::Op::subtract;
    case ValueStep::Op::subtract:
      return ValueStep::Op::add;
    case ValueStep::Op::multiply:
      return ValueStep::Op::divide;
    case ValueStep::Op::divide:
      break;
  }
  return ValueStep::Op::multiply;
}

tl::unexpected<NoValue> failed(std::string what, const std::string& param) {
  return tl::unexpected(NoValue{NoValue::Kind::failed, std::move(what), Code::value_type, param});
}

tl::expected<double, NoValue> number_of(const std::string& param, Environment& environment) {
  const Evaluated value = environment.param(param);
  if (!value) return tl::unexpected(value.error());
  if (value->is_number() && std::isfinite(value->number())) return value->number();
  return failed(fmt::format("`{}` is computed with, and is no finite number", param), param);
}

tl::expected<std::vector<ValueStep>, NoValue> steps_of(const Term& term, bool solved, Environment& environment) {
  std::vector<ValueStep> steps;
  std::uint32_t operands = 0;
  for (const ValueOp& op : term.ops) {
    ValueStep step;
    step.op = solved ? inverse(step_op(op.kind)) : step_op(op.kind);
    if (const double* number = std::get_if<double>(&op.operand)) {
      step.number = *number;
    } else if (const std::string* param = std::get_if<std::string>(&op.operand)) {
      const auto value = number_of(*param, environment);
      if (!value) return tl::unexpected(value.error());
      step.number = *value;
      if (step.op == ValueStep::Op::divide && step.number == 0) {
        return failed(fmt::format("`{}` is 0, and this direction divides by it", *param), *param);
      }
    } else {
      step.operand = operands++;
    }
    steps.push_back(step);
  }
  if (solved) std::ranges::reverse(steps);
  return steps;
}

tl::expected<Dtype, NoValue> dtype_of(const Expr& as, Environment& environment) {
  const Evaluated value = environment.evaluate(as);
  if (!value) return tl::unexpected(value.error());
  const auto dtype = value->string() ? dtype_from_text(*value->string()) : std::nullopt;
  if (dtype) return *dtype;
  return failed(fmt::format("`{}` is {}, which is no dtype", to_text(as),
                            value->string() ? "`" + *value->string() + "`" : std::string(value->type_name())),
                as.name);
}

}  // namespace

tl::expected<RuleValues, NoValue> rule_values(const Rule& rule, Direction direction, Environment& environment) {
  RuleValues values;
  for (const bool source : {true, false}) {
    for (const Term& term : source ? rule.sources(direction) : rule.destinations(direction)) {
      TermValues made;
      auto steps = steps_of(term, !source, environment);
      if (!steps) return tl::unexpected(steps.error());
      made.steps = std::move(*steps);
      if (term.as && (!source || !term.is_tensor())) {
        const auto dtype = dtype_of(*term.as, environment);
        if (!dtype) return tl::unexpected(dtype.error());
        made.dtype = *dtype;
      }
      (source ? values.sources : values.destinations).push_back(std::move(made));
    }
  }
  return values;
}

}  // namespace omap
