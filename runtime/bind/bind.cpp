#include "runtime/bind/bind.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

#include "runtime/bind/bind_config.h"
#include "runtime/bind/bind_instance.h"
#include "runtime/bind/bind_report.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/bind/rule_values.h"
#include "runtime/bind/tie_claims.h"
#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

std::string root_in(const SideDeclaration& side, std::string_view format) {
  return side.format == format ? side.root : std::string();
}

class Binder {
 public:
  Binder(const Plan& plan, const TensorIndex& source, const Configs& configs, const BindOptions& options)
      : plan_(plan),
        direction_(options.direction),
        keys_(source, root_in(plan.source_side(direction_), options.source_format)),
        destination_root_(root_in(plan.destination_side(direction_), options.destination_format)),
        environment_(plan, direction_, keys_, configs, options.settings),
        report_(plan, direction_),
        claimed_(source.tensors().size(), false),
        configs_(configs) {}

  Result<BoundMapping> bind() {
    if (!has_rules() || !requirements_hold()) return fail(report_.finish({}, environment_));
    std::size_t budget = max_expanded_keys;
    for (std::uint32_t rule = 0; rule < plan_.rules.size(); ++rule) {
      if (plan_.rules[rule].runs(direction_)) bind_rule(rule, budget);
    }
    for (const Tie& tie : plan_.ties) bind_tie(tie);
    claim_tied(bound_.program.ties, claimed_);
    for (std::uint32_t same = 0; same < plan_.sames.size(); ++same) bind_same(same);
    if (!plan_.config.empty()) bound_.configs = build_configs(plan_, direction_, environment_, report_);
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
    if (!plan_.sames.empty()) return true;
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
    if (!extents || instances->empty()) return;
    auto values = rule_values(rule, direction_, environment_);
    if (!values) {
      report_.no_value(rule.range, values.error(), "needed by this rule");
      return;
    }
    const BoundRule bound = bound_rule(plan_, number, direction_, std::move(*values));
    for (std::size_t i = 0; i < instances->size(); ++i) {
      if (complete((*instances)[i], sources[i])) add_instance(bound, (*instances)[i], sources[i], *extents);
    }
  }

  SourceTensors find_sources(std::uint32_t rule, const RuleInstance& instance, std::size_t& found,
                             std::size_t& wanted) {
    SourceTensors tensors(instance.sources.size());
    for (std::size_t t = 0; t < instance.sources.size(); ++t) {
      for (const ExpandedKey& key : instance.sources[t].keys) {
        if (const auto tensor = claim(rule, key.texts, instance.loops, found, wanted)) {
          tensors[t].tensors.push_back(*tensor);
        }
        std::vector<std::uint32_t> operands;
        for (const auto& texts : key.operands) {
          if (const auto operand = claim(rule, texts, instance.loops, found, wanted)) operands.push_back(*operand);
        }
        tensors[t].operands.push_back(std::move(operands));
      }
    }
    return tensors;
  }

  std::optional<std::uint32_t> claim(std::uint32_t rule, const std::vector<std::string>& texts, const Scope& loops,
                                     std::size_t& found, std::size_t& wanted) {
    ++wanted;
    const auto tensor = find_source(rule, texts);
    if (!plan_.rules[rule].optional) report_.expect(rule, texts[0], loops, tensor.has_value());
    if (!tensor) return std::nullopt;
    ++found;
    claimed_[*tensor] = true;
    return tensor;
  }

  std::optional<std::uint32_t> find_source(std::uint32_t rule, const std::vector<std::string>& texts) {
    std::optional<std::uint32_t> tensor;
    for (const std::string& text : texts) {
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
      const auto& keys = instance.sources[t].keys;
      if (tensors[t].tensors.size() != keys.size()) return false;
      for (std::size_t k = 0; k < keys.size(); ++k) {
        if (tensors[t].operands[k].size() != keys[k].operands.size()) return false;
      }
    }
    return true;
  }

