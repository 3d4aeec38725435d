#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"

namespace omap::driver {

/// A note on files of weights in the directory of an opened checkpoint that are not among those it was opened from: a
/// directory may hold one model twice, or an adapter to it.
[[nodiscard]] std::optional<Diagnostic> files_passed_over(const CheckpointReader& reader);

}  // namespace omap::driver
