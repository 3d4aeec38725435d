#include "runtime/plan/facts.h"

#include <algorithm>
#include <cmath>

#include "runtime/plan/modulo.h"

namespace omap {
namespace {

using Op = Expr::Op;

std::int64_t floor_divided(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

bool contains(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Whether equality with it is transitive: beyond 2^53 an int and a float may be equal to the same value, and differ.
bool is_exact(const Value& value) {
  if (value.list() || value.object()) return false;
  return !value.is_number() || std::abs(value.number()) <= 0x1p53;
}

/// Values of a list as the ints among them; nothing where a float is too large to tell.
std::optional<std::set<std::int64_t>> ints_among(const std::vector<Value>& values) {
  std::set<std::int64_t> ints;
  for (const Value& value : values) {
    if (value.integer()) {
      ints.insert(*value.integer());
    } else if (value.real()) {
      if (!is_exact(value)) return std::nullopt;
      if (*value.real() == std::floor(*value.real())) ints.insert(static_cast<std::int64_t>(*value.real()));
    }
  }
  return ints;
}

/// The sign and the common divisor of a form are taken out: what is left has one spelling.
struct Normal {
  LinearForm form;
  std::int64_t divisor = 1;
  std::int64_t constant = 0;
  bool flipped = false;
};

std::optional<Normal> normal(const LinearForm& form) {
  Normal made{form, content(form), form.constant, form.terms.front().second < 0};
  made.form.constant = 0;
  for (auto& [quantity, coefficient] : made.form.terms) {
    if (coefficient == INT64_MIN) return std::nullopt;
    coefficient /= made.flipped ? -made.divisor : made.divisor;
  }
  if (made.constant == INT64_MIN) return std::nullopt;
  return made;
}

}  // namespace

void Facts::add(const Atom& atom) {
  switch (atom.spot.expr->op) {
    case Op::equal:
    case Op::not_equal:
      return add_equality(atom);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return add_comparison(atom);
    case Op::in:
    case Op::not_in:
      return add_search(atom);
    default:
      break;
  }
  if (const auto value = canonical_.constant(atom.spot); value && value->boolean()) {
    return hold(*value->boolean() == atom.positive);
  }
  add_truth(atom, canonical_.text(atom.spot), atom.positive);
}

void Facts::add_form(const LinearForm& form, Relation relation) {
  if (form.is_constant()) {
    return hold(relation == Relation::at_most_zero ? form.constant <= 0
                                                   : (form.constant == 0) == (relation == Relation::zero));
  }
  const auto n = normal(form);
  if (!n) return;
  // divisor * (+-normal) + constant  relation  0
  IntFact& fact = ints_[n->form];
  if (relation == Relation::at_most_zero) {
    const std::int64_t most = floor_divided(-n->constant, n->divisor);
    if (n->flipped) {
      fact.least = std::max(fact.least.value_or(INT64_MIN), -most);
    } else {
      fact.greatest = std::min(fact.greatest.value_or(INT64_MAX), most);
    }
    return;
  }
  if (n->constant % n->divisor != 0) return hold(relation == Relation::not_zero);
  const std::int64_t value = (n->flipped ? 1 : -1) * (n->constant / n->divisor);
  if (relation == Relation::not_zero) {
    fact.excluded.insert(value);
    return;
  }
  fact.least = std::max(fact.least.value_or(INT64_MIN), value);
  fact.greatest = std::min(fact.greatest.value_or(INT64_MAX), value);
}

void Facts::add_membership(LinearForm form, const std::set<std::int64_t>& values, bool positive) {
  if (form.is_constant()) return hold(values.contains(form.constant) == positive);
  if (!positive) {
    for (const std::int64_t value : values) {
      if (const auto difference = add_scaled(form, constant_form(value), -1)) add_form(*difference, Relation::not_zero);
    }
    return;
  }
  const auto n = normal(form);
  if (!n) return;
  std::set<std::int64_t> allowed;
  for (const std::int64_t value : values) {
    std::int64_t rest = 0;
    // An overflow: a value that is not known to be ruled out. Bounds are then not narrowed.
    if (__builtin_sub_overflow(value, n->constant, &rest) || rest == INT64_MIN) return;
    if (rest % n->divisor == 0) allowed.insert((n->flipped ? -1 : 1) * (rest / n->divisor));
  }
  IntFact& fact = ints_[n->form];
  if (fact.allowed) std::erase_if(allowed, [&](std::int64_t value) { return !fact.allowed->contains(value); });
  fact.allowed = std::move(allowed);
}

void Facts::add_comparison(const Atom& atom) {
  const Op op = atom.spot.expr->op;
  Spot a{&atom.spot.expr->args[0], atom.spot.copy};
  Spot b{&atom.spot.expr->args[1], atom.spot.copy};
  if (op == Op::greater || op == Op::greater_equal) std::swap(a, b);
  // a < b, or a <= b, which is not b < a
  bool less = atom.positive;
  if (op == Op::less_equal || op == Op::greater_equal) {
    std::swap(a, b);
    less = !less;
  }
  if (canonical_.sort(a) == Sort::integer && canonical_.sort(b) == Sort::integer) {
    const LinearForm left = canonical_.linear(a);
    const LinearForm right = canonical_.linear(b);
    auto form = less ? add_scaled(left, right, -1) : add_scaled(right, left, -1);
    if (form && less) form = add_scaled(*form, constant_form(1), 1);
    if (form) add_form(*form, Relation::at_most_zero);
    return;
  }
  const auto left = canonical_.constant(a);
  const auto right = canonical_.constant(b);
  if (left && right && left->is_number() && right->is_number() && is_exact(*left) && is_exact(*right)) {
    return hold((left->number() < right->number()) == less);
  }
  add_truth(atom, "<(" + canonical_.text(a) + ", " + canonical_.text(b) + ")", less);
}

void Facts::add_equality(const Atom& atom) {
  Spot a{&atom.spot.expr->args[0], atom.spot.copy};
  Spot b{&atom.spot.expr->args[1], atom.spot.copy};
  const bool equal = atom.positive == (atom.spot.expr->op == Op::equal);
  const bool ints = canonical_.sort(a) == Sort::integer && canonical_.sort(b) == Sort::integer;
  if (ints) {
    if (const auto form = add_scaled(canonical_.linear(a), canonical_.linear(b), -1)) {
      add_form(*form, equal ? Relation::zero : Relation::not_zero);
    }
    return;
  }
  auto left = canonical_.constant(a);
  auto right = canonical_.constant(b);
  if (left && right) return hold((*left == *right) == equal);
  if (left) {
    std::swap(a, b);
    std::swap(left, right);
  }
  if (right && is_exact(*right) && canonical_.sort(a) != Sort::integer) {
    add_term(atom, canonical_.text(a), a, {*right}, equal);
    return;
  }
  std::string first = canonical_.text(a);
  std::string second = canonical_.text(b);
  // A float may be no number, which equals nothing.
  if (first == second && canonical_.sort(a) != Sort::unknown) return hold(equal);
  if (second < first) std::swap(first, second);
  add_truth(atom, "==(" + first + ", " + second + ")", equal);
}

void Facts::add_search(const Atom& atom) {
  const Spot element{&atom.spot.expr->args[0], atom.spot.copy};
  const Spot list{&atom.spot.expr->args[1], atom.spot.copy};
  const bool within = atom.positive == (atom.spot.expr->op == Op::in);
  const Value::List* values = list.expr->op == Op::literal ? list.expr->value.list() : nullptr;
  if (values && canonical_.sort(element) == Sort::integer) {
    if (const auto ints = ints_among(*values)) return add_membership(canonical_.linear(element), *ints, within);
  } else if (values && std::all_of(values->begin(), values->end(), is_exact)) {
    if (const auto constant = canonical_.constant(element)) return hold(contains(*values, *constant) == within);
    add_term(atom, canonical_.text(element), element, *values, within);
    return;
  }
  add_truth(atom, "in(" + canonical_.text(element) + ", " + canonical_.text(list) + ")", within);
}

void Facts::add_truth(const Atom& atom, std::string text, bool value) {
  TermFact& fact = add_term(atom, std::move(text), atom.spot, {Value(value)}, true);
  fact.is_condition = true;
  fact.holds = (fact.spot.expr == atom.spot.expr) ? atom.positive : fact.holds;
}

TermFact& Facts::add_term(const Atom& atom, std::string text, Spot term, std::vector<Value> values, bool positive) {
  const auto [found, is_new] = terms_.try_emplace(std::move(text));
  TermFact& fact = found->second;
  const Sort sort = canonical_.sort(term);
  if (is_new) {
    fact.spot = term;
    fact.free = is_free(term);
    if (sort == Sort::boolean) fact.allowed = {Value(true), Value(false)};
  }
  if (sort == Sort::text) std::erase_if(values, [](const Value& value) { return !value.string(); });
  if (positive) {
    if (fact.allowed) std::erase_if(values, [&](const Value& value) { return !contains(*fact.allowed, value); });
    fact.allowed = std::move(values);
  } else {
    fact.excluded.insert(fact.excluded.end(), values.begin(), values.end());
  }
  if (atom.owner == Owner::nobody) return fact;
  const auto owner = static_cast<std::size_t>(atom.owner);
  fact.said_by[owner] = true;
  if (!positive) fact.excluded_by[owner].insert(fact.excluded_by[owner].end(), values.begin(), values.end());
  return fact;
}

/// A param, a member of a config, an item of one of them, or whether such a list holds a value.
bool Facts::is_free(Spot spot) {
  const Expr& expr = *spot.expr;
  const auto arg = [&](std::size_t i) { return Spot{&expr.args[i], spot.copy}; };
  switch (expr.op) {
    case Op::param:
    case Op::config:
      return true;
    case Op::member:
    case Op::present:
      return is_free(arg(0));
    case Op::item:
      return is_free(arg(0)) && canonical_.constant(arg(1)).has_value();
    case Op::in:
    case Op::not_in:
      return is_free(arg(1)) && canonical_.constant(arg(0)).has_value();
    case Op::present_key:
      return std::all_of(expr.key.parts.begin(), expr.key.parts.end(), [&](const KeyPart& part) {
        return part.kind != KeyPart::Kind::placeholder || canonical_.constant({&part.expr, spot.copy}).has_value();
      });
    default:
      return false;
  }
}

bool Facts::contradictory() {
  if (false_ || !close_ints() || !close_terms() || !close_residues()) return true;
  for (const auto& [form, fact] : ints_) {
    if (fact.greatest) {
      if (const auto row = add_scaled(form, constant_form(*fact.greatest), -1)) system_.require_at_most_zero(*row);
    }
    if (fact.least) {
      const auto negated = add_scaled({}, form, -1);
      const auto row = negated ? add_scaled(*negated, constant_form(*fact.least), 1) : std::nullopt;
      if (row) system_.require_at_most_zero(*row);
    }
  }
  return system_.infeasible();
}

bool Facts::close_ints() {
  // Bounds that quantities have by themselves.
  std::vector<std::pair<Quantity, std::int64_t>> residues;
  std::vector<Quantity> sizes;
  for (const auto& [form, fact] : ints_) {
    for (const auto& [quantity, coefficient] : form.terms) {
      if (quantity.kind == Quantity::Kind::size) sizes.push_back(quantity);
      if (quantity.kind == Quantity::Kind::residue) {
        residues.emplace_back(quantity, canonical_.residues().at(quantity.text).modulus);
      }
    }
  }
  for (const Quantity& size : sizes) {
    IntFact& fact = ints_[quantity_form(size)];
    fact.least = std::max<std::int64_t>(fact.least.value_or(0), 0);
  }
  for (const auto& [residue, modulus] : residues) {
    IntFact& fact = ints_[quantity_form(residue)];
    fact.least = std::max<std::int64_t>(fact.least.value_or(0), 0);
    fact.greatest = std::min(fact.greatest.value_or(modulus - 1), modulus - 1);
  }
  return std::all_of(ints_.begin(), ints_.end(), [](auto& entry) { return tighten(entry.second); });
}

bool Facts::close_terms() {
  return std::all_of(terms_.begin(), terms_.end(), [](auto& entry) {
    TermFact& fact = entry.second;
    if (!fact.allowed) return true;
    std::erase_if(*fact.allowed, [&](const Value& value) { return contains(fact.excluded, value); });
    return !fact.allowed->empty();
  });
}

/// Remainders of one form are told apart by the class of the form itself, whatever was added to it.
bool Facts::close_residues() {
  std::map<LinearForm, Remainders> classes;
  for (const auto& [text, residue] : canonical_.residues()) {
    const auto found = ints_.find(quantity_form({Quantity::Kind::residue, text}));
    if (found == ints_.end()) continue;
    std::uint64_t& bits = classes[residue.of].try_emplace(residue.modulus, ~std::uint64_t{0}).first->second;
    std::uint64_t left = 0;
    for (std::int64_t value = *found->second.least; value <= *found->second.greatest; ++value) {
      if (!lists_allow(found->second, value)) continue;
      left |= std::uint64_t{1} << floor_modulo(value - residue.shift, residue.modulus);
    }
    bits &= left;
    if (bits == 0) return false;
  }
  return std::all_of(classes.begin(), classes.end(), [&](const auto& entry) {
    const auto found = ints_.find(entry.first);
    return can_leave(found == ints_.end() ? IntFact{} : found->second, entry.second);
  });
}

}  // namespace omap
