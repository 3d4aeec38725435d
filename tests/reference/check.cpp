#include "tests/reference/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/reference/convert.h"
#include "tests/reference/interpret.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/state_executor.h"

namespace omap::test {
namespace {

constexpr Direction directions[] = {Direction::right, Direction::left};

const char* side_of(Direction direction) { return direction == Direction::right ? "towards b" : "towards a"; }

bool has_rules(const Mapping& mapping, Direction direction) {
  const auto rules = flatten(mapping);
  return std::any_of(rules.begin(), rules.end(), [&](const FlatRule& flat) { return flat.rule.runs(direction); });
}

Direction opposite(Direction direction) { return direction == Direction::right ? Direction::left : Direction::right; }

Tensors only(const Tensors& tensors, const std::set<std::string>& keys) {
  Tensors kept;
  for (const auto& [key, tensor] : tensors) {
    if (keys.contains(key)) kept.emplace(key, tensor);
  }
  return kept;
}

/// Converts, and compares with the reference; the tensors go to `made`.
std::optional<Failure> convert_and_compare(const Plan& plan, const Mapping& mapping, Direction direction,
                                           const Tensors& sources, Tensors& made) {
  Conversion ours = convert(plan, mapping, direction, sources);
  if (!ours.refusal.empty()) {
    return Failure{"refused " + code_text(ours.code), fmt::format("{}: {}", side_of(direction), ours.refusal),
                   direction};
  }
  if (!ours.fault.empty()) return Failure{"fault", fmt::format("{}: {}", side_of(direction), ours.fault), direction};
  const Interpretation wanted = interpret(mapping, direction, sources);
  if (!wanted.refusal.empty()) {
    return Failure{"accepted", fmt::format("{}: accepted, and the reference: {}", side_of(direction), wanted.refusal),
                   direction};
  }
  if (const std::string what = first_difference(*ours.made, wanted.made, wanted.computed); !what.empty()) {
    return Failure{"difference", fmt::format("{}: {}", side_of(direction), what), direction};
  }
  if (const std::string what = difference_as_state(plan, mapping, direction, sources, wanted); !what.empty()) {
    return Failure{"difference of states", fmt::format("{}: {}", side_of(direction), what), direction};
  }
  made = std::move(*ours.made);
  return std::nullopt;
}

}  // namespace

std::optional<Failure> check(const Mapping& mapping) {
  const Compiled compilation = compiled(mapping);
  if (!compilation.plan)
    return Failure{"refused " + code_text(compilation.code), compilation.refusal, Direction::right};
  for (const Direction direction : directions) {
    if (!has_rules(mapping, direction)) continue;
    Tensors there, back;
    const Tensors start = made_sources(mapping, direction, Alternative::last);
    if (auto failure = convert_and_compare(*compilation.plan, mapping, direction, start, there)) return failure;
    const Direction home = opposite(direction);
    if (!has_rules(mapping, home)) continue;
    // What came out of the equations, beside the sources of the rules that only lead home.
    Tensors result = only(there, equation_keys(mapping, home, Exactness::any));
    result.merge(made_sources(mapping, home, Alternative::first));
    if (auto failure = convert_and_compare(*compilation.plan, mapping, home, result, back)) {
      // Casts may leave tensors of several dtypes that nothing leads back from: then the reference says so too.
      const bool dtypes = failure->kind.starts_with("refused") && !interpret(mapping, home, result).refusal.empty();
      if (!dtypes) return failure;
      continue;
    }
    const auto equations = equation_keys(mapping, direction, Exactness::exact);
    Tensors first = made_sources(mapping, direction, Alternative::first);
    // Of an optional rule over no value nothing comes out that could lead back to a tensor without elements.
    std::erase_if(first, [&](const auto& made) { return made.second.bytes.empty() && !back.contains(made.first); });
    if (const auto what = first_difference(only(back, equations), only(first, equations)); !what.empty()) {
      return Failure{"no way back", fmt::format("{} and back: {}", side_of(direction), what), direction};
    }
  }
  return std::nullopt;
}

Verdict check_on(const Mapping& mapping, Direction direction, const Tensors& sources) {
  const Compiled compilation = compiled(mapping);
  if (!compilation.plan) return {};
  Tensors made;
  Verdict verdict{true, convert_and_compare(*compilation.plan, mapping, direction, sources, made)};
  if (verdict.failure && verdict.failure->kind.starts_with("refused")) return {};
  return verdict;
}

std::string report(const Mapping& mapping, const Tensors& sources, const Failure& failure) {
  std::string text = spell(mapping);
  for (const MadeParam& param : mapping.params) {
    if (param.set) text += fmt::format("set {} = {}\n", param.name, spell_value(param));
  }
  for (const auto& [key, tensor] : sources) text += fmt::format("{} {} {}\n", key, name(tensor.dtype), tensor.shape);
  return fmt::format("{}{}: {}\n", text, failure.kind, failure.text);
}

}  // namespace omap::test
