#pragma once

#include <filesystem>
#include <vector>

#include "compiler/driver/output.h"
#include "compiler/driver/sides.h"
#include "diagnostics/diagnostic.h"

namespace omap::driver {

// What stands in a directory beside weights: configs, which binding makes, and the files of a tokenizer.

/// Adds the tokenizer's files to a directory's layout, but for those that the mapping writes itself.
[[nodiscard]] Result<void> carry_tokenizer(const Bound& bound, Output& output);

/// All files that a run reads: those of the source, of the tokenizer, and the config that was given.
[[nodiscard]] std::vector<std::filesystem::path> files_read(const Bound& bound, const Choices& choices);

/// What the directory lacks for a loader, as far as the mapping has to do with it: one that writes no config at all
/// does not say what else there should be.
[[nodiscard]] Diagnostics companions_lacking(const Plan& plan, const Bound& bound);

}  // namespace omap::driver
