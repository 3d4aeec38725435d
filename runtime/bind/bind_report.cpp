#include "runtime/bind/bind_report.h"

#include <algorithm>

#include "diagnostics/nearest.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/checkpoint/key_pattern.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

/// The numbers of a key: what it has in common with one that is misspelt.
std::string numbers_of(std::string_view key) {
  std::string text;
  for (const char c : key) text += c >= '0' && c <= '9' ? c : ' ';
  text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }), text.end());
  return text;
}

/// `{3..5}`, `7`
std::string spell_values(const std::set<std::string>& values) {
  return fold_keys(std::vector<std::string>(values.begin(), values.end())).front().pattern;
}

void add_help(Diagnostic& diagnostic) {
  switch (diagnostic.code) {
    case Code::dtype_conflict:
      diagnostic.helps.push_back("convert one of them first: tensors of one destination have one dtype");
      break;
    case Code::extent_undetermined:
      diagnostic.helps.push_back("name the axis like an `int` param, and set that: `--set AXIS=N`");
      break;
    case Code::dtype_not_computable:
      diagnostic.helps.push_back(
          "arithmetic makes floats: store one, as in `KEY as f32`, or move the tensor as it is, without arithmetic");
      break;
    case Code::sub_byte_layout:
      diagnostic.helps.push_back("such tensors can be renamed as a whole, without shapes");
      break;
    default:
      diagnostic.helps.push_back(
          "either the tensor is of another model than the rest, or the rule or a param does not fit it");
  }
}

}  // namespace

void BindReport::expect(std::uint32_t rule, const std::string& key, const Scope& loops, bool found) {
  Missing missing{rule, key, {}, false};
  for (const auto& [index, value] : loops) {
    const std::pair<std::string, std::string> at(index, *key_text(value));
    Expectation& expectation = by_value_[at];
    ++expectation.expected;
    if (found) continue;
    ++expectation.missing;
    expectation.rules.insert(rule);
    missing.loops.push_back(at);
  }
  if (!found) missing_.push_back(std::move(missing));
}

void BindReport::problem(std::uint32_t rule, const InstanceProblem& problem) {
  Found& found = problems_[{rule, problem.code, problem.what}];
  found.keys.push_back(problem.key);
  found.axis = problem.axis;
}

void BindReport::no_value(SourceRange range, const NoValue& why, std::string_view where) {
  if (!no_values_.emplace(why.what, why.param).second) return;
  if (why.kind == NoValue::Kind::failed) {
    Diagnostic diagnostic(why.code, range, "{}", why.what);
    diagnostic.primary.text = where;
    if (const Param* param = plan_.find_param(why.param)) {
      diagnostic.secondary.push_back({param->range, "this param"});
      diagnostic.helps.push_back(fmt::format("mend what it is read from, or `--set {}=VALUE`", why.param));
    }
    diagnostics_.push_back(std::move(diagnostic));
    return;
  }
  const bool destination = why.kind == NoValue::Kind::destination;
  Diagnostic diagnostic(Code::value_unavailable, range, "{} {}", why.what,
                        destination ? "belongs to the destination, which is not there yet" : "is not there");
  diagnostic.primary.text = where;
  if (const Param* param = plan_.find_param(why.param)) {
    diagnostic.secondary.push_back({param->range, "this param has no value"});
    diagnostic.helps.push_back(fmt::format("give it one: `--set {}=VALUE`", why.param));
  }
  diagnostics_.push_back(std::move(diagnostic));
}

Diagnostics BindReport::finish(std::vector<std::string> unclaimed, Environment& environment) {
  say_missing_values();
  say_missing_keys(unclaimed);
  say_problems();
  // A rule without its values reads nothing: what it would have read is no further fault.
  if (no_values_.empty()) {
    for (Diagnostic& diagnostic : report_unclaimed(plan_, direction_, unclaimed, environment))
      add(std::move(diagnostic));
  }
  return std::move(diagnostics_);
}

