#pragma once

#include <string>

#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/checkpoint_reader.h"

namespace omap {

/// What tells one conversion from another, in 32 hexadecimal digits: that of a plan as it was bound, of the source's
/// headers and of its files' paths, sizes and times, of every file to be written, and of this version of omap. Two runs
/// with one digest write the same bytes, unless a source was changed and its time set back.
[[nodiscard]] std::string conversion_digest(const CopyProgram& program, const CheckpointReader& source,
                                            const CheckpointLayout& layout);

}  // namespace omap
