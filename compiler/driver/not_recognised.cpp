#include "compiler/driver/not_recognised.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "diagnostics/nearest.h"

namespace omap::driver {
namespace {

/// Sides that a standard mapping has opposite `side`; all sides, if it is none.
std::vector<std::string> sides_opposite(const std::vector<StandardPlan>& standard, const std::string& side) {
  std::set<std::string> opposite, all;
  for (const StandardPlan& each : standard) {
    if (each.is_base) continue;
    const std::string &left = each.plan.left.name, &right = each.plan.right.name;
    all.insert({left, right});
    if (left == side) opposite.insert(right);
    if (right == side) opposite.insert(left);
  }
  const auto& sides = opposite.empty() ? all : opposite;
  return {sides.begin(), sides.end()};
}

/// The requirement that a refusal is about, if it is about one.
const Requirement* requirement_of(const Plan& plan, const Diagnostic& refusal) {
  if (refusal.code != Code::requirement_failed) return nullptr;
  const auto found = std::ranges::find(plan.requirements, refusal.primary.range, &Requirement::range);
  return found == plan.requirements.end() ? nullptr : &*found;
}

/// Whether a mapping like the nearest may be the mend: it is of another family (a requirement without a message of its
/// own), or its names are not all that there are. What a config says and the mapping cannot is mended by no other
/// rules.
bool is_worth_extending(const Trial& nearest) {
  if (nearest.tensors.known < nearest.tensors.all) return true;
  return std::ranges::any_of(nearest.refusal, [&](const Diagnostic& refusal) {
    switch (refusal.code) {
      case Code::unknown_setting:
      case Code::value_type:
      case Code::value_unavailable:
        return false;
      default: {
        const Requirement* requirement = requirement_of(nearest.standard->plan, refusal);
        return refusal.severity == Severity::error && (!requirement || requirement->message.empty());
      }
    }
  });
}

Diagnostic undetermined(const SidePath& from, const Trial& trial) {
  Diagnostic lacking(Code::not_recognised, "{} is for this checkpoint, which does not tell all that it needs",
                     trial.standard->name);
  lacking.subject = from.path.string();
  for (const Diagnostic& refusal : with_deciding_settings(trial.standard->plan, trial.refusal)) {
    if (refusal.severity != Severity::error) continue;
    lacking.notes.push_back(refusal.message);
    for (const std::string& help : refusal.helps) {
      if (std::ranges::find(lacking.helps, help) == lacking.helps.end()) lacking.helps.push_back(help);
    }
  }
  return lacking;
}

Diagnostic unknown(const SidePath& from, const std::optional<SidePath>& to, const Trial& nearest) {
  constexpr std::size_t shown = 3;
  Diagnostic none(Code::not_recognised, "no standard mapping from `{}`{} is for this checkpoint", from.side,
                  to ? fmt::format(" to `{}`", to->side) : "");
  none.subject = from.path.string();
  if (nearest.tensors.known == 0) {
    none.helps.emplace_back("name a mapping: `olmoc run MAPPING ...`; `olmoc list` shows the standard ones");
    none.notes.emplace_back("none of them knows the name of any of its tensors");
    none.helps.push_back(
        fmt::format("begin one of your own: `olmoc new --from {}={} >my.omap`", from.side, from.path.string()));
    return none;
  }
  const std::string& name = nearest.standard->name;
  none.notes.push_back(fmt::format("nearest is {}: {} of {} tensors have names that it knows", name,
                                   nearest.tensors.known, nearest.tensors.all));
  std::size_t refusals = 0;
  for (const Diagnostic& refusal : nearest.refusal) {
    if (refusal.severity != Severity::error || ++refusals > shown) continue;
    const Requirement* requirement = requirement_of(nearest.standard->plan, refusal);
    none.notes.push_back(
        fmt::format("{}: {}{}", name, refusal.message,
                    requirement ? fmt::format(", `{}` does not hold", to_text(requirement->condition)) : ""));
    if (requirement) none.notes.insert(none.notes.end(), refusal.notes.begin(), refusal.notes.end());
  }
  none.helps.push_back(fmt::format("`olmoc run {} ...` says more of it; `olmoc list` shows the others", name));
  if (is_worth_extending(nearest)) {
    none.helps.push_back(fmt::format("begin one of your own: `olmoc new --from {}={} --like {} >my.omap`", from.side,
                                     from.path.string(), name));
  }
  return none;
}

}  // namespace

Diagnostic no_such_sides(const std::vector<StandardPlan>& standard, const SidePath& from,
                         const std::optional<SidePath>& to) {
  const std::vector<std::string> sides = sides_opposite(standard, from.side);
  const bool known = std::ranges::any_of(standard, [&](const StandardPlan& each) { return has_side(each, from.side); });
  Diagnostic none =
      !known || !to ? Diagnostic(Code::not_recognised, "no standard mapping has a side `{}`", from.side)
      : to->side == from.side
          ? Diagnostic(Code::not_recognised, "`--from` and `--to` both say `{}`", from.side)
          : Diagnostic(Code::not_recognised, "no standard mapping is between `{}` and `{}`", from.side, to->side);
  none.subject = from.path.string();
  const auto near = nearest(known && to ? to->side : from.side, sides);
  if (near) none.helps.push_back(fmt::format("did you mean `{}`?", *near));
  none.notes.push_back(known ? fmt::format("they are between `{}` and `{}`", from.side, fmt::join(sides, "`, `"))
                             : fmt::format("their sides are `{}`", fmt::join(sides, "`, `")));
  none.helps.emplace_back("`olmoc list` shows the standard mappings; name your own: `olmoc run MAPPING ...`");
  return none;
}

Diagnostic misnamed(const std::vector<StandardPlan>& standard, const SidePath& from, const std::optional<SidePath>& to,
                    const Owner& owner) {
  if (to && owner.side == to->side && owner.other == from.side) return swapped_sides(from, to, owner.side);
  const bool goes = to && std::ranges::any_of(standard, [&](const StandardPlan& each) {
                      return is_between(each, owner.side, to ? &to->side : nullptr);
                    });
  const std::string destination = !to     ? ""
                                  : !goes ? fmt::format(" --to {}=PATH", owner.other)
                                          : fmt::format(" --to {}={}", to->side, to->path.string());
  return Diagnostic(Code::not_recognised, "the tensors of this checkpoint have the names of `{}`, not of `{}`",
                    owner.side, from.side)
      .in(from.path.string())
      .note("{} of {} tensors have names that a standard mapping knows of `{}`", owner.tensors.known, owner.tensors.all,
            owner.side)
      .help("`--from {}={}{}`", owner.side, from.path.string(), destination);
}

Diagnostic ambiguous(const Source& source, const SidePath& from, const std::vector<const Trial*>& fitting) {
  std::vector<std::string> names;
  for (const Trial* trial : fitting) names.push_back(trial->standard->name);
  Diagnostic several(Code::not_recognised, "several standard mappings are for this checkpoint: `{}`",
                     fmt::join(names, "`, `"));
  several.subject = from.path.string();
  for (const Trial* trial : fitting) {
    if (trial->undecided.empty()) continue;
    several.notes.push_back(fmt::format("{} requires {}, which it does not tell", trial->standard->name,
                                        fmt::join(trial->undecided, " and ")));
  }
  several.helps.push_back(fmt::format("name the one that is meant, before the options: `{}`", names.front()));
  if (!source.configs.contains(default_config_file)) {
    several.helps.emplace_back("a config.json beside the tensors tells such models apart");
  }
  return several;
}

bool lacks_values(const Trial& trial) {
  return trial.tensors.known == trial.tensors.all && std::ranges::all_of(trial.refusal, [](const Diagnostic& refusal) {
           return refusal.severity != Severity::error || refusal.code == Code::value_unavailable;
         });
}

Diagnostic not_recognised(const SidePath& from, const std::optional<SidePath>& to, const Trial& nearest) {
  return lacks_values(nearest) ? undetermined(from, nearest) : unknown(from, to, nearest);
}

}  // namespace omap::driver
