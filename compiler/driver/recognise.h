#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/console.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"

namespace omap::driver {

/// A standard mapping, and what it is called: `std:olmo2`.
struct Recognised {
  std::string name;
  LoadedMapping mapping;
};

/// The standard mapping for a checkpoint: the one from its side, to `to` where that is known, whose requirements hold
/// and whose keys bind. None or several are an error, which says why.
[[nodiscard]] Recognised recognise(const SidePath& from, const std::optional<SidePath>& to,
                                   const std::vector<std::string>& settings);

/// The mapping that is named; without a name the one that is recognised, and then `console` says which.
[[nodiscard]] LoadedMapping named_or_recognised(const Console& console, const std::string& named, const SidePath& from,
                                                const std::optional<SidePath>& to,
                                                const std::vector<std::string>& settings);

}  // namespace omap::driver
