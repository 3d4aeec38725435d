#include "compiler/driver/compare_like.h"

#include <fmt/ranges.h>

#include <set>
#include <string>

#include "runtime/bind/offered_params.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/plan/standard_plan.h"

namespace omap::driver {
namespace {

void add(Diagnostics& diagnostics, const std::vector<std::string>& keys, std::string_view what, std::string help) {
  if (keys.empty()) return;
  diagnostics.push_back(Diagnostic(Code::like_differs, "{} {}", list_keys(keys), what).help("{}", help));
}

/// What there is to set of a mapping that is not the user's: those of its params of a type that it offers.
std::string settings_of(const Plan& plan, ParamType type) {
  std::vector<std::string> names;
  for (const Param& param : plan.params) {
    if (param.type == type && !param.list && param.index.empty() && is_offered(plan, param))
      names.push_back(param.name);
  }
  if (names.empty()) return fmt::format("`{}` has nothing to set for it: is it a checkpoint of this model?", plan.name);
  return fmt::format("`--set NAME=VALUE` may decide it; `{}` has `{}`", plan.name, fmt::join(names, "`, `"));
}

}  // namespace

Diagnostics compare_like(const Plan& plan, const CopyProgram& program, std::string_view root, const TensorIndex& like,
                         std::string_view like_root) {
  std::vector<std::string> extra, shapes, dtypes, missing;
  std::set<std::string> written;
  for (const Destination& destination : program.destinations) {
    const std::string key = std::string(like_root) + destination.key.substr(root.size());
    written.insert(key);
    const auto found = like.find(key);
    if (!found) {
      extra.push_back(destination.key);
      continue;
    }
    const TensorInfo& wanted = like.tensors()[*found];
    if (wanted.shape != destination.shape) shapes.push_back(destination.key);
    if (wanted.dtype != destination.dtype) dtypes.push_back(destination.key);
  }
  for (const TensorInfo& tensor : like.tensors()) {
    if (tensor.key.starts_with(like_root) && !written.contains(tensor.key)) missing.push_back(tensor.key);
  }
  const bool standard = is_standard(plan);
  const std::string settings = standard ? settings_of(plan, ParamType::boolean) : "";
  Diagnostics diagnostics;
  add(diagnostics, missing, "would not be written, and the checkpoint to be like has it",
      standard ? settings : "add a rule that writes it, or `fill`");
  add(diagnostics, extra, "would be written, and the checkpoint to be like does not have it",
      standard ? settings : "take the rule away, or give it a condition");
  add(diagnostics, shapes, "would get another shape than in the checkpoint to be like",
      standard ? settings_of(plan, ParamType::integer) : "look at the shapes of the rule");
  add(diagnostics, dtypes, "would get another dtype than in the checkpoint to be like",
      standard ? "`--dtype` casts the model" : "say how that side stores it: `as DTYPE`");
  return diagnostics;
}

}  // namespace omap::driver
