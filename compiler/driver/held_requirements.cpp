#include "compiler/driver/held_requirements.h"

#include "runtime/bind/source_keys.h"

namespace omap::driver {

std::vector<Evaluated> held_requirements(const Plan& plan, const Source& source, const std::string& side,
                                         const std::vector<std::string>& settings) {
  const bool is_left = plan.left.name == side;
  const SourceKeys keys(source.reader.index(), root_in(is_left ? plan.left : plan.right, source.reader.format()));
  const auto values = parse_settings(plan, settings);
  const Configs none;
  const Settings set = values ? *values : Settings();
  Environment environment(plan, is_left ? Direction::right : Direction::left, keys, source.configs, none, set);
  std::vector<Evaluated> held;
  for (const Requirement& requirement : plan.requirements) held.push_back(environment.evaluate(requirement.condition));
  return held;
}

bool is_unmet(const Evaluated& held) {
  if (!held) return held.error().kind == NoValue::Kind::failed;
  return !held->boolean() || !*held->boolean();
}

}  // namespace omap::driver
