#include "compiler/driver/recognise.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/partial_weights.h"
#include "compiler/driver/standard_plans.h"
#include "diagnostics/nearest.h"

namespace omap::driver {
namespace {

using Standard = std::vector<StandardPlan>;

/// A standard mapping from the checkpoint's side, and what binding the checkpoint to it said.
struct Trial {
  const StandardPlan* standard;
  /// Empty if it binds.
  Diagnostics refusal;
  KnownTensors tensors;
  /// What it requires and the checkpoint does not tell: conditions, and params to set for them.
  std::vector<std::string> undecided;
};

/// The side of a standard mapping that knows most of a checkpoint's names.
struct Owner {
  const StandardPlan* standard = nullptr;
  std::string side, other;
  KnownTensors tensors;
};

bool has_side(const Plan& plan, const std::string& side) { return plan.left.name == side || plan.right.name == side; }

bool is_between(const Plan& plan, const std::string& from, const std::optional<SidePath>& to) {
  return has_side(plan, from) && (!to || (to->side != from && has_side(plan, to->side)));
}

Recognised failed(Diagnostic diagnostic) { return {{}, {std::nullopt, {std::move(diagnostic)}, {}}}; }

std::vector<std::string> undecided(const Plan& plan, const Source& source, const std::string& side,
                                   const std::vector<std::string>& settings) {
  const bool is_left = plan.left.name == side;
  const SourceKeys keys(source.reader.index(), root_in(is_left ? plan.left : plan.right, source.reader.format()));
  const auto values = parse_settings(plan, settings);
  const Configs none;
  const Settings set = values ? *values : Settings();
  Environment environment(plan, is_left ? Direction::right : Direction::left, keys, source.configs, none, set);
  std::vector<std::string> conditions;
  for (const Requirement& requirement : plan.requirements) {
    const Evaluated holds = environment.evaluate(requirement.condition);
    // What is about the other side says nothing of this checkpoint.
    if (holds || holds.error().kind == NoValue::Kind::destination) continue;
    const std::string& param = holds.error().param;
    conditions.push_back(fmt::format("`{}`{}", to_text(requirement.condition),
                                     param.empty() ? "" : fmt::format(" (`--set {}=VALUE`)", param)));
  }
  return conditions;
}

Trial attempt(const StandardPlan& standard, const Source& source, const SidePath& from,
              const std::optional<SidePath>& to, const std::vector<std::string>& settings) {
  const Plan& plan = standard.plan;
  const auto bound = bind_opened(plan, source, from.side, to ? std::optional(to->side) : std::nullopt, {settings});
  Trial trial{&standard, {}, known_tensors(plan, from.side, source), {}};
  if (!bound) trial.refusal = bound.error();
  if (bound) trial.undecided = undecided(plan, source, from.side, settings);
  return trial;
}

/// Of sides that know as many names, one of a mapping between the sides that were said.
Owner owner_of(const Standard& standard, const Source& source, const SidePath& from,
               const std::optional<SidePath>& to) {
  Owner best;
  const auto rank = [&](const Owner& owner) {
    return std::tuple(owner.tensors.known, owner.side == from.side, to && owner.side == to->side,
                      to && owner.other == to->side);
  };
  for (const StandardPlan& each : standard) {
    if (each.is_base) continue;
    const Plan& plan = each.plan;
    for (const auto& [side, other] : {std::pair(plan.left.name, plan.right.name), {plan.right.name, plan.left.name}}) {
      Owner owner{&each, side, other, known_tensors(plan, side, source)};
      if (owner.tensors.known > 0 && rank(owner) > rank(best)) best = std::move(owner);
    }
  }
  return best;
}

/// Sides that a standard mapping has opposite `side`; all sides, if it is none.
std::vector<std::string> sides_opposite(const Standard& standard, const std::string& side) {
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

Recognised no_such_sides(const Standard& standard, const SidePath& from, const std::optional<SidePath>& to) {
  const std::vector<std::string> sides = sides_opposite(standard, from.side);
  const bool known = std::ranges::any_of(
      standard, [&](const StandardPlan& each) { return !each.is_base && has_side(each.plan, from.side); });
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
  return failed(std::move(none));
}

/// The checkpoint is one of another side than was said.
Recognised misnamed(const Standard& standard, const SidePath& from, const std::optional<SidePath>& to,
                    const Owner& owner) {
  if (to && owner.side == to->side && owner.other == from.side) return failed(swapped_sides(from, to, owner.side));
  const bool goes = to && std::ranges::any_of(standard, [&](const StandardPlan& each) {
                      return !each.is_base && is_between(each.plan, owner.side, to);
                    });
  const std::string destination = !to     ? ""
                                  : !goes ? fmt::format(" --to {}=PATH", owner.other)
                                          : fmt::format(" --to {}={}", to->side, to->path.string());
  return failed(Diagnostic(Code::not_recognised, "the tensors of this checkpoint have the names of `{}`, not of `{}`",
                           owner.side, from.side)
                    .in(from.path.string())
                    .note("{} of {} tensors have names that a standard mapping knows of `{}`", owner.tensors.known,
                          owner.tensors.all, owner.side)
                    .help("`--from {}={}{}`", owner.side, from.path.string(), destination));
}

Recognised ambiguous(const Source& source, const SidePath& from, const std::vector<const Trial*>& fitting) {
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
  return failed(std::move(several));
}

/// A mapping that knows every name, and lacks nothing but values.
bool lacks_values(const Trial& trial) {
  return trial.tensors.known == trial.tensors.all && std::ranges::all_of(trial.refusal, [](const Diagnostic& refusal) {
           return refusal.severity != Severity::error || refusal.code == Code::value_unavailable;
         });
}

Recognised undetermined(const SidePath& from, const Trial& trial) {
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
  return failed(std::move(lacking));
}

/// What is nearest, and why it is not it.
Recognised unknown(const SidePath& from, const std::optional<SidePath>& to, const Trial& nearest) {
  constexpr std::size_t shown = 3;
  Diagnostic none(Code::not_recognised, "no standard mapping from `{}`{} is for this checkpoint", from.side,
                  to ? fmt::format(" to `{}`", to->side) : "");
  none.subject = from.path.string();
  none.helps.emplace_back("name a mapping: `olmoc run MAPPING ...`; `olmoc list` shows the standard ones");
  if (nearest.tensors.known == 0) {
    none.notes.emplace_back("none of them knows the name of any of its tensors");
    none.helps.push_back(
        fmt::format("begin one of your own: `olmoc new --from {}={} >my.omap`", from.side, from.path.string()));
    return failed(std::move(none));
  }
  const std::string& name = nearest.standard->name;
  none.notes.push_back(fmt::format("nearest is {}: {} of {} tensors have names that it knows", name,
                                   nearest.tensors.known, nearest.tensors.all));
  for (const Diagnostic& refusal : nearest.refusal) {
    if (refusal.severity != Severity::error || none.notes.size() > shown) continue;
    std::string where;
    if (refusal.code == Code::requirement_failed) {
      const auto& requirements = nearest.standard->plan.requirements;
      const auto found = std::ranges::find(requirements, refusal.primary.range, &Requirement::range);
      if (found != requirements.end()) where = fmt::format(", `{}` does not hold", to_text(found->condition));
    }
    none.notes.push_back(fmt::format("{}: {}{}", name, refusal.message, where));
  }
  none.helps.push_back(fmt::format("begin one of your own: `olmoc new --from {}={} --like {} >my.omap`", from.side,
                                   from.path.string(), name));
  return failed(std::move(none));
}

}  // namespace

Recognised recognise(const SidePath& from, const std::optional<SidePath>& to,
                     const std::vector<std::string>& settings) {
  const Standard standard = standard_plans();
  std::set<std::string> files;
  for (const StandardPlan& each : standard) files.merge(config_files(each.plan));
  const auto checkpoint = open_source(from, files);
  if (!checkpoint) return {{}, {std::nullopt, checkpoint.error(), {}}};
  std::vector<Trial> trials;
  for (const StandardPlan& each : standard) {
    if (each.is_base || !is_between(each.plan, from.side, to)) continue;
    trials.push_back(attempt(each, *checkpoint, from, to, settings));
  }
  std::vector<const Trial*> fitting;
  for (const Trial& trial : trials) {
    if (trial.refusal.empty()) fitting.push_back(&trial);
  }
  if (fitting.size() > 1) return ambiguous(*checkpoint, from, fitting);
  if (fitting.size() == 1) {
    const StandardPlan& found = *fitting.front()->standard;
    return {found.name, {found.plan, {}, found.sources}};
  }
  if (auto partial = partial_weights(*checkpoint, from)) return failed(*std::move(partial));
  // Of several that know as many names, the one with the fewest faults.
  const auto nearest = std::ranges::min_element(trials, {}, [](const Trial& trial) {
    return std::pair(trial.tensors.all - trial.tensors.known, trial.refusal.size());
  });
  const Owner owner = owner_of(standard, *checkpoint, from, to);
  if (owner.standard && owner.side != from.side &&
      (nearest == trials.end() || owner.tensors.known > nearest->tensors.known)) {
    return misnamed(standard, from, to, owner);
  }
  if (nearest == trials.end()) return no_such_sides(standard, from, to);
  return lacks_values(*nearest) ? undetermined(from, *nearest) : unknown(from, to, *nearest);
}

LoadedMapping named_or_recognised(const Console& console, const std::string& named, const SidePath& from,
                                  const std::optional<SidePath>& to, const std::vector<std::string>& settings) {
  if (!named.empty()) return load_mapping(named);
  Recognised recognised = recognise(from, to, settings);
  if (recognised.mapping.plan) console.remark(fmt::format("recognised as {}\n", recognised.name));
  return std::move(recognised.mapping);
}

}  // namespace omap::driver
