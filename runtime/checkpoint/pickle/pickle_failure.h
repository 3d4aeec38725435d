#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/pickle/read_pickle.h"

namespace omap {

/// What to tell of a pickle in `file` that was not read: `pickle_global` or `pickle_invalid`.
[[nodiscard]] Diagnostic pickle_failure(const PickleProblem& problem, std::string file);

}  // namespace omap
