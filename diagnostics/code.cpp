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
  CodeInfo{Code::name, #name, Severity::severity, Fault::fault, meaning},
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

}  // namespace omap
