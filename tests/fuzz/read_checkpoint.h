#pragma once

#include <filesystem>

#include "diagnostics/diagnostic.h"

namespace omap::fuzz {

/// What was refused has an error, and every error has a text and says what to do.
void require_explained(const Diagnostics& errors);

/// Opens what is at `path`, whatever it is. Of a checkpoint, keys are found, stored bytes lie in their files, and can
/// be read: as they are stored and, where they are few, as dense tensors.
void require_readable(const std::filesystem::path& path);

}  // namespace omap::fuzz
