#pragma once

#include <string>
#include <vector>

#include "runtime/bind/bind.h"

namespace omap {

/// A pair of names of a `state module` mapping, from source to destination.
struct ModuleName {
  std::string source;
  std::string destination;
};
/// The rules about modules, for every value of their indexes. A checkpoint does not tell what modules a model has, so a
/// name that the model lacks is no fault.
[[nodiscard]] Result<std::vector<ModuleName>> bind_modules(const Plan& plan, const TensorIndex& source,
                                                           const Configs& configs, const BindOptions& options);

}  // namespace omap
