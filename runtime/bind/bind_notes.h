#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What binding found on the way.
struct BindFindings {
  Direction direction = Direction::right;
  /// Tensors of the source outside its side's root.
  std::size_t outside_root = 0;
  /// Keys of destinations that may be rounded.
  const std::vector<std::string>& inexact;
};

/// What a user should know before a run. None is an error. `configs` are the source's.
[[nodiscard]] Diagnostics bind_notes(const Plan& plan, const Configs& configs, Environment& environment,
                                     const BindFindings& findings);

}  // namespace omap
