#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/json/value.h"
#include "runtime/plan/linear_form.h"
#include "runtime/plan/sorts.h"

namespace omap {

/// What stands for an index (by its occurrence) or an int param (by its name): another form, a value, or another name.
using Replacement = std::variant<LinearForm, Value, std::string>;
using Substitution = std::map<std::string, Replacement, std::less<>>;

/// An expression of one of the two claims: which indexes its names mean.
struct Spot {
  const Expr* expr = nullptr;
  std::size_t copy = 0;
};

/// `(of + shift) % modulus`; `of` has coefficients in [0, modulus) and no constant, so that remainders of shifted
/// values can be compared.
struct Residue {
  LinearForm of;
  std::int64_t shift = 0;
  std::int64_t modulus = 1;
};

/// Reads expressions so that what is equal by arithmetic, or by a substitution, is spelled equally. Whatever is said
/// holds where binding finds a value: an overflow or an inexact division has none, so sums are exact.
class Canonical {
 public:
  /// All are referred to. `steps` counts the expressions that were read.
  Canonical(const Sorts& sorts, const Substitution& substitution, std::size_t& steps)
      : sorts_(sorts), substitution_(substitution), steps_(steps) {}

  /// Of an expression of the sort integer.
  [[nodiscard]] LinearForm linear(Spot spot);
  /// Equal texts are equal values. Not the other way round.
  [[nodiscard]] std::string text(Spot spot);
  /// Its value, if it is the same always.
  [[nodiscard]] std::optional<Value> constant(Spot spot);

  [[nodiscard]] Sort sort(Spot spot) const { return sorts_.of(*spot.expr); }
  /// What the residues among the quantities that were read stand for, by their texts.
  [[nodiscard]] const std::map<std::string, Residue>& residues() const { return residues_; }

 private:
  [[nodiscard]] const Replacement* replacement(Spot spot) const;
  LinearForm name(Spot spot, Quantity::Kind kind);
  std::vector<LinearForm> operands(Spot spot);
  LinearForm arithmetic(Spot spot);
  LinearForm product(Spot spot);
  LinearForm remainder(Spot spot);
  LinearForm folded(Spot spot, const std::vector<LinearForm>& forms);
  LinearForm unread(Spot spot, const std::vector<LinearForm>& forms);
  std::string spelled(Spot spot);
  std::string assembled(Spot spot, std::vector<std::string> args);
  std::string key_text(const KeyTemplate& key, std::size_t copy);

  const Sorts& sorts_;
  const Substitution& substitution_;
  std::size_t& steps_;
  std::map<std::string, Residue> residues_;
};

/// The name of an index or a param as a substitution knows it.
[[nodiscard]] std::string substituted_name(Spot spot);
/// Adds that `by` stands for `name`, in what is known already too. `by` does not name it.
void substitute(Substitution& substitution, const std::string& name, Quantity::Kind kind, const Replacement& by);

}  // namespace omap
