#include "runtime/bind/bind.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "runtime/bind/bind_instance.h"
#include "runtime/bind/bind_report.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

std::string root_in(const SideDeclaration& side, std::string_view format) {
  return side.format == format ? side.root : std::string();
}

class Binder {
 public:
  Binder(const Plan& plan, const TensorIndex& source, const std::optional<Value>& config, const BindOptions& options)
      : plan_(plan),
        direction_(options.direction),
        keys_(source, root_in(plan.source_side(direction_), options.source_format)),
        destination_root_(root_in(plan.destination_side(direction_), options.destination_format)),
        environment_(plan, direction_, keys_, config, options.settings),
        report_(plan, direction_),
        claimed_(source.tensors().size(), false),
        has_config_(config.has_value()) {}

  Result<BoundMapping> bind() {
    if (!has_rules() || !requirements_hold()) return fail(report_.finish({}, environment_));
    std::size_t budget = max_expanded_keys;
    for (std::uint32_t rule = 0; rule < plan_.rules.size(); ++rule) {
      if (plan_.rules[rule].runs(direction_)) bind_rule(rule, budget);
    }
    for (const Tie& tie : plan_.ties) bind_tie(tie);
    auto unclaimed = find_unclaimed();
    Diagnostics problems = report_.finish(std::move(unclaimed), environment_);
    if (has_errors(problems)) return fail(std::move(problems));
    add_notes();
    return std::move(bound_);
  }

 private:
  bool has_rules() {
    if (std::any_of(plan_.rules.begin(), plan_.rules.end(), [&](const Rule& rule) { return rule.runs(direction_); }))
      return true;
    report_.add(
        Diagnostic(Code::no_rules, "`{}` has no rule towards `{}`", plan_.name, plan_.destination_side(direction_).name)
            .help("its rules have arrows the other way only: swap `--from` and `--to`, or write rules with `<->`"));
    return false;
  }

  bool requirements_hold() {
    bool all = true;
    for (const Requirement& requirement : plan_.requirements) {
      const Evaluated holds = environment_.evaluate(requirement.condition);
      if (!holds) {
        // A requirement over what cannot be read does not apply.
        if (holds.error().kind != NoValue::Kind::failed) continue;
        report_.no_value(requirement.range, holds.error(), "required here");
        all = false;
      } else if (!holds->boolean() || !*holds->boolean()) {
        Diagnostic diagnostic(Code::requirement_failed, requirement.range, "{}",
                              requirement.message.empty() ? fmt::format("`{}` is not for this checkpoint", plan_.name)
                                                          : requirement.message);
        diagnostic.primary.text = "this does not hold";
        diagnostic.helps.push_back("take the mapping of this model's family");
        report_.add(std::move(diagnostic));
        all = false;
      }
    }
    return all;
  }

  void bind_rule(std::uint32_t number, std::size_t& budget) {
    const Rule& rule = plan_.rules[number];
    auto instances = expand_rule(plan_, rule, direction_, environment_, budget);
    if (!instances) {
      report_.no_value(rule.range, instances.error(), "needed by this rule");
      return;
    }
    std::vector<SourceTensors> sources;
    std::size_t found = 0, wanted = 0;
    for (const RuleInstance& instance : *instances) sources.push_back(find_sources(number, instance, found, wanted));
    if (rule.optional && found == 0) return;
    if (rule.optional && found < wanted) {
      report_.add(Diagnostic(Code::optional_partial, rule.range, "{} of the {} keys of an optional rule are there",
                             found, wanted)
                      .label("optional is all or none")
                      .help("complete the checkpoint, or give the rule an index that runs over what is there"));
      return;
    }
    const auto extents = known_extents(rule);
    if (!extents) return;
    const BoundRule bound = bound_rule(plan_, number, direction_);
    for (std::size_t i = 0; i < instances->size(); ++i) {
      if (complete((*instances)[i], sources[i])) add_instance(bound, (*instances)[i], sources[i], *extents);
    }
  }

  SourceTensors find_sources(std::uint32_t rule, const RuleInstance& instance, std::size_t& found,
                             std::size_t& wanted) {
    SourceTensors tensors(instance.sources.size());
    for (std::size_t t = 0; t < instance.sources.size(); ++t) {
      for (const ExpandedKey& key : instance.sources[t].keys) {
        ++wanted;
        const auto tensor = find_source(rule, key);
        found += tensor ? 1u : 0u;
        if (!plan_.rules[rule].optional) report_.expect(rule, key.texts[0], instance.loops, tensor.has_value());
        if (!tensor) continue;
        tensors[t].push_back(*tensor);
        claimed_[*tensor] = true;
      }
    }
    return tensors;
  }

