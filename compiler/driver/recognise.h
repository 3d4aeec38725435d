#pragma once

#include <string>
#include <vector>

#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"

namespace omap::driver {

/// The standard mapping for a checkpoint: the one between the two sides whose requirements hold and whose keys bind.
/// None or several are an error, which says why.
[[nodiscard]] LoadedMapping recognise(const SidePath& from, const std::string& to,
                                      const std::vector<std::string>& settings);

}  // namespace omap::driver
