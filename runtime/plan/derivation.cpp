#include "runtime/plan/derivation.h"

#include <string>
#include <utility>

namespace omap {
namespace {

using Op = Expr::Op;

/// Later occurrences are given by earlier ones, and indexes before params.
bool better(const Quantity& a, const Quantity& b) {
  if (a.kind != b.kind) return a.kind == Quantity::Kind::index;
  return b.text < a.text;
}

struct Given {
  std::string name;
  Quantity::Kind kind = Quantity::Kind::index;
  Replacement by;
};

/// A name whose value an equality gives, in terms of indexes and params only.
std::optional<Given> given_by(const LinearForm& form, std::int64_t value) {
  const std::pair<Quantity, std::int64_t>* best = nullptr;
  for (const auto& term : form.terms) {
    if (term.first.kind != Quantity::Kind::index && term.first.kind != Quantity::Kind::param) return std::nullopt;
    const bool unit = term.second == 1 || term.second == -1;
    if (unit && (!best || better(term.first, best->first))) best = &term;
  }
  if (!best) return std::nullopt;
  // sign * name + rest = value
  LinearForm rest = form;
  std::erase_if(rest.terms, [&](const auto& term) { return term.first == best->first; });
  auto by = add_scaled(constant_form(value), rest, -1);
  if (by && best->second == -1) by = add_scaled({}, *by, -1);
  if (!by) return std::nullopt;
  return Given{best->first.text, best->first.kind, std::move(*by)};
}

/// The name of an index of texts that `spot` is, if it stands for itself.
std::optional<std::string> open_text(const Sorts& sorts, Spot spot, const Substitution& substitution) {
  if (spot.expr->op != Op::index || sorts.of(*spot.expr) != Sort::text) return std::nullopt;
  std::string name = substituted_name(spot);
  return substitution.contains(name) ? std::nullopt : std::optional(std::move(name));
}

/// `part@1 == part@0`: both are one.
std::optional<Given> alias(const Sorts& sorts, const Atom& atom, const Substitution& substitution, std::size_t& steps) {
  const Expr& expr = *atom.spot.expr;
  if (!atom.positive || expr.op != Op::equal) return std::nullopt;
  const Spot a{&expr.args[0], atom.spot.copy};
  const Spot b{&expr.args[1], atom.spot.copy};
  for (const auto& [name_of, other] : {std::pair(b, a), std::pair(a, b)}) {
    const auto name = open_text(sorts, name_of, substitution);
    if (!name || sorts.of(*other.expr) != Sort::text) continue;
    const bool plain = other.expr->op == Op::index || other.expr->op == Op::literal;
    if (!plain) continue;
    Canonical canonical(sorts, substitution, steps);
    if (const auto value = canonical.constant(other)) return Given{*name, Quantity::Kind::index, *value};
    std::string text = canonical.text(other);
    if (text != *name) return Given{*name, Quantity::Kind::index, std::move(text)};
  }
  return std::nullopt;
}

std::optional<Given> given(const Sorts& sorts, std::span<const Atom> atoms, const Facts& facts,
                           const Substitution& substitution, std::size_t& steps) {
  for (const Atom& atom : atoms) {
    if (auto found = alias(sorts, atom, substitution, steps)) return found;
  }
  for (const auto& [form, fact] : facts.ints()) {
    if (!fact.least || fact.least != fact.greatest) continue;
    if (auto found = given_by(form, *fact.least)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Derivation> derive(const Sorts& sorts, std::span<const Atom> atoms, Substitution substitution,
                                 std::size_t& steps) {
  constexpr int max_rounds = 32;
  for (int round = 0;; ++round) {
    Facts facts(sorts, substitution, steps);
    for (const Atom& atom : atoms) facts.add(atom);
    if (facts.contradictory()) return std::nullopt;
    const auto found = round < max_rounds ? given(sorts, atoms, facts, substitution, steps) : std::nullopt;
    if (!found) return Derivation{std::move(substitution), facts.ints(), facts.terms(), facts.system()};
    substitute(substitution, found->name, found->kind, found->by);
  }
}

}  // namespace omap
