#include "runtime/bind/bind.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "runtime/bind/bind_config.h"
#include "runtime/bind/bind_instance.h"
#include "runtime/bind/bind_notes.h"
#include "runtime/bind/bind_report.h"
#include "runtime/bind/cut_copies.h"
#include "runtime/bind/destination_keys.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/explain_condition.h"
#include "runtime/bind/known_extents.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/bind/rule_values.h"
#include "runtime/bind/source_claims.h"
#include "runtime/bind/stored_destination.h"
#include "runtime/bind/tie_claims.h"
#include "runtime/dtype/element.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

class Binder {
 public:
  // `keys_written_` refers to a member.
  Binder(const Binder&) = delete;
  Binder& operator=(const Binder&) = delete;
  Binder(const Plan& plan, const TensorIndex& source, const Configs& configs, const BindOptions& options)
      : plan_(plan),
        direction_(options.direction),
        keys_(source, root_in(plan.source_side(direction_), options.source_format)),
        destination_root_(root_in(plan.destination_side(direction_), options.destination_format)),
        environment_(plan, direction_, keys_, configs, options.tokenizer, options.settings),
        report_(plan, direction_),
        claims_(plan, keys_, report_),
        configs_(configs),
        given_configs_(options.given_configs) {
    const auto model = options.dtype ? model_dtype(keys_) : std::nullopt;
    if (model) cast_ = ModelCast{*model, *options.dtype};
  }

