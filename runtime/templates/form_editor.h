#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/templates/template_names.h"
#include "runtime/templates/tensor_form.h"

namespace omap {

/// A number.
[[nodiscard]] Expr number(std::int64_t value);
/// `a / b`, which binding refuses unless it is exact.
[[nodiscard]] Expr quotient(Expr a, Expr b);

/// A size that a dimension is cut into: `literal`, else `extent`.
struct Size {
  std::optional<std::int64_t> literal;
  Expr extent;
};

/// Changes a form, step by step. A step that fails says why (`problem`) and returns nothing or false.
class FormEditor {
 public:
  /// Begins with sources of this rank, or of any. Errors are about `range`. Refers to `names`.
  FormEditor(TensorForm form, TemplateNames& names, SourceRange range, std::optional<std::size_t> rank);

  TensorForm form;
  std::optional<Diagnostic> problem;
  /// A bound has been divided.
  bool divides = false;

  [[nodiscard]] FormAtom& atom(std::size_t id) { return form.atoms[id]; }
  /// Of a dimension as it is now.
  [[nodiscard]] std::vector<std::size_t>& atoms(std::size_t dim) { return form.after[dim].atoms; }

  // New atoms, which do not stand anywhere yet.

  std::size_t open();
  std::size_t literal(std::int64_t size);
  std::size_t named(const Expr& extent);
  std::size_t sized(const Size& size) { return size.literal ? literal(*size.literal) : named(size.extent); }
  std::size_t key(std::string index, const std::string& placeholder);
  /// The param that is a placeholder's bound.
  [[nodiscard]] Expr bound(const std::string& placeholder) const;
  [[nodiscard]] std::string fresh_axis() { return names_.fresh_axis(); }
  [[nodiscard]] std::string second_index(const std::string& placeholder) { return names_.second_index(placeholder); }

  /// Sources that may differ in size are of one size from here on: an atom that numbers them, and an open one.
  void make_equal(std::size_t joined);
  /// Cuts a literal into one of `size` and one of what is left.
  void cut(std::size_t atom, std::int64_t size);

  /// The dimension `at`, from the beginning or the end, of the tensor as it is now. Where the rank is not known it is
  /// named, with those before it, which may move others.
  [[nodiscard]] std::optional<std::size_t> dim(std::int64_t at, std::string_view field);
  /// Where the dimensions stand whose number is not known.
  [[nodiscard]] std::optional<std::size_t> rest() const;

  /// What is enumerated becomes boxes, of which there may be so many.
  static constexpr auto max_pieces = static_cast<std::int64_t>(PlanLimits::boxes);

  template <class... Args>
  bool refuse(Code code, fmt::format_string<Args...> text, Args&&... args) {
    return refuse(Diagnostic(code, range_, text, std::forward<Args>(args)...));
  }
  bool refuse(Diagnostic diagnostic);
  bool indivisible(std::string_view field);
  bool across_keys(std::string_view field, const std::string& placeholder);
  bool too_many();

 private:
  void name_one(bool first);

  TemplateNames& names_;
  SourceRange range_;
};

}  // namespace omap
