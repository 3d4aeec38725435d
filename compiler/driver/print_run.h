#pragma once

#include "compiler/driver/console.h"
#include "compiler/driver/output.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/run/run.h"

namespace omap::driver {

/// What a run would do, for people.
void print_dry_run(const Console& console, const RunEstimate& will, const Output& output);

/// The same for tools, of a run that was made (`written`) or would be.
void print_json(const Console& console, const RunEstimate& will, const Output& output, bool written);

/// What `--resume` found, a line.
[[nodiscard]] std::string spell_resumption(const Resumption& found, const Output& output);

}  // namespace omap::driver
