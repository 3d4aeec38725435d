#include "runtime/torch/state_converter.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/bind/bind.h"
#include "runtime/bind/bind_modules.h"
#include "runtime/torch/compare_ties.h"
#include "runtime/torch/fill_destinations.h"
#include "runtime/torch/no_throw.h"
#include "runtime/torch/scalar_type.h"
#include "runtime/torch/state_headers.h"
#include "runtime/torch/stream_scope.h"

namespace omap {
namespace {

/// Templates have no name of their own.
constexpr std::string_view template_plan_name = "templates";

/// A state has no format: no root is part of its keys.
BindOptions options_of(Direction direction, Settings settings) {
  BindOptions options;
  options.direction = direction;
  options.source_format = options.destination_format = "state dict";
  options.settings = std::move(settings);
  return options;
}

std::string spell_terms(const std::vector<Term>& terms) {
  std::vector<std::string> texts;
  for (const Term& term : terms) texts.push_back(to_text(term));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string spell_equation(const Plan& plan, std::uint32_t rule, Direction direction) {
  if (rule >= plan.rules.size()) return "same " + to_text(plan.sames[rule - plan.rules.size()].pattern);
  return spell_terms(plan.rules[rule].sources(direction)) + " -> " +
         spell_terms(plan.rules[rule].destinations(direction));
}

std::vector<StateMapping> mappings_of(const Plan& plan, Direction direction, BoundMapping bound,
                                      const TensorIndex& index) {
  std::vector<std::string> equations;
  for (std::uint32_t rule = 0; rule < plan.rules.size() + plan.sames.size(); ++rule) {
    equations.push_back(spell_equation(plan, rule, direction));
  }
  std::vector<StateMapping> mappings;
  mappings.reserve(bound.rules.size());
  for (ConcreteRule& rule : bound.rules) {
    StateMapping& mapping = mappings.emplace_back();
    for (const std::uint32_t source : rule.sources) {
      mapping.source_keys.push_back(index.tensors()[source].key);
      mapping.source_shapes.push_back(index.tensors()[source].shape);
    }
    for (const std::uint32_t destination : rule.destinations) {
      mapping.dest_keys.push_back(std::move(bound.program.destinations[destination].key));
      mapping.dest_shapes.push_back(std::move(bound.program.destinations[destination].shape));
    }
    mapping.equation = equations[rule.rule];
    mapping.extents = std::move(rule.extents);
  }
  return mappings;
}

/// The names of modules that a state has, from source to destination.
Result<std::vector<ModuleName>> module_names(const Plan& plan, Direction direction, const Configs& configs,
                                             Settings settings, const StateDict& state) {
  auto names = bind_modules(plan, keys_of(state), configs, options_of(direction, std::move(settings)));
  if (names) std::erase_if(*names, [&](const ModuleName& name) { return !state.contains(name.source); });
  return names;
}

/// Tensors without LibTorch's lazy forms, each instead of its own. What is `release`d is held here only.
StateDict plain_state(StateDict state) {
  std::vector<StateDict::Entry> entries = std::move(state).take_entries();
  for (auto& [key, tensor] : entries) {
    if (tensor.layout() == c10::Layout::Strided && !tensor.is_quantized()) tensor = plain(tensor);
  }
  // Keys are unique: they were.
  return std::move(*StateDict::from(std::move(entries)));
}

Result<StateDict> convert_modules(const StateDict& state, const std::vector<ModuleName>& names) {
  std::vector<StateDict::Entry> entries;
  entries.reserve(names.size());
  for (const ModuleName& name : names) entries.emplace_back(name.destination, *state.find(name.source));
  return StateDict::from(std::move(entries));
}

Result<StateDict> convert_weights(const Plan& plan, BindOptions bind_options, const Configs& configs, StateDict state,
                                  const ConvertOptions& options) {
  if (options.dtype) bind_options.dtype = dtype_of(*options.dtype);
  const StreamScope on_stream(options.stream);
  state = plain_state(std::move(state));
  auto index = headers_of(state);
  if (!index) return fail(std::move(index.error()));
  auto bound = bind_plan(plan, *index, configs, bind_options);
  if (!bound) return fail(std::move(bound.error()));
  if (options.note) std::ranges::for_each(bound->notes, options.note);

  std::vector<std::string> keys;
  std::vector<at::Tensor> sources;
  for (auto& [key, tensor] : std::move(state).take_entries()) {
    keys.push_back(std::move(key));
    sources.push_back(std::move(tensor));
  }
  if (auto equal = compare_ties(bound->program.ties, sources, keys); !equal) return fail(std::move(equal.error()));
  auto made = fill_destinations(bound->program, std::move(sources), options);
  if (!made) return fail(std::move(made.error()));

  std::vector<StateDict::Entry> entries;
  entries.reserve(made->size());
  for (std::size_t i = 0; i < made->size(); ++i) {
    entries.emplace_back(std::move(bound->program.destinations[i].key), std::move((*made)[i]));
  }
  return StateDict::from(std::move(entries));
}

}  // namespace

StateConverter::StateConverter(Plan plan, Direction direction, Configs configs)
    : mapping_(std::move(plan)), direction_(direction), configs_(std::move(configs)) {}

StateConverter::StateConverter(std::vector<StateMappingTemplate> templates, TemplateOptions options)
    : mapping_(Templates{std::move(templates), std::move(options)}) {}

SourceMap StateConverter::sources() const {
  const auto* templates = std::get_if<Templates>(&mapping_);
  return templates ? template_text(template_plan_name, templates->templates) : std::get<Plan>(mapping_).sources;
}

Result<BoundedPlan> StateConverter::plan_for(const StateDict& state, const Bounds& bounds) const {
  const auto* templates = std::get_if<Templates>(&mapping_);
  if (!templates) return apply_bounds(std::get<Plan>(mapping_), bounds);
  TemplateOptions options = templates->options;
  options.bounds.clear();
  for (const auto& [name, bound] : bounds) {
    if (const std::int64_t* count = bound.integer()) options.bounds.emplace_back(name, *count);
  }
  options.rank = [&state](const std::string& key) -> std::optional<std::size_t> {
    const at::Tensor* tensor = state.find(key);
    return tensor ? std::optional(static_cast<std::size_t>(tensor->dim())) : std::nullopt;
  };
  auto plan = lower_templates(template_plan_name, templates->templates, options);
  return plan ? apply_bounds(*plan, bounds) : fail(std::move(plan.error()));
}

Result<std::vector<StateMapping>> StateConverter::get_mappings(const StateDict& state, const Bounds& bounds,
                                                               StateType type) const {
  return no_throw([&]() -> Result<std::vector<StateMapping>> {
    const auto bounded = plan_for(state, bounds);
    if (!bounded) return fail(bounded.error());
    if (type == StateType::module) {
      const auto names = module_names(bounded->plan, direction_, configs_, bounded->settings, state);
      if (!names) return fail(names.error());
      std::vector<StateMapping> mappings;
      for (const ModuleName& name : *names) {
        mappings.push_back({{name.source}, {name.destination}, {}, {}, name.source + " -> " + name.destination, {}});
      }
      return mappings;
    }
    const auto index = headers_of(state);
    if (!index) return fail(index.error());
    auto bound = bind_plan(bounded->plan, *index, configs_, options_of(direction_, bounded->settings));
    if (!bound) return fail(std::move(bound.error()));
    return mappings_of(bounded->plan, direction_, std::move(*bound), *index);
  });
}

Result<StateDict> StateConverter::convert(StateDict state, const Bounds& bounds, StateType type,
                                          const ConvertOptions& options) const {
  return no_throw([&]() -> Result<StateDict> {
    const auto bounded = plan_for(state, bounds);
    if (!bounded) return fail(bounded.error());
    if (type == StateType::weight) {
      return convert_weights(bounded->plan, options_of(direction_, bounded->settings), configs_, std::move(state),
                             options);
    }
    const auto names = module_names(bounded->plan, direction_, configs_, bounded->settings, state);
    return names ? convert_modules(state, *names) : fail(names.error());
  });
}

}  // namespace omap
