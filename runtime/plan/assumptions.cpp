#include "runtime/plan/assumptions.h"

#include <algorithm>
#include <set>

namespace omap {
namespace {

using Op = Expr::Op;

/// More are not looked at.
constexpr std::size_t max_requirements = 256;

struct Reads {
  std::set<std::string> params;
  bool source = false;
};

void note_reads(const Expr& expr, Reads& reads) {
  for_each_expr(expr, [&](const Expr& e) {
    if (e.op == Op::param) reads.params.insert(e.name);
    const bool header = e.op == Op::present_key || e.op == Op::extent || e.op == Op::count || e.op == Op::dtype;
    reads.source = reads.source || header || e.op == Op::config;
  });
}

/// The params whose values binding needs for the value of `expr`, whatever they are; `true_`: that value is true.
void note_needed(const Expr& expr, bool is_true, std::set<std::string>& needed) {
  switch (expr.op) {
    case Op::param:
      needed.insert(expr.name);
      return;
    case Op::coalesce:
    case Op::present:
    case Op::item:
      return;
    case Op::conditional:
    case Op::logical_or:
      return note_needed(expr.args[0], false, needed);
    case Op::logical_and:
      note_needed(expr.args[0], is_true, needed);
      if (is_true) note_needed(expr.args[1], true, needed);
      return;
    default:
      for (const Expr& arg : expr.args) note_needed(arg, false, needed);
  }
}

/// Whether `expr` has a value wherever the params in `needed` have.
bool is_available(const Sorts& sorts, const Expr& expr, const std::set<std::string>& needed) {
  switch (expr.op) {
    case Op::param: {
      const Param* param = sorts.param(expr.name);
      return param && param->index.empty() && needed.contains(expr.name);
    }
    case Op::literal:
    case Op::list:
    case Op::range:
    case Op::conditional:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_not:
    case Op::negate:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
    case Op::ceildiv:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in:
    case Op::not_in:
    case Op::len:
      return std::all_of(expr.args.begin(), expr.args.end(),
                         [&](const Expr& arg) { return is_available(sorts, arg, needed); });
    default:
      return false;
  }
}

template <class Visit>
void for_each_part(const Sorts& sorts, const Claim& claim, const Visit& visit) {
  if (claim.when) visit(*claim.when, true);
  if (claim.key) {
    for (const KeyPart& part : claim.key->parts) {
      if (part.kind == KeyPart::Kind::placeholder) visit(part.expr, false);
    }
  }
  for (const std::string& name : indexes_of(claim)) {
    const Index* index = sorts.index(name);
    visit(index->list, false);
    // Some value of the index meets it.
    if (index->when) visit(*index->when, true);
  }
}

}  // namespace

std::vector<std::string> indexes_of(const Claim& claim) {
  std::vector<std::string> names;
  const auto add = [&](const Expr& expr) {
    const bool is_new = expr.op == Op::index && std::find(names.begin(), names.end(), expr.name) == names.end();
    if (is_new) names.push_back(expr.name);
  };
  if (claim.key) for_each_expr(*claim.key, add);
  if (claim.when) for_each_expr(*claim.when, add);
  return names;
}

Assumptions assumptions(const Sorts& sorts, std::span<const Claim> claims) {
  Assumptions found;
  const std::vector<Requirement>& all = sorts.plan().requirements;
  if (all.empty()) return found;
  Reads reads;
  std::set<std::string> needed;
  for (const Claim& claim : claims) {
    for_each_part(sorts, claim, [&](const Expr& expr, bool is_true) {
      note_reads(expr, reads);
      note_needed(expr, is_true, needed);
    });
  }
  for (std::size_t i = 0; i < std::min(all.size(), max_requirements); ++i) {
    const Expr& condition = all[i].condition;
    Reads own;
    note_reads(condition, own);
    const bool shared = (own.source && reads.source) ||
                        std::any_of(own.params.begin(), own.params.end(),
                                    [&](const std::string& param) { return reads.params.contains(param); });
    // One that reads nothing always applies.
    const bool constant = own.params.empty() && !own.source;
    if (shared || constant)
      (is_available(sorts, condition, needed) ? found.certain : found.possible).push_back(&condition);
  }
  return found;
}

}  // namespace omap
