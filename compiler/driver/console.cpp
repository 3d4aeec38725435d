#include "compiler/driver/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "diagnostics/render.h"

namespace omap::driver {
namespace {

/// no-color.org: any value that is not empty.
bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(STDERR_FILENO) != 0;
}

void write(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

Diagnostics raised(Diagnostics diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::warning) continue;
    diagnostic.severity = Severity::error;
    diagnostic.notes.emplace_back("this is a warning, and an error with `--werror`");
  }
  return diagnostics;
}

}  // namespace

void Console::result(std::string_view text) const { write(stdout, text); }

void Console::info(std::string_view text) const {
  if (!quiet) write(stdout, text);
}

void Console::remark(std::string_view text) const {
  if (!quiet && !json) write(stderr, text);
}

ExitCode Console::report(const Diagnostics& all, const SourceMap& sources) const {
  static const bool colour = wants_colour();
  const Diagnostics diagnostics = warnings_are_errors ? raised(all) : all;
  std::size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    errors += diagnostic.severity == Severity::error ? 1u : 0u;
    if (quiet && diagnostic.severity == Severity::note) continue;
    write(stderr, json ? render_json(diagnostic, sources) + "\n" : render_text(diagnostic, sources, colour) + "\n");
  }
  if (errors > 1 && !json) write(stderr, fmt::format("{} errors\n", errors));
  return exit_code(diagnostics);
}

ExitCode Console::refuse_usage(std::string_view command, std::string_view why) const {
  return report({Diagnostic(Code::usage_wrong, "{}", why).help("`olmoc {} --help` says what there is", command)});
}

bool Console::finish() const { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

void Console::progress(std::string_view line) const {
  if (quiet || json || isatty(STDERR_FILENO) == 0) return;
  write(stderr, fmt::format("\r\x1b[K{}", line));
  std::fflush(stderr);
}

std::string spell_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace omap::driver