  Result<BoundMapping> bind() {
    if (!has_rules() || !requirements_hold()) return fail(report_.finish({}, environment_));
    for (std::uint32_t rule = 0; rule < plan_.rules.size(); ++rule) {
      if (plan_.rules[rule].runs(direction_)) bind_rule(rule);
    }
    for (const Tie& tie : plan_.ties) bind_tie(tie);
    claim_tied(bound_.program.ties, claims_.claimed());
    for (std::uint32_t same = 0; same < plan_.sames.size(); ++same) bind_same(same);
    build_config_files();
    auto unclaimed = find_unclaimed();
    Diagnostics problems = report_.finish(std::move(unclaimed), environment_);
    if (has_errors(problems)) return fail(std::move(problems));
    const BindFindings findings{direction_, bound_.outside_root, inexact_};
    bound_.notes = bind_notes(plan_, configs_, environment_, findings);
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
    bool all = true, is_family = false;
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
        diagnostic.notes = explain_condition(plan_, requirement.condition, environment_);
        if (is_family) {
          diagnostic.helps.emplace_back(
              "mend the config if it is wrong of this model; if it is right, this mapping is not for the model");
        } else {
          diagnostic.helps.emplace_back("take the mapping of this model's family");
          if (is_standard(plan_)) {
            diagnostic.helps.emplace_back("without a mapping, the standard one for this checkpoint is looked for");
          }
        }
        report_.add(std::move(diagnostic));
        all = false;
      } else if (requirement.message.empty()) {
        // What has no message of its own tells families apart.
        is_family = true;
      }
    }
    return all;
  }

  void bind_rule(std::uint32_t number) {
    const Rule& rule = plan_.rules[number];
    auto instances = expand_rule(plan_, rule, direction_, environment_, budget_);
    if (!instances) {
      report_.no_value(rule.range, instances.error(), "needed by this rule");
      return;
    }
    std::vector<SourceTensors> sources;
    std::vector<bool> complete;
    SourceCount all;
    for (const RuleInstance& instance : *instances) {
      sources.push_back(claims_.claim(number, instance));
      const SourceCount count = count_sources(instance, sources.back());
      complete.push_back(count.complete());
      all.wanted += count.wanted;
      all.found += count.found;
    }
    if (rule.optional && all.found == 0) return;
    if (rule.optional && !all.complete()) {
      report_.add(Diagnostic(Code::optional_partial, rule.range, "{} of the {} keys of an optional rule are there",
                             all.found, all.wanted)
                      .label("optional is all or none")
                      .help("complete the checkpoint, or give the rule an index that runs over what is there"));
      return;
    }
    // Where no instance holds, nothing is asked for.
    if (instances->empty()) return;
    const auto extents = known_extents(plan_, rule, environment_, report_);
    if (!extents) return;
    auto values = rule_values(rule, direction_, environment_);
    if (!values) {
      report_.no_value(rule.range, values.error(), "needed by this rule");
      return;
    }
    BoundRule bound = bound_rule(plan_, number, direction_, std::move(*values));
    bound.cast = cast_;
    for (std::size_t i = 0; i < instances->size(); ++i) {
      if (complete[i]) add_instance(bound, (*instances)[i], sources[i], *extents);
    }
  }

  void add_instance(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                    const Extents& extents) {
    std::vector<std::uint32_t> read;
    for (const SourceTerm& term : sources) {
      read.insert(read.end(), term.tensors.begin(), term.tensors.end());
      for (const auto& operands : term.operands) read.insert(read.end(), operands.begin(), operands.end());
    }
    add(bound.number, bind_instance(bound, instance, sources, keys_.index(), extents), std::move(read));
  }

  /// What `rule` makes of the tensors `read`.
  void add(std::uint32_t rule, BoundInstance made, std::vector<std::uint32_t> read) {
    if (made.problem) {
      report_.problem(rule, *made.problem);
      return;
    }
    ConcreteRule concrete{rule, std::move(read), {}, made.extents.all()};
    const auto first_computed = static_cast<std::uint32_t>(bound_.program.computed.size());
    std::ranges::move(made.computed, std::back_inserter(bound_.program.computed));
    for (Destination& destination : made.destinations) {
      destination.key = destination_root_ + destination.key;
      for (BoxCopy& box : destination.boxes) {
        if (box.computed) *box.computed += first_computed;
      }
      const auto place = add_destination(std::move(destination));
      if (!place) continue;
      if (made.inexact) inexact_.push_back(bound_.program.destinations[*place].key);
      concrete.destinations.push_back(*place);
    }
    bound_.rules.push_back(std::move(concrete));
  }

  /// Its place in the program, if it may be written.
  std::optional<std::uint32_t> add_destination(Destination destination) {
    std::vector<Destination>& all = bound_.program.destinations;
    const std::uint32_t rule = destination.rule;
    if (destination.key == "__metadata__" || destination.key.empty()) {
      report_.add(
          Diagnostic(Code::key_invalid, plan_.statement_range(rule), "a tensor cannot be called `{}`", destination.key)
              .help("that name means something else in a checkpoint"));
      return std::nullopt;
    }
    all.push_back(std::move(destination));
    const auto earlier = keys_written_.add_last();
    if (!earlier) return static_cast<std::uint32_t>(all.size() - 1);
    report_twice(all[*earlier].rule, rule, all.back().key);
    all.pop_back();
    return std::nullopt;
  }

  /// One error for each pair of rules, however many keys they share.
  void report_twice(std::uint32_t first, std::uint32_t second, const std::string& key) {
    if (!said_twice_.emplace(first, second).second) return;
    Diagnostic diagnostic(Code::destination_twice, plan_.statement_range(second), "`{}` is written twice", key);
    diagnostic.primary.text = first == second ? "by this rule, for two values of its indexes" : "by this rule";
    if (first != second) diagnostic.secondary.push_back({plan_.statement_range(first), "and by this one"});
    diagnostic.helps.push_back("conditions that exclude each other, or other keys");
    report_.add(std::move(diagnostic));
  }

  void build_config_files() {
    if (plan_.config.empty()) {
      bound_.configs = given_configs_;
      return;
    }
    std::vector<TensorInfo> infos;
    for (const Destination& made : bound_.program.destinations) infos.push_back({made.key, made.dtype, made.shape, {}});
    const TensorIndex index({}, std::move(infos));
    const SourceKeys written(index, destination_root_);
    BuiltConfigs built = build_configs({plan_, direction_, written, given_configs_}, environment_, report_);
    bound_.configs = std::move(built.configs);
    bound_.config_notes = std::move(built.notes);
  }

  /// What no rule has claimed keeps its name.
  void bind_same(std::uint32_t number) {
    const Same& same = plan_.sames[number];
    const auto matcher = pattern_of(same.pattern, same.when, same.range, "needed by this `same`");
    if (!matcher) return;
    const auto rule = static_cast<std::uint32_t>(plan_.rules.size()) + number;
    for (std::uint32_t tensor = 0; tensor < keys_.index().tensors().size(); ++tensor) {
      const auto key = keys_.key(tensor);
      if (claims_.is_claimed(tensor) || !key || !matcher->match(*key)) continue;
      claims_.claim(tensor);
      const TensorInfo& info = keys_.index().tensors()[tensor];
      BoundInstance made = stored_destination(info, tensor, cast_of(cast_, info.dtype));
      for (Destination& destination : made.destinations) {
        destination.key = std::string(*key);
        destination.rule = rule;
      }
      add(rule, std::move(made), {tensor});
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
        for_each_value(indexes_of(plan_, tie.dropped), environment_, {}, budget_,
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
    claims_.claim(*first);
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
    for (std::uint32_t tensor = 0; tensor < keys_.index().tensors().size(); ++tensor) {
      if (claims_.is_claimed(tensor)) continue;
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

  const Plan& plan_;
  Direction direction_;
  SourceKeys keys_;
  std::string destination_root_;
  Environment environment_;
  BindReport report_;
  SourceClaims claims_;
  const Configs& configs_;
  const Configs& given_configs_;
  std::optional<ModelCast> cast_;
  std::vector<std::string> inexact_;
  std::size_t budget_ = max_expanded_keys;
  BoundMapping bound_;
  DestinationKeys keys_written_{bound_.program.destinations};
  std::set<std::pair<std::uint32_t, std::uint32_t>> said_twice_;
};

}  // namespace

Result<BoundMapping> bind_plan(const Plan& plan, const TensorIndex& source, const Configs& configs,
                               const BindOptions& options) {
  if (options.dtype && !can_encode(*options.dtype)) {
    return fail(Diagnostic(Code::dtype_not_computable, "a model cannot be cast to {}", name(*options.dtype))
                    .help("casts are to floats of 8 bits and more that have a sign"));
  }
  auto bound = Binder(plan, source, configs, options).bind();
  if (bound) cut_by_pieces(bound->program, source);
  return bound;
}

}  // namespace omap
