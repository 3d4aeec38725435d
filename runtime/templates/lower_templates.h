#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"
#include "runtime/plan/plan.h"
#include "runtime/templates/state_mapping_template.h"

namespace omap {

/// When a template is left out because the state does not have its sources. A template that is not left out needs all
/// of its sources.
enum class Absence : std::uint8_t {
  whole,     ///< none of its sources is there for the value 0 of its placeholders: then for no value
  by_value,  ///< for each value by itself: for models whose layers differ; a layer that lost a tensor goes unnoticed
};

struct TemplateOptions {
  /// What the plan calls its sides; templates map from `source` to `destination`.
  SideDeclaration source{"source", "safetensors", ""};
  SideDeclaration destination{"destination", "safetensors", ""};
  Absence absence = Absence::whole;

  // What is known of the states that the plan is for. Templates lower without it, but for some that say too little
  // (OM5042, OM5043, and mixtures of dimensions counted from both ends); a state of another kind is refused by binding.

  /// Bounds of placeholders, by name without brackets: what `n_layer` is if it is not set. Where pieces lie across the
  /// keys of an expanded placeholder, these keys are written out.
  std::vector<std::pair<std::string, std::int64_t>> bounds = {};
  /// The number of dimensions of the tensor of a key, or nothing if that is not known. May be empty.
  std::function<std::optional<std::size_t>(const std::string& key)> rank = {};
};

/// Lowers templates to a plan, as a mapping's text is compiled to one. Every template is a rule `->`, in their order:
/// those of weights in Plan::rules, those of modules in Plan::modules.
///
/// - Each placeholder is an index of its name, `layer` for `[layer]`, over `0..n_layer`. `bound_param`
///   (template_names.h) gives the param: set it, or let it be counted in the keys of the sources. Where no source key
///   tells it, it has to be set or given, if anything needs it.
/// - A rule holds `when` one of its sources is there, as `absence` says, and then needs all of them.
///
/// Ranges in errors and in the plan point into `template_text(name, templates)`, which the plan carries. Errors:
/// a template that cannot be applied (OM5040), or never would be (OM5041); dimensions whose number is not known
/// (OM5042); pieces that a plan cannot say (OM5043); what the plan's own proofs refuse (`verify`), such as two
/// templates that write one key (OM4002). Safe to call from several threads at once.
[[nodiscard]] Result<Plan> lower_templates(std::string_view name, std::span<const StateMappingTemplate> templates,
                                           const TemplateOptions& options = {});

/// Templates as text, one a line, for errors to quote.
[[nodiscard]] SourceMap template_text(std::string_view name, std::span<const StateMappingTemplate> templates);

}  // namespace omap
