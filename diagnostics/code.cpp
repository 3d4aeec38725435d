#include "diagnostics/code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

namespace omap {
namespace {

constexpr std::array table = {
#define OMAP_CODE(name, number, severity, fault, meaning) \
  CodeInfo{Code::name, Phase{number / 1000}, #name, Severity::severity, Fault::fault, meaning},
#include "diagnostics/codes.def"
#undef OMAP_CODE
};

static_assert(std::ranges::adjacent_find(table, std::ranges::greater_equal{}, &CodeInfo::code) == table.end(),
              "codes.def is sorted by number, and no number stands twice");

const CodeInfo* find(Code code) {
  const auto found = std::ranges::lower_bound(table, code, {}, &CodeInfo::code);
  return found != table.end() && found->code == code ? &*found : nullptr;
}

}  // namespace

std::string_view severity_text(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      break;
  }
  return "error";
}

std::string_view phase_text(Phase phase) {
  switch (phase) {
    case Phase::syntax:
      return "syntax";
    case Phase::names:
      return "names and types";
    case Phase::shapes:
      return "shapes and axes";
    case Phase::coverage:
      return "coverage and overlap";
    case Phase::binding:
      return "plan and binding";
    case Phase::files:
      return "checkpoints and I/O";
    case Phase::tensors:
      break;
  }
  return "tensor dictionaries";
}

std::span<const CodeInfo> all_codes() { return table; }

const CodeInfo& info(Code code) {
  const CodeInfo* found = find(code);
  assert(found != nullptr);
  return *found;
}

std::string code_text(Code code) { return fmt::format("OM{:04}", static_cast<unsigned>(code)); }

std::optional<Code> code_from_text(std::string_view text) {
  constexpr std::string_view prefix = "OM";
  constexpr std::size_t digits = 4;
  if (!text.starts_with(prefix) || text.size() != prefix.size() + digits) return std::nullopt;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const CodeInfo* found = find(Code{number});
  return found != nullptr ? std::optional(found->code) : std::nullopt;
}

std::optional<Code> code_from_any_name(std::string_view text) {
  if (const auto named = std::ranges::find(table, text, &CodeInfo::name); named != table.end()) return named->code;
  const bool prefixed = text.size() >= 2 && (text[0] == 'O' || text[0] == 'o') && (text[1] == 'M' || text[1] == 'm');
  return code_from_text(fmt::format("OM{}", prefixed ? text.substr(2) : text));
}

}  // namespace omap
