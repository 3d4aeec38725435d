#pragma once

#include <cstdint>
#include <functional>

#include "runtime/copy/simd_targets.h"
// Behind the targets, as it asks which there are.
#include <doctest/doctest.h>
#include <hwy/highway.h>

namespace omap {

/// Calls `check` once for each instruction set that kernels were compiled for and that this processor has, with the
/// kernels' dispatch fixed to it.
inline void for_each_simd_target(const std::function<void()>& check) {
  for (std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS; targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    CAPTURE(hwy::TargetName(target));
    hwy::GetChosenTarget().Update(target);
    check();
  }
  hwy::GetChosenTarget().DeInit();
}

}  // namespace omap
