#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/templates/state_mapping_template.h"
#include "tests/reference/random.h"
#include "tests/reference/tensors.h"

namespace omap::test {

/// A template, bounds for its placeholders (without brackets), and a state that it may be applied to.
struct DrawnTemplate {
  StateMappingTemplate mapping;
  std::vector<std::pair<std::string, std::int64_t>> bounds;
  Tensors sources;

  [[nodiscard]] std::int64_t bound(const std::string& placeholder) const;
};

/// Mostly one that runs: sizes are drawn to divide one another more often than not.
[[nodiscard]] DrawnTemplate random_template(Random& random);

/// What a test counts.
[[nodiscard]] std::set<std::string> features_of(const DrawnTemplate& drawn);

}  // namespace omap::test
