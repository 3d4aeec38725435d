#include <fmt/format.h>

#include <algorithm>

#include "compiler/driver/commands.h"
#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/recognise.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

struct Tensor {
  const std::string* key;
  Dtype dtype;
  const std::vector<std::int64_t>* shape;
};

/// A concrete rule with its tensors, from source to destination.
struct Concrete {
  /// Nothing where a tensor keeps its name.
  const Rule* rule;
  SourceRange range;
  const ConcreteRule* concrete;
  std::vector<Tensor> sources, destinations;
};

std::vector<Concrete> concrete_rules(const Plan& plan, const Bound& bound) {
  std::vector<Concrete> rules;
  for (const ConcreteRule& concrete : bound.mapping.rules) {
    const bool same = concrete.rule >= plan.rules.size();
    Concrete made{same ? nullptr : &plan.rules[concrete.rule],
                  same ? plan.sames[concrete.rule - plan.rules.size()].range : plan.rules[concrete.rule].range,
                  &concrete,
                  {},
                  {}};
    for (const std::uint32_t tensor : concrete.sources) {
      const TensorInfo& info = bound.source.reader.index().tensors()[tensor];
      made.sources.push_back({&info.key, info.dtype, &info.shape});
    }
    for (const std::uint32_t tensor : concrete.destinations) {
      const Destination& destination = bound.mapping.program.destinations[tensor];
      made.destinations.push_back({&destination.key, destination.dtype, &destination.shape});
    }
    rules.push_back(std::move(made));
  }
  return rules;
}

std::string shapes_text(const std::vector<Term>& terms) {
  std::vector<std::string> texts;
  for (const Term& term : terms) {
    if (!term.shape) continue;
    std::string text = fmt::format("[{}]", to_text(*term.shape));
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What happens to the axes: `[(expert d) h] -> [h d]`; nothing where a tensor keeps its elements in order.
std::string axes_text(const Rule* rule, Direction direction) {
  if (!rule || !has_shapes(*rule)) return {};
  const std::string from = shapes_text(rule->sources(direction));
  const std::string to = shapes_text(rule->destinations(direction));
  return from == to && rule->left.size() == 1 && rule->right.size() == 1 ? std::string()
                                                                         : fmt::format("{} -> {}", from, to);
}

Value tensors_json(const std::vector<Tensor>& tensors) {
  Value::List list;
  for (const Tensor& tensor : tensors) {
    Value::List shape;
    for (const std::int64_t extent : *tensor.shape) shape.emplace_back(extent);
    list.emplace_back(Value::Object{{"key", *tensor.key}, {"dtype", name(tensor.dtype)}, {"shape", std::move(shape)}});
  }
  return Value(std::move(list));
}

Value json_of(const Plan& plan, const Concrete& rule, Direction direction) {
  Value::Object extents;
  for (const auto& [axis, extent] : rule.concrete->extents) extents.emplace_back(axis, extent);
  const Position at =
      plan.sources.covers(rule.range) ? plan.sources.files[rule.range.file].position(rule.range.begin) : Position{0, 0};
  return Value(Value::Object{{"sources", tensors_json(rule.sources)},
                             {"destinations", tensors_json(rule.destinations)},
                             {"axes", axes_text(rule.rule, direction)},
                             {"extents", std::move(extents)},
                             {"rule", static_cast<std::int64_t>(rule.concrete->rule)},
                             {"line", static_cast<std::int64_t>(at.line)}});
}

std::string list(const std::vector<Tensor>& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) {
    text += fmt::format("{}{} [{}]", text.empty() ? "" : ", ", *tensor.key, fmt::join(*tensor.shape, ", "));
  }
  return text;
}

/// The names of modules, from the rules of `state module`.
ExitCode list_modules(const Console& console, const LoadedMapping& loaded, const SidePath& from,
                      const std::vector<std::string>& settings) {
  const auto names = bind_module_names(*loaded.plan, from, settings);
  if (!names) return console.report(explain_refusal(*loaded.plan, from, std::nullopt, names.error()), loaded.sources);
  if (console.json) {
    Value::List entries;
    for (const ModuleName& name : *names) {
      entries.emplace_back(Value::Object{{"source", name.source}, {"destination", name.destination}});
    }
    console.result(
        dump_json(Value::Object{{"mapping", loaded.plan->name}, {"from", from.side}, {"modules", std::move(entries)}}) +
        "\n");
    return done;
  }
  for (const ModuleName& name : *names) console.result(fmt::format("{} -> {}\n", name.source, name.destination));
  return done;
}

}  // namespace

ExitCode mappings(const Console& console, const MappingsArguments& arguments) {
  const auto from = parse_side_path(arguments.from);
  if (!from) return console.refuse_usage("mappings", "`--from` takes SIDE=PATH, such as `--from hf=DIR`");
  const auto to = arguments.to ? std::optional(SidePath{*arguments.to, {}}) : std::nullopt;
  const LoadedMapping loaded = named_or_recognised(console, arguments.mapping, *from, to, arguments.settings);
  const ExitCode loading = console.report(loaded.diagnostics, loaded.sources);
  if (loading != done || !loaded.plan) return loading;
  if (arguments.state == "module") return list_modules(console, loaded, *from, arguments.settings);
  const auto bound = bind_source(*loaded.plan, *from, arguments.to, {arguments.settings});
  if (!bound) return console.report(explain_refusal(*loaded.plan, *from, to, bound.error()), loaded.sources);
  const ExitCode noted = console.report(bound->mapping.notes, loaded.sources);
  if (noted != done) return noted;
  const auto rules = concrete_rules(*loaded.plan, *bound);
  if (console.json) {
    Value::List entries;
    for (const Concrete& rule : rules) entries.push_back(json_of(*loaded.plan, rule, bound->direction));
    const Value::Object all{{"mapping", loaded.plan->name},
                            {"from", loaded.plan->source_side(bound->direction).name},
                            {"to", loaded.plan->destination_side(bound->direction).name},
                            {"mappings", std::move(entries)}};
    console.result(dump_json(all) + "\n");
    return done;
  }
  for (const Concrete& rule : rules) {
    const std::string axes = axes_text(rule.rule, bound->direction);
    console.result(
        fmt::format("{} -> {}{}\n", list(rule.sources), list(rule.destinations), axes.empty() ? "" : "  by " + axes));
  }
  return done;
}

}  // namespace omap::driver
