#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/driver/exit_code.h"
#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"

namespace omap::driver {

/// How a command speaks: results on standard output, diagnostics and progress on standard error.
class Console {
 public:
  bool json = false;
  bool quiet = false;
  bool warnings_are_errors = false;

  /// A result: always said.
  void result(std::string_view text) const;
  /// What a person wants to know and a script does not: nothing with `--quiet`.
  void info(std::string_view text) const;
  /// What a command decided by itself, beside its results: on standard error, nothing with `--quiet` or for tools.
  void remark(std::string_view text) const;
  /// Every diagnostic, as text or, with `--format json`, one object a line. Notes are left out with `--quiet`.
  /// With `--werror` warnings are errors, here and in what is returned: a command goes on only after `done`.
  ExitCode report(const Diagnostics& diagnostics, const SourceMap& sources = {}) const;
  /// Says that arguments of `command` do not make sense, and why.
  ExitCode refuse_usage(std::string_view command, std::string_view why) const;
  /// Whether all results got out: a full disk behind a redirection is found at the end.
  [[nodiscard]] bool finish() const;
  /// A line on a terminal, replaced by the next one; nothing elsewhere.
  void progress(std::string_view line) const;
};

/// `1.2 GB`, decimal.
[[nodiscard]] std::string spell_bytes(std::uint64_t bytes);

}  // namespace omap::driver
