#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace omap {

/// What a diagnostic is about. The numbers are stable: scripts and pages refer to them.
enum class Code : std::uint16_t {
#define OMAP_CODE(name, number, severity, fault, meaning) name = number,
#include "diagnostics/codes.def"
#undef OMAP_CODE
};

enum class Severity : std::uint8_t { note, warning, error };

/// `error`
[[nodiscard]] std::string_view severity_text(Severity severity);

/// Who has to act: the input's author, whoever runs the machine, or whoever typed the command. Decides the exit code of
/// programs.
enum class Fault : std::uint8_t { input, system, usage };

/// Where in the work a diagnostic is found: the first digit of its number.
enum class Phase : std::uint8_t { syntax = 1, names, shapes, coverage, binding, files, tensors };

/// `names and types`
[[nodiscard]] std::string_view phase_text(Phase phase);

struct CodeInfo {
  Code code;
  Phase phase;
  std::string_view name;
  Severity severity;
  Fault fault;
  std::string_view meaning;
};

/// Every code, by number.
[[nodiscard]] std::span<const CodeInfo> all_codes();
[[nodiscard]] const CodeInfo& info(Code code);
/// `OM3004`
[[nodiscard]] std::string code_text(Code code);
/// The code that `OM3004` spells, if there is one.
[[nodiscard]] std::optional<Code> code_from_text(std::string_view text);
/// The code that a person names: `OM3004`, `om3004`, `3004`, or `axis_without_source`.
[[nodiscard]] std::optional<Code> code_from_any_name(std::string_view text);

}  // namespace omap