/// An index value of which several rules expect keys and none is there is one thing that is missing, not many.
void BindReport::say_missing_values() {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& [at, expectation] : by_value_) {
    const bool number = at.second.find_first_not_of("0123456789") == std::string::npos;
    if (number && expectation.missing == expectation.expected && expectation.rules.size() > 1)
      values[at.first].insert(at.second);
  }
  for (const auto& [index, missing_values] : values) {
    std::vector<std::string> keys;
    const Missing* first = nullptr;
    for (Missing& missing : missing_) {
      const bool covered = std::any_of(missing.loops.begin(), missing.loops.end(), [&](const auto& at) {
        return at.first == index && missing_values.contains(at.second);
      });
      if (!covered || missing.said) continue;
      missing.said = true;
      if (!first) first = &missing;
      keys.push_back(missing.key);
    }
    if (!first) continue;
    const Index* declaration = plan_.find_index(index);
    diagnostics_.push_back(
        Diagnostic(Code::source_missing, plan_.rules[first->rule].range,
                   "nothing of `{}` {} is in `{}`: {} keys are missing, from `{}` on", index,
                   spell_values(missing_values), source_name(), keys.size(), first->key)
            .label("the first rule that misses one")
            .also(declaration->range, "`{}` runs over this", index)
            .help("complete the checkpoint, or make the range of `{}` what it holds (`--set` of a param in it)",
                  index));
  }
}

void BindReport::say_missing_keys(std::vector<std::string>& unclaimed) {
  std::map<std::uint32_t, std::vector<std::string>> by_rule;
  for (const Missing& missing : missing_) {
    if (!missing.said) by_rule[missing.rule].push_back(missing.key);
  }
  std::map<std::string, std::vector<std::string>> alike;  // unclaimed keys by their numbers
  for (const std::string& key : unclaimed) alike[numbers_of(key)].push_back(key);
  for (const auto& [rule, keys] : by_rule) {
    Diagnostic diagnostic(Code::source_missing, plan_.rules[rule].range, "{} {} missing from `{}`", list_keys(keys),
                          keys.size() == 1 ? "is" : "are", source_name());
    diagnostic.primary.text = "this rule reads it";
    std::set<std::string> renamed;
    for (const std::string& key : keys) {
      if (const auto near = nearest(key, alike[numbers_of(key)])) renamed.insert(*near);
    }
    if (renamed.empty()) {
      diagnostic.helps.emplace_back(
          is_standard(plan_)
              ? "either the checkpoint is not complete, or it is not of this mapping's family"
              : "if this checkpoint does well without it, say so: `optional`, or a `when` behind the rule");
    } else {
      diagnostic.helps.push_back(
          fmt::format("did you mean {}? No rule reads that", list_keys({renamed.begin(), renamed.end()})));
      std::erase_if(unclaimed, [&](const std::string& key) { return renamed.contains(key); });
    }
    diagnostics_.push_back(std::move(diagnostic));
  }
}

/// Where a param is the size that many rules find otherwise, the param is the fault, and said once.
void BindReport::say_problems() {
  std::map<std::string, std::size_t> rules_by_param;
  for (const auto& [fault, found] : problems_) {
    if (fault.code == Code::extent_conflict && plan_.find_param(found.axis)) ++rules_by_param[found.axis];
  }
  std::set<std::string> said;
  for (const auto& [fault, found] : problems_) {
    const Param* param = fault.code == Code::extent_conflict ? plan_.find_param(found.axis) : nullptr;
    const std::size_t rules = param ? rules_by_param[found.axis] : 1;
    if (rules > 1 && !said.insert(found.axis).second) continue;
    Diagnostic diagnostic(fault.code, plan_.statement_range(fault.rule), "{} {}", list_keys(found.keys), fault.what);
    diagnostic.primary.text = "by this rule";
    if (param) diagnostic.secondary.push_back({param->range, fmt::format("`{}` is this param", param->name)});
    if (rules > 1) {
      diagnostic.notes.push_back(fmt::format("{} rules find another size than `{}`", rules, found.axis));
      diagnostic.helps.push_back(fmt::format("if `{0}` is wrong, mend the config, or `--set {0}=N`", found.axis));
    } else {
      add_help(diagnostic);
    }
    diagnostics_.push_back(std::move(diagnostic));
  }
}

}  // namespace omap
