#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/plan/plan.h"

namespace omap {

/// What an expression's value is, wherever it has one.
enum class Sort : std::uint8_t {
  integer,
  text,
  boolean,
  unknown,  ///< anything: what configs hold, floats, lists
};

/// The index that an occurrence means: two claims that are compared have indexes of their own, `layer@0` and
/// `layer@1`, which no plan can name.
[[nodiscard]] std::string_view declared_name(std::string_view occurrence);
[[nodiscard]] std::string occurrence(std::string_view index, std::size_t copy);

/// The sorts of a plan's names and expressions, as binding holds them to their declarations: an int param is an int
/// or an error. Refers to the plan.
class Sorts {
 public:
  explicit Sorts(const Plan& plan);

  [[nodiscard]] Sort of(const Expr& expr) const;
  /// What a list holds.
  [[nodiscard]] Sort of_elements(const Expr& list) const;

  [[nodiscard]] const Plan& plan() const { return plan_; }
  /// By its name or an occurrence of it; null if there is none.
  [[nodiscard]] const Index* index(std::string_view name) const;
  [[nodiscard]] const Param* param(std::string_view name) const;
  /// The names that an index written as names (`{q, k, v}`) has, its condition aside.
  [[nodiscard]] std::optional<std::vector<std::string>> names_of(const Index& index) const;

 private:
  const Plan& plan_;
  std::unordered_map<std::string_view, const Param*> params_;
  std::unordered_map<std::string_view, const Index*> indexes_;
  std::unordered_map<std::string_view, Sort> index_sorts_;
};

}  // namespace omap