  /// Extents of the indexes and int params that are axes of the rule. A param without a value is left to the shapes.
  std::optional<Extents> known_extents(const Rule& rule) {
    Extents extents;
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const Term& term : *side) {
        std::vector<AxisUse> uses = axis_uses(term);
        for (const Operand* operand : operands_of(term)) {
          for (AxisUse& use : axis_uses(*operand)) uses.push_back(std::move(use));
        }
        for (const AxisUse& use : uses) {
          if (!extents.find(use.name) && !add_known(rule, use.name, extents)) return std::nullopt;
        }
      }
    }
    return extents;
  }

  bool add_known(const Rule& rule, const std::string& axis, Extents& extents) {
    if (plan_.find_index(axis)) {
      const auto& values = environment_.index_values(axis);
      if (!values) {
        report_.no_value(rule.range, values.error(), "needed by this rule");
        return false;
      }
      extents.set(axis, static_cast<std::int64_t>(values->size()));
    } else if (plan_.find_param(axis)) {
      const Evaluated value = environment_.param(axis);
      if (!value && value.error().kind != NoValue::Kind::failed) return true;
      const std::int64_t* extent = value ? value->integer() : nullptr;
      if (!extent || *extent < 0) {
        const NoValue negative{NoValue::Kind::failed, fmt::format("`{}` is an axis, and is no size", axis),
                               Code::value_type, axis};
        report_.no_value(rule.range, value ? negative : value.error(), "needed by this rule");
        return false;
      }
      extents.set(axis, *extent);
    }
    return true;
  }

  void add_instance(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                    const Extents& extents) {
    BoundInstance made = bind_instance(bound, instance, sources, keys_.index(), extents);
    if (made.problem) {
      report_.problem(bound.number, *made.problem);
      return;
    }
    ConcreteRule concrete;
    concrete.rule = bound.number;
    concrete.extents = made.extents.all();
    for (const SourceTerm& term : sources) {
      concrete.sources.insert(concrete.sources.end(), term.tensors.begin(), term.tensors.end());
      for (const auto& operands : term.operands) {
        concrete.sources.insert(concrete.sources.end(), operands.begin(), operands.end());
      }
    }
    const auto first_computed = static_cast<std::uint32_t>(bound_.program.computed.size());
    std::ranges::move(made.computed, std::back_inserter(bound_.program.computed));
    for (Destination& destination : made.destinations) {
      destination.key = destination_root_ + destination.key;
      for (BoxCopy& box : destination.boxes) {
        if (box.computed) *box.computed += first_computed;
      }
      if (made.inexact) inexact_.push_back(destination.key);
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
      report_.add(Diagnostic(Code::key_invalid, range_of(rule), "a tensor cannot be called `{}`", key)
                      .help("that name means something else in a checkpoint"));
      return false;
    }
    // One error for each pair of rules, however many keys they share.
    if (!said_twice_.emplace(first->second, rule).second) return false;
    Diagnostic diagnostic(Code::destination_twice, range_of(rule), "`{}` is written twice", key);
    diagnostic.primary.text = first->second == rule ? "by this rule, for two values of its indexes" : "by this rule";
    if (first->second != rule) diagnostic.secondary.push_back({range_of(first->second), "and by this one"});
    diagnostic.helps.push_back("conditions that exclude each other, or other keys");
    report_.add(std::move(diagnostic));
    return false;
  }

  [[nodiscard]] SourceRange range_of(std::uint32_t rule) const {
    return rule < plan_.rules.size() ? plan_.rules[rule].range : plan_.sames[rule - plan_.rules.size()].range;
  }

  /// What no rule has claimed keeps its name.
  void bind_same(std::uint32_t number) {
    const Same& same = plan_.sames[number];
    const auto matcher = pattern_of(same.pattern, same.when, same.range, "needed by this `same`");
    if (!matcher) return;
    const auto rule = static_cast<std::uint32_t>(plan_.rules.size()) + number;
    for (std::uint32_t tensor = 0; tensor < claimed_.size(); ++tensor) {
      const auto key = keys_.key(tensor);
      if (claimed_[tensor] || !key || !matcher->match(*key)) continue;
      claimed_[tensor] = true;
      const TensorInfo& info = keys_.index().tensors()[tensor];
      Destination destination{destination_root_ + std::string(*key), info.dtype, info.shape, info.bytes.size, rule, {}};
      if (!may_write(rule, destination.key)) continue;
      if (info.bytes.size > 0) destination.boxes.push_back({tensor, StridedCopy{0, 0, info.bytes.size, {}}});
      bound_.rules.push_back({rule, {tensor}, {static_cast<std::uint32_t>(bound_.program.destinations.size())}, {}});
      bound_.program.destinations.push_back(std::move(destination));
    }
  }

  /// A matcher, if the condition holds.
  std::optional<KeyMatcher> pattern_of(const KeyTemplate& pattern, const std::optional<Expr>& when, SourceRange range,
                                       std::string_view where) {
    if (when) {
      const Evaluated holds = environment_.evaluate(*when);
      if (!holds) report_.no_value(range, holds.error(), where);
      if (!holds || !holds->boolean() || !*holds->boolean()) return std::nullopt;
    }
    auto matcher = environment_.matcher(pattern, {});
    if (matcher) return std::move(*matcher);
    report_.no_value(range, matcher.error(), where);
    return std::nullopt;
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
    if (second) {
      bound_.program.ties.push_back({*first, *second, tie.range});
      return;
    }
    claimed_[*first] = true;
    report_.add(Diagnostic(Code::source_missing, tie.range, "`{}` is there, and `{}`, which it is tied to, is not",
                           dropped, kept)
                    .label("tied here")
                    .help("complete the checkpoint, or use a condition that is false for it"));
  }

  std::vector<std::string> find_unclaimed() {
    std::vector<KeyMatcher> ignored;
    for (const Ignore& ignore : plan_.ignores) {
      if (ignore.side != plan_.source_side(direction_).name) continue;
      auto matcher = pattern_of(ignore.pattern, ignore.when, ignore.range, "needed by this `ignore`");
      if (matcher) ignored.push_back(std::move(*matcher));
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
    if (!configs_.contains(default_config_file) && !environment_.stand_ins().empty()) {
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
    add_rounding_note();
    if (auto note = unread_config(plan_, direction_, configs_)) bound_.notes.push_back(std::move(*note));
  }

  void add_rounding_note() {
    if (inexact_.empty()) return;
    bound_.notes.push_back(
        Diagnostic(Code::result_inexact, "{} rounded: the way back need not give the same bits",
                   inexact_.size() == 1 ? list_keys(inexact_) + " is" : list_keys(inexact_) + " are"));
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
  const Configs& configs_;
  std::vector<std::string> inexact_;
  BoundMapping bound_;
  std::unordered_map<std::string, std::uint32_t> writers_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> said_twice_;
};

}  // namespace

Result<BoundMapping> bind_plan(const Plan& plan, const TensorIndex& source, const Configs& configs,
                               const BindOptions& options) {
  return Binder(plan, source, configs, options).bind();
}

Result<std::vector<ModuleName>> bind_modules(const Plan& plan, const TensorIndex& source, const Configs& configs,
                                             const BindOptions& options) {
  const SourceKeys keys(source, root_in(plan.source_side(options.direction), options.source_format));
  Environment environment(plan, options.direction, keys, configs, options.settings);
  BindReport report(plan, options.direction);
  std::vector<ModuleName> names;
  std::size_t budget = max_expanded_keys;
  for (const Rule& rule : plan.modules) {
    if (!rule.runs(options.direction)) continue;
    const auto instances = expand_rule(plan, rule, options.direction, environment, budget);
    if (!instances) {
      report.no_value(rule.range, instances.error(), "needed by this rule");
      continue;
    }
    for (const RuleInstance& instance : *instances) {
      names.push_back({instance.sources[0].keys[0].texts[0], instance.destinations[0].keys[0].texts[0]});
    }
  }
  Diagnostics problems = report.finish({}, environment);
  if (has_errors(problems)) return fail(std::move(problems));
  return names;
}

}  // namespace omap
