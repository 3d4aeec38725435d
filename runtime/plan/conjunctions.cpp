#include "runtime/plan/conjunctions.h"

#include <algorithm>
#include <utility>

namespace omap {
namespace {

using Op = Expr::Op;

/// Of one question; what has more is left undecided.
constexpr std::size_t max_branches = 256;
constexpr std::size_t max_depth = 48;
constexpr std::size_t max_atoms = 256;
/// An element of a list becomes an equation, unless all are literals.
constexpr std::size_t max_elements = 32;
/// Expressions that are made on the way: definitions of indexes that are put in.
constexpr std::size_t max_made = 512;

Expr operation(Op op, Expr a, Expr b) {
  Expr made;
  made.op = op;
  made.args.push_back(std::move(a));
  made.args.push_back(std::move(b));
  return made;
}

/// `expr` with `element` in place of the value of an index.
Expr with_value(const Expr& expr, const std::string& index, const Expr& element) {
  if (expr.op == Op::index && expr.name == index) return element;
  Expr made = expr;
  for (Expr& arg : made.args) arg = with_value(arg, index, element);
  for (KeyPart& part : made.key.parts) part.expr = with_value(part.expr, index, element);
  return made;
}

}  // namespace

bool Conjunctions::visit(std::vector<Atom> goals, const Visit& visit) {
  branches_ = 0;
  too_many_ = false;
  solve({std::move(goals), {}, {}}, 0, visit);
  return !too_many_;
}

Conjunctions::Next Conjunctions::solve(State state, std::size_t depth, const Visit& visit) {
  if (++branches_ > max_branches || depth > max_depth) {
    too_many_ = true;
    return Next::stop;
  }
  while (!state.goals.empty()) {
    const Atom goal = state.goals.back();
    state.goals.pop_back();
    ++steps_;
    if (!expand(goal, state)) return Next::go_on;
    if (state.atoms.size() > max_atoms || state.goals.size() > max_atoms) {
      too_many_ = true;
      return Next::stop;
    }
  }
  const auto derivation = derive(sorts_, state.atoms, {}, steps_);
  if (!derivation) return Next::go_on;
  if (state.choices.empty()) return visit(state.atoms, *derivation);
  const std::vector<Goals> choice = std::move(state.choices.back());
  state.choices.pop_back();
  for (const Goals& goals : choice) {
    State next = state;
    next.goals = goals;
    if (solve(std::move(next), depth + 1, visit) == Next::stop) return Next::stop;
  }
  return Next::go_on;
}

void Conjunctions::add(State& state, bool conjoined, Goals goals) {
  if (conjoined) {
    state.goals.insert(state.goals.end(), goals.begin(), goals.end());
    return;
  }
  std::vector<Goals> choice;
  for (const Atom& goal : goals) choice.push_back({goal});
  state.choices.push_back(std::move(choice));
}

Spot Conjunctions::made(Expr expr, std::size_t copy) {
  arena_.push_back(std::move(expr));
  return {&arena_.back(), copy};
}

bool Conjunctions::expand(const Atom& goal, State& state) {
  const Expr& expr = *goal.spot.expr;
  switch (expr.op) {
    case Op::literal:
      if (expr.value.boolean()) return *expr.value.boolean() == goal.positive;
      break;
    case Op::logical_not:
    case Op::logical_and:
    case Op::logical_or:
    case Op::conditional:
      return expand_connective(goal, state);
    case Op::equal:
    case Op::not_equal:
      return expand_equality(goal, state);
    case Op::in:
    case Op::not_in:
      return expand_search(goal, state);
    default:
      break;
  }
  state.atoms.push_back(goal);
  return true;
}

bool Conjunctions::expand_connective(const Atom& goal, State& state) {
  const Expr& expr = *goal.spot.expr;
  const auto arg = [&](std::size_t i, bool positive) {
    return Atom{{&expr.args[i], goal.spot.copy}, positive, goal.owner};
  };
  if (expr.op == Op::logical_not) {
    state.goals.push_back(arg(0, !goal.positive));
  } else if (expr.op == Op::conditional) {
    state.choices.push_back({{arg(0, true), arg(1, goal.positive)}, {arg(0, false), arg(2, goal.positive)}});
  } else {
    add(state, (expr.op == Op::logical_and) == goal.positive, {arg(0, goal.positive), arg(1, goal.positive)});
  }
  return true;
}

/// `a == true` is `a`.
bool Conjunctions::expand_equality(const Atom& goal, State& state) {
  const Expr& expr = *goal.spot.expr;
  const bool equal = goal.positive == (expr.op == Op::equal);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const Expr& value = expr.args[i];
    const Expr& other = expr.args[1 - i];
    if (value.op != Op::literal || !value.value.boolean() || sorts_.of(other) != Sort::boolean) continue;
    state.goals.push_back({{&other, goal.spot.copy}, *value.value.boolean() == equal, goal.owner});
    return true;
  }
  state.atoms.push_back(goal);
  return true;
}

bool Conjunctions::expand_search(const Atom& goal, State& state) {
  const Expr& expr = *goal.spot.expr;
  const Expr& element = expr.args[0];
  const Expr& list = expr.args[1];
  const std::size_t copy = goal.spot.copy;
  const bool within = goal.positive == (expr.op == Op::in);
  const Sort sort = sorts_.of(element);
  const auto part = [&](Expr condition) { return Atom{made(std::move(condition), copy), within, goal.owner}; };
  if (arena_.size() > max_made) {
    state.atoms.push_back(goal);
  } else if (list.op == Op::range && sort == Sort::integer) {
    add(state, within,
        {part(operation(Op::greater_equal, element, list.args[0])), part(operation(Op::less, element, list.args[1]))});
  } else if (list.op == Op::list &&
             std::all_of(list.args.begin(), list.args.end(), [](const Expr& arg) { return arg.op == Op::literal; })) {
    Expr values;
    Value::List items;
    for (const Expr& arg : list.args) items.push_back(arg.value);
    values.value = Value(std::move(items));
    state.atoms.push_back(part(operation(Op::in, element, std::move(values))));
  } else if (list.op == Op::list && list.args.size() <= max_elements) {
    Goals equations;
    for (const Expr& arg : list.args) equations.push_back(part(operation(Op::equal, element, arg)));
    add(state, !within, std::move(equations));
  } else if (list.op == Op::conditional) {
    const Atom chosen{{&list.args[0], copy}, true, goal.owner};
    const Atom not_chosen{{&list.args[0], copy}, false, goal.owner};
    state.choices.push_back({{chosen, part(operation(Op::in, element, list.args[1]))},
                             {not_chosen, part(operation(Op::in, element, list.args[2]))}});
  } else if (list.op == Op::index_list && (sort == Sort::integer || sort == Sort::text)) {
    expand_index(goal, within, state);
  } else {
    state.atoms.push_back(goal);
  }
  return true;
}

/// An index has those values of its list that meet its condition. That it has the value is kept beside: two questions
/// for one index answer each other, whatever its definition.
void Conjunctions::expand_index(const Atom& goal, bool within, State& state) {
  const Expr& element = goal.spot.expr->args[0];
  const Index* index = sorts_.index(goal.spot.expr->args[1].name);
  const std::size_t copy = goal.spot.copy;
  state.atoms.push_back({goal.spot, goal.positive, Owner::nobody});
  Goals parts{{made(operation(Op::in, element, index->list), copy), within, goal.owner}};
  if (index->when) parts.push_back({made(with_value(*index->when, index->name, element), copy), within, goal.owner});
  add(state, within, std::move(parts));
}

}  // namespace omap
