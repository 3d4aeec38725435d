#include "compiler/driver/recognise.h"

#include <algorithm>
#include <optional>
#include <set>

#include "compiler/draft/claimed_keys.h"
#include "stdlib-mappings/standard_mappings.h"

namespace omap::driver {
namespace {

/// A standard mapping between the two sides, and what binding the checkpoint to it said.
struct Trial {
  std::string name;
  LoadedMapping loaded;
  /// Empty if it binds.
  Diagnostics refusal;
  /// Tensors whose keys its rules have, and all of the side.
  std::size_t known = 0;
  std::size_t all = 0;
  /// What it requires and the checkpoint does not tell: conditions, and params to set for them.
  std::vector<std::string> undecided;
};

bool has_sides(const Plan& plan, const std::string& from, const std::string& to) {
  return from != to && (plan.left.name == from || plan.left.name == to) &&
         (plan.right.name == from || plan.right.name == to);
}

LoadedMapping failed(Diagnostic diagnostic) { return {std::nullopt, {std::move(diagnostic)}, {}}; }

void count_keys(Trial& trial, const Source& source, const std::string& side) {
  const ClaimedKeys claimed =
      claimed_keys(*trial.loaded.plan, side, source.reader.index(), source.reader.format(), source.configs);
  trial.known = claimed.by_rules;
  trial.all = claimed.tensors.size();
}

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

std::optional<Trial> attempt(Plan plan, const SourceMap& sources, std::string name, const SidePath& from,
                             const std::string& to, const std::vector<std::string>& settings) {
  auto source = open_source(from, config_files(plan));
  if (!source) return std::nullopt;
  const auto bound = bind_source(plan, from, to, {settings});
  Trial trial{std::move(name), {std::move(plan), {}, sources}, {}, 0, 0, {}};
  if (!bound) trial.refusal = bound.error();
  count_keys(trial, *source, from.side);
  if (bound) trial.undecided = undecided(*trial.loaded.plan, *source, from.side, settings);
  return trial;
}

std::vector<std::string> sides_of_standard_mappings() {
  std::set<std::string> sides;
  for (const StandardMapping& mapping : standard_mappings()) {
    for (const Plan& plan : load_file(fmt::format("std:{}", mapping.name)).plans) {
      sides.insert({plan.left.name, plan.right.name});
    }
  }
  return {sides.begin(), sides.end()};
}

LoadedMapping no_such_sides(const SidePath& from, const std::string& to) {
  return failed(Diagnostic(Code::not_recognised, "no standard mapping is between `{}` and `{}`", from.side, to)
                    .in(from.path.string())
                    .note("their sides are `{}`", fmt::join(sides_of_standard_mappings(), "`, `"))
                    .help("`olmoc list` shows the standard mappings; name your own: `olmoc run MAPPING ...`"));
}

LoadedMapping ambiguous(const SidePath& from, const std::vector<const Trial*>& fitting) {
  std::vector<std::string> names;
  for (const Trial* trial : fitting) names.push_back(trial->name);
  Diagnostic several(Code::not_recognised, "several standard mappings are for this checkpoint: `{}`",
                     fmt::join(names, "`, `"));
  several.subject = from.path.string();
  for (const Trial* trial : fitting) {
    if (trial->undecided.empty()) continue;
    several.notes.push_back(
        fmt::format("{} requires {}, which it does not tell", trial->name, fmt::join(trial->undecided, " and ")));
  }
  several.helps.push_back("name the one that is meant: `olmoc run " + names.front() + " ...`");
  several.helps.push_back("a config.json beside the tensors tells such models apart");
  return failed(std::move(several));
}

/// What is nearest, and why it is not it.
LoadedMapping unknown(const SidePath& from, const std::string& to, const Trial& nearest) {
  constexpr std::size_t shown = 3;
  Diagnostic none(Code::not_recognised, "no standard mapping from `{}` to `{}` is for this checkpoint", from.side, to);
  none.subject = from.path.string();
  none.helps.push_back("name a mapping: `olmoc run MAPPING ...`; `olmoc list` shows the standard ones");
  if (nearest.known == 0) {
    none.notes.push_back("none of them knows the name of any of its tensors");
    none.helps.push_back(
        fmt::format("begin one of your own: `olmoc new --from {}={} >my.omap`", from.side, from.path.string()));
    return failed(std::move(none));
  }
  none.notes.push_back(fmt::format("nearest is {}: {} of {} tensors have names that it knows", nearest.name,
                                   nearest.known, nearest.all));
  for (const Diagnostic& refusal : nearest.refusal) {
    if (refusal.severity != Severity::error || none.notes.size() > shown) continue;
    std::string where;
    if (refusal.code == Code::requirement_failed) {
      const auto& requirements = nearest.loaded.plan->requirements;
      const auto found = std::ranges::find(requirements, refusal.primary.range, &Requirement::range);
      if (found != requirements.end()) where = fmt::format(", `{}` does not hold", to_text(found->condition));
    }
    none.notes.push_back(fmt::format("{}: {}{}", nearest.name, refusal.message, where));
  }
  none.helps.push_back(fmt::format("begin one of your own: `olmoc new --from {}={} --like {} >my.omap`", from.side,
                                   from.path.string(), nearest.name));
  return failed(std::move(none));
}

}  // namespace

LoadedMapping recognise(const SidePath& from, const std::string& to, const std::vector<std::string>& settings) {
  // What is wrong with the checkpoint itself is wrong for every mapping.
  const auto checkpoint = open_source(from, {std::string(default_config_file)});
  if (!checkpoint) return {std::nullopt, checkpoint.error(), {}};
  std::vector<Trial> trials;
  for (const StandardMapping& mapping : standard_mappings()) {
    LoadedFile file = load_file(fmt::format("std:{}", mapping.name));
    for (Plan& plan : file.plans) {
      if (is_base(plan) || !has_sides(plan, from.side, to)) continue;
      const std::string name = plan.name == mapping.name ? fmt::format("std:{}", plan.name)
                                                         : fmt::format("std:{}:{}", mapping.name, plan.name);
      auto trial = attempt(std::move(plan), file.sources, name, from, to, settings);
      if (trial) trials.push_back(std::move(*trial));
    }
  }
  if (trials.empty()) return no_such_sides(from, to);
  std::vector<const Trial*> fitting;
  for (const Trial& trial : trials) {
    if (trial.refusal.empty()) fitting.push_back(&trial);
  }
  if (fitting.size() > 1) return ambiguous(from, fitting);
  if (fitting.size() == 1) return fitting.front()->loaded;
  // Of several that know as many names, the one with the fewest faults.
  return unknown(from, to, *std::ranges::min_element(trials, {}, [](const Trial& trial) {
                   return std::pair(trial.all - trial.known, trial.refusal.size());
                 }));
}

}  // namespace omap::driver
