#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "diagnostics/code.h"
#include "diagnostics/source_range.h"

namespace omap {

/// Text under a range of a source.
struct Label {
  SourceRange range;
  std::string text;
  friend bool operator==(const Label&, const Label&) = default;
};

/// One thing that is wrong or worth saying: data, rendered elsewhere (diagnostics/render.h).
/// Texts are lower case, without a final period, code in backticks: the situation in `message`, the mend in `helps`.
///
///     Diagnostic(Code::unknown_name, range, "no index or param is called `{}`", name)
///         .label("not declared")
///         .also(other.range, "did you mean this one?")
///         .help("declare it: `index {} in 0..n`", name);
struct Diagnostic {
  Code code{};
  Severity severity = Severity::error;
  std::string message;
  Label primary;
  std::vector<Label> secondary;
  std::vector<std::string> notes;
  std::vector<std::string> helps;
  /// Where it is, if not in a source: a path, possibly with a key: `model.safetensors`.
  std::string subject;

  template <class... Args>
  Diagnostic(Code c, SourceRange range, fmt::format_string<Args...> text, Args&&... args)
      : code(c), severity(info(c).severity), message(fmt::format(text, std::forward<Args>(args)...)) {
    primary.range = range;
  }
  template <class... Args>
  Diagnostic(Code c, fmt::format_string<Args...> text, Args&&... args)
      : Diagnostic(c, SourceRange{}, text, std::forward<Args>(args)...) {}

  template <class... Args>
  Diagnostic&& label(fmt::format_string<Args...> text, Args&&... args) && {
    primary.text = fmt::format(text, std::forward<Args>(args)...);
    return std::move(*this);
  }
  template <class... Args>
  Diagnostic&& also(SourceRange range, fmt::format_string<Args...> text, Args&&... args) && {
    secondary.push_back({range, fmt::format(text, std::forward<Args>(args)...)});
    return std::move(*this);
  }
  template <class... Args>
  Diagnostic&& note(fmt::format_string<Args...> text, Args&&... args) && {
    notes.push_back(fmt::format(text, std::forward<Args>(args)...));
    return std::move(*this);
  }
  template <class... Args>
  Diagnostic&& help(fmt::format_string<Args...> text, Args&&... args) && {
    helps.push_back(fmt::format(text, std::forward<Args>(args)...));
    return std::move(*this);
  }
  Diagnostic&& in(std::string what) && {
    subject = std::move(what);
    return std::move(*this);
  }

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);

/// A value, or why there is none: at least one error, but where there was no memory for it (`no_throw.h`). Nothing but
/// `std::bad_alloc` leaves a public function.
template <class T>
using Result = tl::expected<T, Diagnostics>;

/// `return fail(Diagnostic(...).help(...));`
[[nodiscard]] inline tl::unexpected<Diagnostics> fail(Diagnostic diagnostic) {
  Diagnostics all;
  all.push_back(std::move(diagnostic));
  return tl::unexpected<Diagnostics>(std::move(all));
}
[[nodiscard]] inline tl::unexpected<Diagnostics> fail(Diagnostics diagnostics) {
  return tl::unexpected<Diagnostics>(std::move(diagnostics));
}

}  // namespace omap
