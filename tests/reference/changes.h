#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/reference/draw_shapes.h"
#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// Where a change may happen: a rule and one of its terms with a shape, if there is one.
struct Spot {
  Random& random;
  Mapping& mapping;
  std::vector<MadeRule>* rules;
  MadeRule* rule;
  std::vector<MadeTerm>* terms;
  MadeTerm* term;

  [[nodiscard]] std::vector<AxisExpr*> nodes(AxisExpr::Kind kind) const {
    if (!term->shape) return {};
    auto all = nodes_of(*term->shape);
    std::erase_if(all, [&](const AxisExpr* node) { return node->kind != kind; });
    return all;
  }
  [[nodiscard]] std::vector<AxisExpr*> nodes() const {
    return term->shape ? nodes_of(*term->shape) : std::vector<AxisExpr*>();
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, extent] : rule->extents) {
      if (!name.starts_with(".")) all.push_back(name);
    }
    for (const MadeIndex& index : mapping.indexes) all.push_back(index.name);
    for (const MadeParam& param : mapping.params) all.push_back(param.name);
    return all;
  }
};

/// It may change nothing, if there is nothing of its kind.
struct Change {
  const char* what;
  void (*apply)(const Spot&);
};

/// Changes of arithmetic, casts and fills.
[[nodiscard]] const std::vector<Change>& value_changes();

/// Swaps two of several; no parts are left alone.
inline void swap_parts(Random& random, std::vector<AxisExpr>& parts) {
  if (parts.size() < 2) return;
  const std::size_t first = random.below(parts.size() - 1);
  std::swap(parts[first], parts[first + 1 + random.below(parts.size() - first - 1)]);
}

}  // namespace omap::test
