#include "runtime/plan/verification.h"

#include "diagnostics/source_map.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/spelling.h"

namespace omap {

void Verification::add(Code code, SourceRange range, const Place& place, std::string_view message) {
  if (!full()) found.push_back(Diagnostic(code, range, "{}: {}", place.text(), message));
}

void Verification::exceeds(SourceRange range, const Place& place, std::string_view what, std::size_t limit,
                           std::string_view of) {
  add(Code::plan_limit, range, place, fmt::format("{} at most {}{}{}", what, limit, of.empty() ? "" : " ", of));
}

void Verification::count_element(SourceRange range, const Place& place) {
  if (++elements_ != PlanLimits::elements + 1) return;
  exceeds(range, place, "a plan has", PlanLimits::elements, "operations, literals, parts of keys and dimensions");
}

void Verification::check_name(std::string_view name, SourceRange range, const Place& place) {
  if (name.size() > PlanLimits::name_length) {
    exceeds(range, place, "a name has", PlanLimits::name_length, "bytes");
  } else if (name.empty()) {
    malformed(range, place, "a name is empty");
  } else if (!is_word(name) || name == "_") {
    check_text(name, range, place);
    malformed(range, place, "`{}` is no name: letters, digits and `_`, no digit first", name);
  }
}

void Verification::check_text(std::string_view text, SourceRange range, const Place& place) {
  if (first_invalid_utf8(text) != std::string_view::npos) malformed(range, place, "a text is not valid UTF-8");
}

void Verification::declare(const std::string& name, Declared kind, SourceRange range, const Place& place) {
  check_name(name, range, place);
  if (!names_.emplace(name, kind).second) {
    malformed(range, place, "`{}` is declared twice among sides, params and indexes", name);
  }
}

std::optional<Verification::Declared> Verification::declared(std::string_view name) const {
  const auto found_name = names_.find(name);
  return found_name == names_.end() ? std::nullopt : std::optional(found_name->second);
}

}  // namespace omap
