#pragma once

#include <CLI/CLI.hpp>

#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// What is wrong with a command line that `app` could not parse, said as all other errors are.
[[nodiscard]] Diagnostic usage_error(const CLI::App& app, const CLI::ParseError& error);

/// Whether a command line asks for JSON, as far as that can be told of one that may not parse.
[[nodiscard]] bool wants_json(int argc, const char* const* argv);

}  // namespace omap::driver
