#pragma once

#include <optional>

#include "compiler/driver/sides.h"
#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// That a path names one file of several, as its name says: `model-00001-of-00003.safetensors`.
[[nodiscard]] std::optional<Diagnostic> one_of_several(const SidePath& from);

/// Why a mapping of a whole model's plain weights does not fit a checkpoint, told by its files and keys: it is one file
/// of several, an adapter, or quantised. What such formats look like is known here; models are not.
[[nodiscard]] std::optional<Diagnostic> partial_weights(const Source& source, const SidePath& from);

}  // namespace omap::driver
