#include "compiler/driver/recognise.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/driver/held_requirements.h"
#include "compiler/driver/not_recognised.h"
#include "compiler/driver/partial_weights.h"
#include "compiler/driver/standard_plans.h"

namespace omap::driver {
namespace {

Recognised failed(Diagnostic diagnostic) { return {{}, {std::nullopt, {std::move(diagnostic)}, {}}}; }

/// What a mapping requires and the checkpoint does not tell.
std::vector<std::string> undecided(const Plan& plan, const Source& source, const std::string& side,
                                   const std::vector<std::string>& settings) {
  const std::vector<Evaluated> held = held_requirements(plan, source, side, settings);
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < held.size(); ++i) {
    // What is about the other side says nothing of this checkpoint.
    if (held[i] || held[i].error().kind == NoValue::Kind::destination) continue;
    const std::string& param = held[i].error().param;
    conditions.push_back(fmt::format("`{}`{}", to_text(plan.requirements[i].condition),
                                     param.empty() ? "" : fmt::format(" (`--set {}=VALUE`)", param)));
  }
  return conditions;
}

Trial attempt(const StandardPlan& standard, const Source& source, const SidePath& from,
              const std::optional<SidePath>& to, const std::vector<std::string>& settings) {
  const Plan& plan = standard.plan;
  const auto bound = bind_opened(plan, source, from.side, to ? std::optional(to->side) : std::nullopt, {settings});
  Trial trial{&standard, {}, known_tensors(plan, from.side, source), {}, 0, 0};
  if (bound) {
    trial.undecided = undecided(plan, source, from.side, settings);
    return trial;
  }
  trial.refusal = bound.error();
  const std::vector<Evaluated> held = held_requirements(plan, source, from.side, settings);
  trial.unmet = static_cast<std::size_t>(std::ranges::count_if(held, is_unmet));
  trial.met = trial.unmet == 0 ? std::numeric_limits<std::size_t>::max()
                               : static_cast<std::size_t>(std::ranges::find_if(held, is_unmet) - held.begin());
  return trial;
}

std::vector<Trial> try_all(const std::vector<StandardPlan>& standard, const Source& source, const SidePath& from,
                           const std::optional<SidePath>& to, const std::vector<std::string>& settings) {
  std::vector<Trial> trials;
  for (const StandardPlan& each : standard) {
    if (is_between(each, from.side, to ? &to->side : nullptr)) {
      trials.push_back(attempt(each, source, from, to, settings));
    }
  }
  return trials;
}

/// Of trials with settings, none of which fits, the one whose mapping alone fits without them.
const Trial* refused_for_settings(const std::vector<Trial>& trials, const std::vector<Trial>& without) {
  const Trial* found = nullptr;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (!without[i].refusal.empty() && !lacks_values(without[i])) continue;
    if (found) return nullptr;
    found = &trials[i];
  }
  return found && !lacks_values(*found) ? found : nullptr;
}

/// Of sides that know as many names, one of a mapping between the sides that were said.
Owner owner_of(const std::vector<StandardPlan>& standard, const Source& source, const SidePath& from,
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

}  // namespace

Recognised recognise(const SidePath& from, const std::optional<SidePath>& to,
                     const std::vector<std::string>& settings) {
  const std::vector<StandardPlan> standard = standard_plans();
  std::set<std::string> files;
  for (const StandardPlan& each : standard) files.merge(config_files(each.plan));
  const auto checkpoint = open_source(from, files);
  if (!checkpoint) return {{}, {std::nullopt, checkpoint.error(), {}}};
  const std::vector<Trial> trials = try_all(standard, *checkpoint, from, to, settings);
  std::vector<const Trial*> fitting;
  for (const Trial& trial : trials) {
    if (trial.refusal.empty()) fitting.push_back(&trial);
  }
  if (fitting.size() > 1) return failed(ambiguous(*checkpoint, from, fitting));
  if (fitting.size() == 1) {
    const StandardPlan& found = *fitting.front()->standard;
    return {found.name, {found.plan, {}, found.sources}};
  }
  if (auto partial = partial_weights(*checkpoint, from)) return failed(*std::move(partial));
  if (!settings.empty()) {
    if (const Trial* refused = refused_for_settings(trials, try_all(standard, *checkpoint, from, to, {}))) {
      const StandardPlan& meant = *refused->standard;
      return {meant.name, {std::nullopt, refused->refusal, meant.sources}};
    }
  }
  // Of several that know as many names, the one whose family it is, and that with the fewest faults.
  const auto nearest = std::ranges::min_element(trials, {}, [](const Trial& trial) {
    return std::tuple(trial.tensors.all - trial.tensors.known, std::numeric_limits<std::size_t>::max() - trial.met,
                      trial.unmet, trial.refusal.size());
  });
  const Owner owner = owner_of(standard, *checkpoint, from, to);
  if (owner.standard && owner.side != from.side &&
      (nearest == trials.end() || owner.tensors.known > nearest->tensors.known)) {
    return failed(misnamed(standard, from, to, owner));
  }
  if (nearest == trials.end()) return failed(no_such_sides(standard, from, to));
  return failed(not_recognised(from, to, *nearest));
}

LoadedMapping named_or_recognised(const Console& console, const std::string& named, const SidePath& from,
                                  const std::optional<SidePath>& to, const std::vector<std::string>& settings) {
  if (!named.empty()) return load_mapping(named);
  Recognised recognised = recognise(from, to, settings);
  if (recognised.mapping.plan) console.remark(fmt::format("recognised as {}\n", recognised.name));
  return std::move(recognised.mapping);
}

}  // namespace omap::driver
