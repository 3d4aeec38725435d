#include "compiler/driver/explain_refusal.h"

#include <algorithm>
#include <set>
#include <utility>

#include "compiler/draft/claimed_keys.h"
#include "compiler/driver/partial_weights.h"
#include "runtime/bind/offered_params.h"
#include "runtime/bind/source_keys.h"
#include "runtime/plan/standard_plan.h"

namespace omap::driver {
namespace {

/// Whether an error is about what a checkpoint holds, and not about the command line.
bool is_about_checkpoint(const Diagnostic& diagnostic) {
  switch (diagnostic.code) {
    case Code::value_unavailable:
    case Code::requirement_failed:
    case Code::source_missing:
    case Code::source_unclaimed:
    case Code::optional_partial:
    case Code::evaluation_failed:
      return true;
    default:
      return false;
  }
}

}  // namespace

KnownTensors known_tensors(const Plan& plan, std::string_view side, const Source& source) {
  const TensorIndex& index = source.reader.index();
  const SourceKeys keys(index, root_in(plan.left.name == side ? plan.left : plan.right, source.reader.format()));
  KnownTensors counted;
  for (std::uint32_t tensor = 0; tensor < index.tensors().size(); ++tensor) {
    if (keys.key(tensor)) ++counted.all;
  }
  counted.known = claimed_keys(plan, side, index, source.reader.format(), source.configs).by_rules;
  return counted;
}

Diagnostic swapped_sides(const SidePath& from, const std::optional<SidePath>& to, const std::string& other) {
  std::string meant = fmt::format("--from {}={}", other, from.path.string());
  if (to) meant += fmt::format(" --to {}{}{}", from.side, to->path.empty() ? "" : "=", to->path.string());
  return Diagnostic(Code::direction_unclear, "the tensors of this checkpoint have the names of `{}`, not of `{}`",
                    other, from.side)
      .in(from.path.string())
      .help("swap the sides: `{}`", meant);
}

Diagnostics with_deciding_settings(const Plan& plan, Diagnostics refusal) {
  for (Diagnostic& diagnostic : refusal) {
    if (diagnostic.code != Code::value_unavailable) continue;
    const auto rule = std::ranges::find(plan.rules, diagnostic.primary.range, &Rule::range);
    if (rule == plan.rules.end() || !rule->when) continue;
    std::set<std::string> deciding;
    for_each_expr(*rule->when, [&](const Expr& part) {
      const Param* param = part.op == Expr::Op::param ? plan.find_param(part.name) : nullptr;
      if (param && param->type == ParamType::boolean && param->index.empty() && is_offered(plan, *param))
        deciding.insert(param->name);
    });
    if (deciding.empty()) continue;
    diagnostic.helps.clear();
    for (const std::string& name : deciding) {
      diagnostic.helps.push_back(fmt::format("say which: `--set {0}=true` or `--set {0}=false`", name));
    }
  }
  return refusal;
}

Diagnostics explain_refusal(const Plan& plan, const SidePath& from, const std::optional<SidePath>& to,
                            Diagnostics refusal) {
  if (std::ranges::none_of(refusal, is_about_checkpoint)) return refusal;
  refusal = with_deciding_settings(plan, std::move(refusal));
  const auto source = open_source(from, config_files(plan));
  if (!source) return refusal;
  const std::string& other = (from.side == plan.left.name ? plan.right : plan.left).name;
  const KnownTensors as_said = known_tensors(plan, from.side, *source), swapped = known_tensors(plan, other, *source);
  if (swapped.known > as_said.known && 2 * as_said.known < as_said.all) {
    return {swapped_sides(from, to, other)};
  }
  // A mapping of one's own may well be for an adapter, or for quantised weights.
  if (is_standard(plan)) {
    if (auto partial = partial_weights(*source, from)) return {*std::move(partial)};
  } else if (auto shard = one_of_several(from)) {
    refusal.insert(refusal.begin(), *std::move(shard));
  }
  return refusal;
}

Diagnostics explain_ties(const Plan& plan, Diagnostics problems) {
  if (!is_standard(plan)) return problems;
  for (Diagnostic& problem : problems) {
    if (problem.code != Code::tie_differs) continue;
    problem.helps.clear();
    const auto tie = std::ranges::find(plan.ties, problem.primary.range, &Tie::range);
    if (tie == plan.ties.end() || !tie->when || tie->when->op != Expr::Op::param) continue;
    problem.helps.push_back(fmt::format("if there are meant to be two, say so: `--set {}=false`", tie->when->name));
  }
  return problems;
}

}  // namespace omap::driver
