#pragma once

#include <doctest/doctest.h>

#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "diagnostics/render.h"
#include "runtime/templates/lower_templates.h"
#include "tests/unit/conversion.h"

namespace omap::test::templates {

using Templates = std::vector<StateMappingTemplate>;

inline Plan lowered(const Templates& templates, const TemplateOptions& options = {}) {
  auto plan = lower_templates("lowered", templates, options);
  if (!plan) {
    for (const Diagnostic& diagnostic : plan.error()) FAIL_CHECK(diagnostic.message);
  }
  REQUIRE(plan);
  return std::move(*plan);
}

inline std::string spelled(const std::vector<Term>& terms) {
  std::string text;
  for (const Term& term : terms) text += (text.empty() ? "" : ", ") + to_text(term);
  return text;
}

/// The rule that a template becomes.
inline std::string rule_of(const StateMappingTemplate& mapping) {
  const Plan plan = lowered({mapping});
  REQUIRE(plan.rules.size() == 1);
  CHECK_FALSE(plan.rules[0].to_left);
  return spelled(plan.rules[0].left) + " -> " + spelled(plan.rules[0].right);
}

inline std::vector<Code> refused(const Templates& templates, const TemplateOptions& options = {}) {
  const auto plan = lower_templates("refused", templates, options);
  std::vector<Code> codes;
  if (plan) return codes;
  for (const Diagnostic& diagnostic : plan.error()) {
    // It can be shown, with the line of the template.
    CHECK_FALSE(render_text(diagnostic, template_text("refused", templates), false).empty());
    codes.push_back(diagnostic.code);
  }
  return codes;
}
using Codes = std::vector<Code>;

inline Expr integer(std::int64_t value) {
  Expr expr;
  expr.value = Value(value);
  return expr;
}

/// Elements 1, 2, 3, ...
inline MadeTensor counted(const std::string& key, std::vector<std::int64_t> shape, float first = 1) {
  std::vector<float> elements(static_cast<std::size_t>(omap::elements(shape)));
  std::iota(elements.begin(), elements.end(), first);
  return tensor_of(key, Dtype::f32, std::move(shape), elements);
}

struct Made {
  std::vector<std::int64_t> shape;
  std::vector<float> elements;
  friend bool operator==(const Made&, const Made&) = default;
};
inline std::map<std::string, Made> convert(const Templates& templates, const std::vector<MadeTensor>& sources,
                                           const Conversion& how = {}) {
  std::map<std::string, Made> made;
  for (const auto& [key, tensor] : converted(lowered(templates), sources, how)) {
    made.emplace(key, Made{tensor.info.shape, elements_of<float>(tensor)});
  }
  return made;
}
using Tensors = std::map<std::string, Made>;

}  // namespace omap::test::templates
