#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/canonical.h"
#include "runtime/plan/int_fact.h"
#include "runtime/plan/linear_system.h"

namespace omap {

/// Who says something: one of the two claims that are compared, or nobody: a requirement, the equality of two keys.
enum class Owner : std::uint8_t { first, second, nobody };

/// A condition without `and`, `or`, `not` and `if`, which holds or (not `positive`) does not.
struct Atom {
  Spot spot;
  bool positive = true;
  Owner owner = Owner::nobody;
};

/// What a term that is no linear form may be: a condition that nothing is known of is one that is true or false.
struct TermFact {
  std::optional<std::vector<Value>> allowed;
  std::vector<Value> excluded;
  /// Which claims say something of it, and what each of them excludes.
  std::array<bool, 2> said_by{};
  std::array<std::vector<Value>, 2> excluded_by;
  /// A setting or a source can make it what it is asked to be, whatever the rest: a param, a member of a config.
  bool free = false;
  /// The term; or the condition, and whether it holds as it is spelled there.
  Spot spot;
  bool is_condition = false;
  bool holds = true;
};

/// What a conjunction of atoms says of each form and of each term. Sound: what is found contradictory holds nowhere.
class Facts {
 public:
  /// All are referred to.
  Facts(const Sorts& sorts, const Substitution& substitution, std::size_t& steps)
      : canonical_(sorts, substitution, steps) {}

  void add(const Atom& atom);
  /// Once all are added. True: no values meet them.
  [[nodiscard]] bool contradictory();

  [[nodiscard]] const std::map<LinearForm, IntFact>& ints() const { return ints_; }
  [[nodiscard]] const std::map<std::string, TermFact>& terms() const { return terms_; }
  /// After `contradictory`: the same as inequalities.
  [[nodiscard]] const LinearSystem& system() const { return system_; }

 private:
  enum class Relation : std::uint8_t { at_most_zero, zero, not_zero };
  void add_form(const LinearForm& form, Relation relation);
  void add_membership(LinearForm form, const std::set<std::int64_t>& values, bool positive);
  void add_comparison(const Atom& atom);
  void add_equality(const Atom& atom);
  void add_search(const Atom& atom);
  TermFact& add_term(const Atom& atom, std::string text, Spot term, std::vector<Value> values, bool positive);
  void add_truth(const Atom& atom, std::string text, bool value);
  void hold(bool condition) { false_ = false_ || !condition; }

  bool close_ints();
  bool close_terms();
  bool close_residues();
  bool is_free(Spot spot);

  Canonical canonical_;
  std::map<LinearForm, IntFact> ints_;
  std::map<std::string, TermFact> terms_;
  LinearSystem system_;
  bool false_ = false;
};

}  // namespace omap
