#include "runtime/plan/exclusion.h"

#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/plan/assumptions.h"
#include "runtime/plan/conjunctions.h"
#include "runtime/plan/key_overlap.h"
#include "runtime/plan/witness.h"

namespace omap {
namespace {

using Op = Expr::Op;
using Outcome = Exclusion::Outcome;

/// What two claims are about at once, as far as one question goes.
struct Verdict {
  bool possible = false;
  /// It depends on more than ints and remainders of them.
  bool opaque = false;
  std::optional<std::string> witness;
};

/// `layer in [its values]`
Expr of_its_index(const std::string& name) {
  Expr element;
  element.op = Op::index;
  element.name = name;
  Expr values;
  values.op = Op::index_list;
  values.name = name;
  Expr made;
  made.op = Op::in;
  made.args.push_back(std::move(element));
  made.args.push_back(std::move(values));
  return made;
}

/// `layer@0 != layer@1`
Expr differs(const std::string& index) {
  Expr made;
  made.op = Op::not_equal;
  for (const std::size_t copy : {std::size_t{0}, std::size_t{1}}) {
    Expr& value = made.args.emplace_back();
    value.op = Op::index;
    value.name = occurrence(index, copy);
  }
  return made;
}

class Question {
 public:
  Question(const Sorts& sorts, std::size_t& steps) : sorts_(sorts), steps_(steps) {}

  void add(const Claim& claim, std::size_t copy) {
    const Owner owner = copy == 0 ? Owner::first : Owner::second;
    for (const std::string& name : indexes_of(claim)) {
      domains_.push_back(of_its_index(name));
      goals_.push_back({{&domains_.back(), copy}, true, owner});
    }
    if (claim.when) goals_.push_back({{claim.when, copy}, true, owner});
  }
  void assume(const std::vector<const Expr*>& conditions) {
    for (const Expr* condition : conditions) goals_.push_back({{condition, 0}, true, Owner::nobody});
  }

  /// With `beside` true too; a witness is looked for if `exact`.
  Verdict ask(const std::vector<Expr>& beside, bool exact) {
    std::vector<Atom> goals = goals_;
    for (const Expr& condition : beside) goals.push_back({{&condition, 0}, true, Owner::nobody});
    Verdict verdict;
    Conjunctions conjunctions(sorts_, steps_);
    const bool all = conjunctions.visit(std::move(goals), [&](const auto& atoms, const Derivation& derivation) {
      verdict.possible = true;
      verdict.opaque = verdict.opaque || !exact || is_opaque(derivation);
      if (exact) verdict.witness = find_witness(sorts_, atoms, derivation, steps_);
      return verdict.witness || !exact ? Conjunctions::Next::stop : Conjunctions::Next::go_on;
    });
    if (!all) verdict.possible = verdict.opaque = true;
    return verdict;
  }

 private:
  static bool is_opaque(const Derivation& derivation) {
    for (const auto& [form, fact] : derivation.ints) {
      for (const auto& [quantity, coefficient] : form.terms) {
        if (quantity.kind == Quantity::Kind::opaque || quantity.kind == Quantity::Kind::size) return true;
      }
    }
    for (const auto& [text, fact] : derivation.terms) {
      if (fact.said_by[0] || fact.said_by[1]) return true;
    }
    return false;
  }

  const Sorts& sorts_;
  std::size_t& steps_;
  std::vector<Atom> goals_;
  std::deque<Expr> domains_;
};

bool same(const Expr* a, const Expr* b) { return (!a && !b) || (a && b && *a == *b); }
/// Whether one holds, of the same things, wherever the other does.
bool one_implies_other(const Claim& a, const Claim& b) {
  const bool same_keys = (!a.key && !b.key && indexes_of(a) == indexes_of(b)) || (a.key && b.key && *a.key == *b.key);
  return same_keys && (!a.when || !b.when || same(a.when, b.when));
}

}  // namespace

Exclusion Exclusions::between(const Claim& a, const Claim& b) {
  const std::array<Claim, 2> claims{a, b};
  const bool implied = one_implies_other(a, b) && !(a.optional && b.optional);
  if (exhausted()) return {};
  const std::vector<KeyOverlap> overlaps =
      a.key && b.key ? key_overlaps(sorts_, *a.key, *b.key, steps_) : std::vector<KeyOverlap>{KeyOverlap{}};
  if (overlaps.empty()) return {Outcome::disjoint, {}};

  const Assumptions assumed = assumptions(sorts_, claims);
  Question question(sorts_, steps_);
  question.add(a, 0);
  question.add(b, 1);
  question.assume(assumed.certain);
  Verdict all;
  for (const KeyOverlap& overlap : overlaps) {
    Verdict verdict = question.ask(overlap.equal, overlap.exact && assumed.possible.empty());
    if (verdict.possible && !assumed.possible.empty()) {
      Question agreed = question;
      agreed.assume(assumed.possible);
      const bool possible = verdict.possible;
      verdict = agreed.ask(overlap.equal, overlap.exact);
      if (!verdict.possible) verdict.opaque = false;
      verdict.possible = possible;
    }
    all.possible = all.possible || verdict.possible;
    all.opaque = all.opaque || verdict.opaque;
    if (verdict.witness && !all.witness) all.witness = std::move(verdict.witness);
  }
  if (!all.possible) return {Outcome::disjoint, {}};
  if (a.optional && b.optional) return {Outcome::unknown, {}};
  if (all.witness) return {Outcome::clash, std::move(*all.witness)};
  return {implied && all.opaque ? Outcome::clash : Outcome::unknown, {}};
}

Exclusion Exclusions::within(const Claim& claim) {
  if (exhausted()) return {};
  Question question(sorts_, steps_);
  question.add(claim, 0);
  question.add(claim, 1);
  Exclusion found{Outcome::disjoint, {}};
  for (const KeyOverlap& overlap : key_overlaps(sorts_, *claim.key, *claim.key, steps_)) {
    for (const std::string& index : indexes_of(claim)) {
      std::vector<Expr> beside = overlap.equal;
      beside.push_back(differs(index));
      Verdict verdict = question.ask(beside, overlap.exact);
      if (verdict.witness) return {Outcome::clash, std::move(*verdict.witness)};
      if (verdict.possible) found.outcome = Outcome::unknown;
    }
  }
  return found;
}

bool Exclusions::may_hold(const Claim& claim) {
  if (exhausted()) return true;
  Question question(sorts_, steps_);
  question.add(claim, 0);
  question.assume(assumptions(sorts_, std::span(&claim, 1)).certain);
  return question.ask({}, false).possible;
}

}  // namespace omap
