#include "runtime/bind/bind_notes.h"

#include "runtime/bind/offered_params.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/bind/unread_config.h"

namespace omap {
namespace {

std::string spell(const Value& value) {
  if (value.boolean()) return *value.boolean() ? "true" : "false";
  if (value.integer()) return std::to_string(*value.integer());
  if (value.real()) return fmt::format("{}", *value.real());
  return value.string() ? *value.string() : fmt::format("a {}", value.type_name());
}

/// Of the params that are there to be set.
std::optional<Diagnostic> defaults_taken(const Plan& plan, const std::string& side, const Environment& environment) {
  std::vector<std::string> values;
  for (const auto& [param, value] : environment.stand_ins()) {
    if (is_offered(plan, *plan.find_param(param))) values.push_back(fmt::format("{} = {}", param, spell(value)));
  }
  if (values.empty()) return std::nullopt;
  return Diagnostic(Code::default_taken, "`{}` has no config.json: {}", side, fmt::join(values, ", "))
      .note("these come from the checkpoint's headers and from defaults; `--set NAME=VALUE` overrides");
}

/// A condition that has no value is none that holds.
bool holds(const std::optional<Expr>& when, Environment& environment) {
  if (!when) return true;
  const Evaluated value = environment.evaluate(*when);
  return value && value->boolean() && *value->boolean();
}

}  // namespace

Diagnostics bind_notes(const Plan& plan, const Configs& configs, Environment& environment,
                       const BindFindings& findings) {
  const SideDeclaration& side = plan.source_side(findings.direction);
  Diagnostics notes;
  if (!configs.contains(default_config_file)) {
    if (auto taken = defaults_taken(plan, side.name, environment)) notes.push_back(std::move(*taken));
  }
  for (const std::string& name : environment.unread_settings()) {
    notes.push_back(Diagnostic(Code::setting_unread, plan.find_param(name)->range, "nothing reads `{}` towards `{}`",
                               name, plan.destination_side(findings.direction).name)
                        .label("declared here")
                        .help("leave `--set {}` out, or look whether another param was meant", name));
  }
  for (const Note& note : plan.notes) {
    if (note.side != plan.destination_side(findings.direction).name || !holds(note.when, environment)) continue;
    notes.push_back(Diagnostic(Code::mapping_note, "{}", note.text));
  }
  if (findings.outside_root > 0) {
    notes.push_back(Diagnostic(Code::sources_outside_root, "{} tensors of `{}` are outside `{}` and left out",
                               findings.outside_root, side.name, side.root));
  }
  if (!findings.inexact.empty()) {
    notes.push_back(Diagnostic(Code::result_inexact, "{} {} rounded: the way back need not give the same bits",
                               list_keys(findings.inexact), findings.inexact.size() == 1 ? "is" : "are"));
  }
  if (auto unread = unread_config(plan, findings.direction, configs, environment)) notes.push_back(std::move(*unread));
  return notes;
}

}  // namespace omap
