#include "runtime/bind/bind_report.h"

#include <algorithm>

#include "diagnostics/nearest.h"
#include "runtime/checkpoint/key_pattern.h"

namespace omap {
namespace {

/// `` `a.{0..3}.b` (4 keys), `c` `` and how many more.
std::string list_keys(const std::vector<std::string>& keys) {
  constexpr std::size_t shown = 3;
  const auto folded = fold_keys(keys);
  std::string text;
  for (std::size_t i = 0; i < folded.size() && i < shown; ++i) {
    text += fmt::format("{}`{}`", i == 0 ? "" : ", ", folded[i].pattern);
    if (folded[i].count > 1) text += fmt::format(" ({} keys)", folded[i].count);
  }
  if (folded.size() > shown) text += fmt::format(" and {} more", folded.size() - shown);
  return text;
}

/// A key with its numbers taken out: what it would be called in any layer.
std::string without_numbers(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c < '0' || c > '9') {
      text += c;
    } else if (text.empty() || text.back() != '#') {
      text += '#';
    }
  }
  return text;
}

/// A folded pattern with a number for each `{0..3}`.
std::string without_ranges(std::string_view pattern) {
  std::string text;
  bool inside = false;
  for (const char c : pattern) {
    if (c == '{') text += '0';
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') text += c;
  }
  return text;
}

std::string numbers_of(std::string_view key) {
  std::string text;
  for (const char c : key) text += c >= '0' && c <= '9' ? c : ' ';
  text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }), text.end());
  return text;
}

std::string spell_range(const std::set<std::int64_t>& values) {
  std::vector<std::string> keys;
  for (const std::int64_t value : values) keys.push_back(std::to_string(value));
  return fold_keys(keys).front().pattern;
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
  problems_[{rule, problem.code, problem.what}].push_back(problem.key);
}

void BindReport::no_value(SourceRange range, const NoValue& why, std::string_view where) {
  if (!no_values_.emplace(why.what, why.param).second) return;
  if (why.kind == NoValue::Kind::failed) {
    Diagnostic diagnostic(why.code, range, "{}", why.what);
    diagnostic.primary.text = where;
    if (const Param* param = plan_.find_param(why.param)) diagnostic.secondary.push_back({param->range, "declared here"});
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
  if (no_values_.empty()) say_unclaimed(unclaimed, environment);
  return std::move(diagnostics_);
}

/// An index value of which several rules expect keys and none is there is one thing that is missing, not many.
void BindReport::say_missing_values() {
  std::map<std::string, std::set<std::int64_t>> values;
  for (const auto& [at, expectation] : by_value_) {
    if (expectation.missing < expectation.expected || expectation.rules.size() < 2) continue;
    if (at.second.find_first_not_of("0123456789") != std::string::npos || at.second.size() > 18) continue;
    values[at.first].insert(std::stoll(at.second));
  }
  for (const auto& [index, missing_values] : values) {
    std::vector<std::string> keys;
    const Missing* first = nullptr;
    for (Missing& missing : missing_) {
      const bool covered = std::any_of(missing.loops.begin(), missing.loops.end(), [&](const auto& at) {
        return at.first == index && missing_values.contains(std::stoll(at.second));
      });
      if (!covered || missing.said) continue;
      missing.said = true;
      if (!first) first = &missing;
      keys.push_back(missing.key);
    }
    if (!first) continue;
    const Index* declaration = plan_.find_index(index);
    diagnostics_.push_back(Diagnostic(Code::source_missing, plan_.rules[first->rule].range,
                                      "nothing of `{}` {} is in `{}`: {} keys are missing, from `{}` on", index,
                                      spell_range(missing_values), source_name(), keys.size(), first->key)
                               .label("the first rule that misses one")
                               .also(declaration->range, "`{}` runs over this", index)
                               .help("complete the checkpoint, or make the range of `{}` what it holds (`--set` of a param in it)", index));
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
      diagnostic.helps.push_back("if this checkpoint does well without it, say so: `optional`, or a `when` behind the rule");
    } else {
      diagnostic.helps.push_back(
          fmt::format("did you mean {}? No rule reads that", list_keys({renamed.begin(), renamed.end()})));
      std::erase_if(unclaimed, [&](const std::string& key) { return renamed.contains(key); });
    }
    diagnostics_.push_back(std::move(diagnostic));
  }
}

