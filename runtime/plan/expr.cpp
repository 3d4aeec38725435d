#include "runtime/plan/expr.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "runtime/plan/plan_limits.h"
#include "runtime/plan/spelling.h"

namespace omap {
namespace {

using Op = Expr::Op;

constexpr std::uint8_t any = any_number_of_args;

constexpr auto ops = std::to_array<OpInfo>({
    {Op::literal, "literal", 0, 0},
    {Op::param, "param", 0, 0},
    {Op::index, "index", 0, 0},
    {Op::index_list, "indexes", 0, 0},
    {Op::config, "config", 0, 0},
    {Op::config_file, "config_file", 0, 0},
    {Op::member, ".", 1, 1},
    {Op::item, "[]", 2, 2},
    {Op::list, "list", 0, any},
    {Op::range, "..", 2, 2},
    {Op::coalesce, "??", 2, any},
    {Op::conditional, "if", 3, 3},
    {Op::logical_and, "and", 2, 2},
    {Op::logical_or, "or", 2, 2},
    {Op::logical_not, "not", 1, 1},
    {Op::negate, "negate", 1, 1},
    {Op::add, "+", 2, 2},
    {Op::subtract, "-", 2, 2},
    {Op::multiply, "*", 2, 2},
    {Op::divide, "/", 2, 2},
    {Op::modulo, "%", 2, 2},
    {Op::equal, "==", 2, 2},
    {Op::not_equal, "!=", 2, 2},
    {Op::less, "<", 2, 2},
    {Op::less_equal, "<=", 2, 2},
    {Op::greater, ">", 2, 2},
    {Op::greater_equal, ">=", 2, 2},
    {Op::in, "in", 2, 2},
    {Op::not_in, "not in", 2, 2},
    {Op::len, "len", 1, 1},
    {Op::first, "first", 1, 1},
    {Op::min, "min", 1, any},
    {Op::max, "max", 1, any},
    {Op::ceildiv, "ceildiv", 2, 2},
    {Op::to_int, "int", 1, 1},
    {Op::ln, "ln", 1, 1},
    {Op::sqrt, "sqrt", 1, 1},
    {Op::present, "present", 1, 1},
    {Op::present_key, "present_key", 0, 0},
    {Op::extent, "extent", 1, 1},
    {Op::count, "count", 0, 0},
    {Op::dtype, "dtype", 0, 0},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (static_cast<std::size_t>(ops[i].op) != i) return false;
  }
  return ops.back().op == Op::dtype;
}
static_assert(in_order(), "op_name finds an operation by its number");

}  // namespace

std::string_view op_name(Expr::Op op) { return ops[static_cast<std::size_t>(op)].name; }
std::span<const OpInfo> all_ops() { return ops; }

bool is_config_file(std::string_view name) {
  const auto fits = [](char c) { return is_word_character(c) || c == '-' || c == '.'; };
  return name.ends_with(".json") && !name.starts_with('.') && name.size() <= PlanLimits::name_length &&
         name.find("..") == std::string_view::npos && std::ranges::all_of(name, fits);
}

}  // namespace omap
