#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "runtime/plan/place.h"

namespace omap {

/// One verification of a plan's structure: what it has found, and what its parts share.
class Verification {
 public:
  enum class Declared : std::uint8_t { param, index, side };

  /// Each with its place, as loaded plans have no other.
  template <class... Args>
  void malformed(SourceRange range, const Place& place, fmt::format_string<Args...> text, Args&&... args) {
    add(Code::plan_malformed, range, place, fmt::format(text, std::forward<Args>(args)...));
  }
  /// `what` as in "a rule has at most 1024 tensors".
  void exceeds(SourceRange range, const Place& place, std::string_view what, std::size_t limit,
               std::string_view of = {});

  /// Declares `name`, which has to be a word other than `_`, and no other param, index or side.
  void declare(const std::string& name, Declared kind, SourceRange range, const Place& place);
  [[nodiscard]] std::optional<Declared> declared(std::string_view name) const;

  /// Refuses what is no word, is `_`, or is too long.
  void check_name(std::string_view name, SourceRange range, const Place& place);
  /// Refuses what is not UTF-8: it could not be written.
  void check_text(std::string_view text, SourceRange range, const Place& place);

  /// Counts elements as PlanLimits does.
  void count_element(SourceRange range, const Place& place);

  /// Nothing further is recorded: a report of every fault of a hostile plan would be as hostile.
  [[nodiscard]] bool full() const { return found.size() >= most_errors; }

  Diagnostics found;
  /// Of the whole plan so far, as PlanLimits::box_axes counts them.
  std::size_t box_axes = 0;

 private:
  static constexpr std::size_t most_errors = 100;

  void add(Code code, SourceRange range, const Place& place, std::string_view message);

  std::unordered_map<std::string_view, Declared> names_;
  std::size_t elements_ = 0;
};

}  // namespace omap
