#pragma once

#include <string_view>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/comparison.h"
#include "runtime/run/run.h"

namespace omap {

/// Holds a checkpoint against what a program would write, bit for bit, and writes nothing: `a` of the comparison is
/// what the program makes of `source`, `b` is `result`, of which keys that do not begin with `root` are left out.
/// Checks every tie, as a run does. Memory is bounded by `options.memory`, however large a tensor is;
/// `options.progress` is told of bytes compared.
[[nodiscard]] Result<Comparison> verify_result(const CopyProgram& program, const CheckpointReader& source,
                                               const CheckpointReader& result, std::string_view root,
                                               RunOptions options);

}  // namespace omap