  std::optional<std::uint32_t> find_source(std::uint32_t rule, const ExpandedKey& key) {
    std::optional<std::uint32_t> tensor;
    for (const std::string& text : key.texts) {
      const auto other = keys_.find(text);
      if (other && tensor && *tensor != *other) {
        report_.add(Diagnostic(Code::alternatives_both, plan_.rules[rule].range, "both `{}` and `{}` are there",
                               keys_.index().tensors()[*tensor].key, text)
                        .label("this rule takes either")
                        .help("remove one of them from the checkpoint"));
        claimed_[*other] = true;
      }
      if (other && !tensor) tensor = other;
    }
    return tensor;
  }

  static bool complete(const RuleInstance& instance, const SourceTensors& tensors) {
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      if (tensors[t].size() != instance.sources[t].keys.size()) return false;
    }
    return true;
  }

  /// Extents of the indexes and int params that are axes of the rule. A param without a value is left to the shapes.
  std::optional<Extents> known_extents(const Rule& rule) {
    Extents extents;
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const AxisUse& use : axis_uses(*side)) {
        if (extents.find(use.name)) continue;
        if (plan_.find_index(use.name)) {
          const auto& values = environment_.index_values(use.name);
          if (!values) {
            report_.no_value(rule.range, values.error(), "needed by this rule");
            return std::nullopt;
          }
          extents.set(use.name, static_cast<std::int64_t>(values->size()));
        } else if (plan_.find_param(use.name)) {
          const Evaluated value = environment_.param(use.name);
          if (!value && value.error().kind != NoValue::Kind::failed) continue;
          const std::int64_t* extent = value ? value->integer() : nullptr;
          if (!extent || *extent < 0) {
            const NoValue negative{NoValue::Kind::failed, fmt::format("`{}` is an axis, and is no size", use.name),
                                   Code::value_type, use.name};
            report_.no_value(rule.range, value ? negative : value.error(), "needed by this rule");
            return std::nullopt;
          }
          extents.set(use.name, *extent);
        }
      }
    }
    return extents;
  }

  void add_instance(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                    const Extents& extents) {
    BoundInstance made = bind_instance(bound, direction_, instance, sources, keys_.index(), extents);
    if (made.problem) {
      report_.problem(bound.number, *made.problem);
      return;
    }
    ConcreteRule concrete;
    concrete.rule = bound.number;
    concrete.extents = made.extents.all();
    for (const auto& term : sources) concrete.sources.insert(concrete.sources.end(), term.begin(), term.end());
    for (Destination& destination : made.destinations) {
      destination.key = destination_root_ + destination.key;
      if (!may_write(bound.number, destination.key)) continue;
      concrete.destinations.push_back(static_cast<std::uint32_t>(bound_.program.destinations.size()));
      bound_.program.destinations.push_back(std::move(destination));
    }
    bound_.rules.push_back(std::move(concrete));
  }

  bool may_write(std::uint32_t rule, const std::string& key) {
    const auto [first, is_new] = writers_.try_emplace(key, rule);
    if (is_new) {
      if (key != "__metadata__" && !key.empty()) return true;
      report_.add(Diagnostic(Code::key_invalid, plan_.rules[rule].range, "a tensor cannot be called `{}`", key)
                      .help("that name means something else in a checkpoint"));
      return false;
    }
    // One error for each pair of rules, however many keys they share.
    if (!said_twice_.emplace(first->second, rule).second) return false;
    Diagnostic diagnostic(Code::destination_twice, plan_.rules[rule].range, "`{}` is written twice", key);
    diagnostic.primary.text = first->second == rule ? "by this rule, for two values of its indexes" : "by this rule";
    if (first->second != rule) diagnostic.secondary.push_back({plan_.rules[first->second].range, "and by this one"});
    diagnostic.helps.push_back("conditions that exclude each other, or other keys");
    report_.add(std::move(diagnostic));
    return false;
  }

  /// A tied tensor is consumed if it is there; then it has to equal the one that is kept.
  void bind_tie(const Tie& tie) {
    if (tie.side != plan_.source_side(direction_).name) return;
    const auto done =
        for_each_value(indexes_of(plan_, tie.dropped), environment_, {},
                       [&](const std::vector<std::int64_t>&, const Scope& scope) -> tl::expected<void, NoValue> {
                         if (tie.when) {
                           const Evaluated holds = environment_.evaluate(*tie.when, scope);
                           if (!holds) return tl::unexpected(holds.error());
                           if (!holds->boolean() || !*holds->boolean()) return {};
                         }
                         const auto dropped = environment_.key_texts(tie.dropped, scope);
                         const auto kept = environment_.key_texts(tie.kept, scope);
                         if (!dropped) return tl::unexpected(dropped.error());
                         if (!kept) return tl::unexpected(kept.error());
                         add_tie(tie, dropped->front(), kept->front());
                         return {};
                       });
    if (!done) report_.no_value(tie.range, done.error(), "needed by this tie");
  }

  void add_tie(const Tie& tie, const std::string& dropped, const std::string& kept) {
    const auto first = keys_.find(dropped);
    const auto second = keys_.find(kept);
    if (!first) return;
    claimed_[*first] = true;
    if (second) {
      bound_.program.ties.push_back({*first, *second, tie.range});
      return;
    }
    report_.add(Diagnostic(Code::source_missing, tie.range, "`{}` is there, and `{}`, which it is tied to, is not",
                           dropped, kept)
                    .label("tied here")
                    .help("complete the checkpoint, or use a condition that is false for it"));
  }

  std::vector<std::string> find_unclaimed() {
    std::vector<KeyMatcher> ignored;
    for (const Ignore& ignore : plan_.ignores) {
      if (ignore.side != plan_.source_side(direction_).name) continue;
      if (ignore.when) {
        const Evaluated holds = environment_.evaluate(*ignore.when);
        if (!holds) report_.no_value(ignore.range, holds.error(), "needed by this `ignore`");
        if (!holds || !holds->boolean() || !*holds->boolean()) continue;
      }
      auto matcher = environment_.matcher(ignore.pattern, {});
      if (matcher) {
        ignored.push_back(std::move(*matcher));
      } else {
        report_.no_value(ignore.range, matcher.error(), "needed by this `ignore`");
      }
    }
    std::vector<std::string> unclaimed;
    for (std::uint32_t tensor = 0; tensor < claimed_.size(); ++tensor) {
      if (claimed_[tensor]) continue;
      const auto key = keys_.key(tensor);
      if (!key) {
        ++bound_.outside_root;
      } else if (std::any_of(ignored.begin(), ignored.end(),
                             [&](const KeyMatcher& m) { return m.match(*key).has_value(); })) {
        ++bound_.ignored;
      } else {
        unclaimed.emplace_back(*key);
      }
    }
    return unclaimed;
  }

  void add_notes() {
    const std::string& side = plan_.source_side(direction_).name;
    if (!has_config_ && !environment_.stand_ins().empty()) {
      std::vector<std::string> values;
      for (const auto& [param, value] : environment_.stand_ins())
        values.push_back(fmt::format("{} = {}", param, spell(value)));
      bound_.notes.push_back(
          Diagnostic(Code::default_taken, "`{}` has no config.json: {}", side, fmt::join(values, ", "))
              .note("these come from the checkpoint's headers and from defaults; `--set NAME=VALUE` overrides"));
    }
    if (bound_.outside_root > 0) {
      bound_.notes.push_back(Diagnostic(Code::sources_outside_root, "{} tensors of `{}` are outside `{}` and left out",
                                        bound_.outside_root, side, plan_.source_side(direction_).root));
    }
  }

  static std::string spell(const Value& value) {
    if (value.boolean()) return *value.boolean() ? "true" : "false";
    if (value.integer()) return std::to_string(*value.integer());
    if (value.real()) return fmt::format("{}", *value.real());
    return value.string() ? *value.string() : fmt::format("a {}", value.type_name());
  }

  const Plan& plan_;
  Direction direction_;
  SourceKeys keys_;
  std::string destination_root_;
  Environment environment_;
  BindReport report_;
  std::vector<bool> claimed_;
  bool has_config_;
  BoundMapping bound_;
  std::unordered_map<std::string, std::uint32_t> writers_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> said_twice_;
};

}  // namespace

Result<BoundMapping> bind_plan(const Plan& plan, const TensorIndex& source, const std::optional<Value>& config,
                               const BindOptions& options) {
  return Binder(plan, source, config, options).bind();
}

}  // namespace omap