void BindReport::say_problems() {
  for (const auto& [fault, keys] : problems_) {
    const auto& [rule, code, what] = fault;
    Diagnostic diagnostic(code, plan_.rules[rule].range, "{} {}", list_keys(keys), what);
    diagnostic.primary.text = "by this rule";
    if (code == Code::dtype_conflict) diagnostic.helps.push_back("convert one of them first: tensors of one destination have one dtype");
    if (code == Code::extent_undetermined) diagnostic.helps.push_back("name the axis like an `int` param, and set that: `--set AXIS=N`");
    if (code == Code::sub_byte_layout) diagnostic.helps.push_back("such tensors can be renamed as a whole, without shapes");
    if (code == Code::extent_conflict || code == Code::extent_indivisible || code == Code::rank_mismatch) {
      diagnostic.helps.push_back("either the tensor is of another model than the rest, or the rule or a param does not fit it");
      for (const Param& param : plan_.params) {
        if (what.find("`" + param.name + "` is ") == std::string::npos) continue;
        diagnostic.secondary.push_back({param.range, fmt::format("`{}` is this param", param.name)});
      }
    }
    diagnostics_.push_back(std::move(diagnostic));
  }
}

void BindReport::say_unclaimed(const std::vector<std::string>& unclaimed, Environment& environment) {
  if (unclaimed.empty()) return;
  // Templates by what their keys look like in any layer, for a key that is one of them with a number out of range.
  std::map<std::string, const Rule*> templates;
  for (const Rule& rule : plan_.rules) {
    if (!rule.runs(direction_)) continue;
    for (const Term& term : rule.sources(direction_)) {
      std::string shape;
      for (const KeyPart& part : term.key.parts) {
        shape += part.kind == KeyPart::Kind::text ? without_numbers(part.text) : part.kind == KeyPart::Kind::placeholder ? "#" : "";
      }
      templates.try_emplace(shape, &rule);
    }
  }
  std::map<const Rule*, std::vector<std::string>> out_of_range;
  std::vector<std::string> others;
  for (const std::string& key : unclaimed) {
    const auto found = templates.find(without_numbers(key));
    if (found != templates.end() && !loop_indexes(plan_, *found->second).empty()) {
      out_of_range[found->second].push_back(key);
    } else {
      others.push_back(key);
    }
  }
  for (const auto& [rule, keys] : out_of_range) {
    const std::string index = loop_indexes(plan_, *rule).front();
    const auto& values = environment.index_values(index);
    Diagnostic diagnostic(Code::source_unclaimed, rule->range, "{} {} in `{}`, outside the range of `{}`", list_keys(keys),
                          keys.size() == 1 ? "is" : "are", source_name(), index);
    diagnostic.primary.text = "this rule reads such keys, as far as its index and its condition go";
    if (values && !values->empty() && values->front().integer()) {
      diagnostic.secondary.push_back({plan_.find_index(index)->range,
                                      fmt::format("`{}` runs from {} to {}", index, *values->front().integer(), *values->back().integer())});
    }
    diagnostic.helps.push_back(fmt::format("make the range of `{}` what the checkpoint holds (`--set` of a param in it)", index));
    diagnostics_.push_back(std::move(diagnostic));
  }
  constexpr std::size_t shown = 20;
  const auto folded = fold_keys(others);
  for (std::size_t i = 0; i < folded.size() && i < shown; ++i) {
    Diagnostic diagnostic(Code::source_unclaimed, "`{}`{} is in `{}`, and no rule reads it", folded[i].pattern,
                          folded[i].count > 1 ? fmt::format(" ({} keys)", folded[i].count) : "", source_name());
    std::vector<std::string> shapes;
    for (const auto& [shape, rule] : templates) shapes.push_back(shape);
    if (const auto near = nearest(without_numbers(without_ranges(folded[i].pattern)), shapes)) {
      diagnostic.primary = {templates[*near]->range, "the rule with the nearest key"};
    }
    diagnostic.helps.push_back(fmt::format("read it with a rule, or leave it out on purpose: `ignore {}:{}`", source_name(),
                                           folded[i].count > 1 ? "PATTERN" : folded[i].pattern));
    diagnostics_.push_back(std::move(diagnostic));
  }
  if (folded.size() > shown) {
    diagnostics_.push_back(Diagnostic(Code::source_unclaimed, "{} more groups of keys of `{}` are read by no rule",
                                      folded.size() - shown, source_name())
                               .help("does this mapping belong to this checkpoint?"));
  }
}

}  // namespace omap
