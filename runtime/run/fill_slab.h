#pragma once

#include <cstddef>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/run/sections.h"
#include "runtime/run/slab.h"

namespace omap {

/// Brings the bytes of a slab together in `buffer`, which holds them row behind row.
[[nodiscard]] Result<void> fill_slab(const Slab& slab, const Sections& sections, const CheckpointReader& source,
                                     std::span<std::byte> buffer, std::span<std::byte> scratch);

/// Writes what `fill_slab` made: one write, or one for each row.
[[nodiscard]] Result<void> write_slab(const Slab& slab, std::span<const std::byte> buffer, StagedOutput& output);

}  // namespace omap
