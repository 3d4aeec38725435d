#include "runtime/plan/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/json/json.h"

namespace omap {
namespace {

using Op = Expr::Op;

constexpr std::size_t max_tries = 300;
constexpr std::int64_t max_values = 12;
/// With remainders in play the first values may all be refused.
constexpr std::int64_t max_values_with_residues = 70;

/// What a value is looked for.
struct Unknown {
  Quantity::Kind kind = Quantity::Kind::index;
  std::string name;
  Sort sort = Sort::integer;
  friend auto operator<=>(const Unknown&, const Unknown&) = default;
};

std::vector<Unknown> unknowns_of(const Sorts& sorts, const std::vector<Atom>& atoms) {
  std::set<Unknown> all;
  for (const Atom& atom : atoms) {
    for_each_expr(*atom.spot.expr, [&](const Expr& expr) {
      const Sort sort = sorts.of(expr);
      const std::string name = substituted_name({&expr, atom.spot.copy});
      if (expr.op == Op::index) all.insert({Quantity::Kind::index, name, sort});
      if (expr.op == Op::param && sort == Sort::integer) all.insert({Quantity::Kind::param, name, sort});
    });
  }
  return {all.begin(), all.end()};
}

bool reads_index(const Expr& expr) {
  bool found = false;
  for_each_expr(expr, [&](const Expr& e) { found = found || e.op == Op::index; });
  return found;
}

class Search {
 public:
  Search(const Sorts& sorts, const std::vector<Atom>& atoms, std::size_t& steps)
      : sorts_(sorts), atoms_(atoms), steps_(steps), unknowns_(unknowns_of(sorts, atoms)) {}

  std::optional<std::string> run(const Derivation& at) {
    const auto open = std::find_if(unknowns_.begin(), unknowns_.end(), [&](const Unknown& unknown) {
      return !at.substitution.contains(unknown.name) && !candidates(at, unknown).empty();
    });
    if (open == unknowns_.end()) return is_witness(at) ? std::optional(text(at)) : std::nullopt;
    for (const Replacement& value : candidates(at, *open)) {
      if (++tries_ > max_tries) return std::nullopt;
      Substitution substitution = at.substitution;
      substitute(substitution, open->name, open->kind, value);
      const auto next = derive(sorts_, atoms_, std::move(substitution), steps_);
      if (!next) continue;
      if (auto found = run(*next)) return found;
    }
    return std::nullopt;
  }

 private:
  /// Values worth a try, the best first.
  static std::vector<Replacement> candidates(const Derivation& at, const Unknown& unknown) {
    if (unknown.sort == Sort::integer) return int_candidates(at, {unknown.kind, unknown.name});
    std::vector<Replacement> values;
    const auto fact = at.terms.find(unknown.name);
    if (unknown.sort != Sort::text || fact == at.terms.end() || !fact->second.allowed) return values;
    for (const Value& value : *fact->second.allowed) values.emplace_back(value);
    return values;
  }

  static std::vector<Replacement> int_candidates(const Derivation& at, const Quantity& quantity) {
    std::vector<Replacement> values;
    const auto add = [&](std::int64_t value) { values.emplace_back(constant_form(value)); };
    const auto fact = at.ints.find(quantity_form(quantity));
    const bool residues = std::any_of(at.ints.begin(), at.ints.end(), [](const auto& entry) {
      return std::any_of(entry.first.terms.begin(), entry.first.terms.end(),
                         [](const auto& term) { return term.first.kind == Quantity::Kind::residue; });
    });
    const std::int64_t most = residues ? max_values_with_residues : max_values;
    if (fact != at.ints.end() && fact->second.allowed) {
      for (const std::int64_t value : *fact->second.allowed) {
        if (std::ssize(values) < most) add(value);
      }
      return values;
    }
    const LinearSystem::Bounds bounds = at.system.bounds(quantity);
    constexpr std::int64_t far = INT64_MAX / 2;
    const bool upwards = bounds.least || !bounds.greatest;
    const std::int64_t from = bounds.least ? *bounds.least : bounds.greatest.value_or(0);
    if (from > far || from < -far) return values;
    for (std::int64_t i = 0; i < most; ++i) {
      const std::int64_t value = upwards ? from + i : from - i;
      if (!bounds.greatest || value <= *bounds.greatest) add(value);
    }
    if (!bounds.least && !bounds.greatest) add(-1);
    return values;
  }

  /// Whether nothing is left to be asked of ints, and one claim's other conditions imply the other's.
  static bool is_witness(const Derivation& at) {
    if (!at.ints.empty()) return false;
    bool first_within_second = true;
    bool second_within_first = true;
    for (const auto& [text, fact] : at.terms) {
      const bool both = fact.said_by[0] && fact.said_by[1];
      if (!fact.said_by[0] && !fact.said_by[1]) continue;
      if (!fact.free) return false;
      // What a list holds at an index, for its other values may be otherwise.
      if (!both && reads_index(*fact.spot.expr)) return false;
      // A value that neither claim names.
      if (both && !fact.allowed && fact.excluded_by[0] != fact.excluded_by[1]) return false;
      first_within_second = first_within_second && fact.said_by[1];
      second_within_first = second_within_first && fact.said_by[0];
    }
    return first_within_second || second_within_first;
  }

  static std::string value_text(const Replacement& value) {
    if (const auto* form = std::get_if<LinearForm>(&value)) return to_text(*form);
    if (const auto* constant = std::get_if<Value>(&value)) return dump_json(*constant);
    return std::get<std::string>(value);
  }

  [[nodiscard]] std::string text(const Derivation& at) const {
    std::vector<std::string> parts;
    const auto value_of = [&](const std::string& name) -> std::string {
      const auto found = at.substitution.find(name);
      return found == at.substitution.end() ? std::string() : value_text(found->second);
    };
    for (const Unknown& unknown : unknowns_) {
      const std::string name(declared_name(unknown.name));
      const std::string here = value_of(unknown.name);
      if (here.empty()) continue;
      const std::string twin = unknown.name.ends_with("@0") ? value_of(occurrence(name, 1)) : "";
      const bool twin_came = unknown.name.ends_with("@1") && !value_of(occurrence(name, 0)).empty();
      if (twin_came) continue;
      parts.push_back(twin.empty() || twin == here ? fmt::format("`{}` = {}", name, here)
                                                   : fmt::format("`{}` = {} here, {} there", name, here, twin));
    }
    for (const auto& [key, fact] : at.terms) {
      if (!fact.said_by[0] && !fact.said_by[1]) continue;
      const std::string term = to_text(*fact.spot.expr);
      if (fact.is_condition) {
        parts.push_back(fmt::format("{}`{}`", fact.holds ? "" : "not ", term));
      } else if (fact.allowed) {
        parts.push_back(fmt::format("`{}` = {}", term, dump_json(fact.allowed->front())));
      }
    }
    std::string joined;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      joined += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    }
    return joined;
  }

  const Sorts& sorts_;
  const std::vector<Atom>& atoms_;
  std::size_t& steps_;
  std::vector<Unknown> unknowns_;
  std::size_t tries_ = 0;
};

}  // namespace

std::optional<std::string> find_witness(const Sorts& sorts, const std::vector<Atom>& atoms,
                                        const Derivation& derivation, std::size_t& steps) {
  return Search(sorts, atoms, steps).run(derivation);
}

}  // namespace omap
