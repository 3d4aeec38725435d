// Random pairs of rules against brute force: for small values of all params and indexes every key that a direction
// writes is spelled out, and compared with what the proof says of the mapping.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/plan/prove_rules.h"
#include "tests/unit/drawn_mapping.h"
#include "tests/unit/unproved_plan.h"

namespace omap::test::drawn {
namespace {

/// With the alternatives that `chosen` has a bit for, `y` in place of `x`.
std::optional<std::string> spelled(const Key& key, const World& world, std::size_t chosen = 0) {
  std::string text;
  for (std::size_t i = 0; i < key.parts.size(); ++i) {
    const auto at = std::ranges::find(key.alternatives, i) - key.alternatives.begin();
    const bool other = at < std::ssize(key.alternatives) && (chosen >> at & 1) != 0;
    const Result value = other ? Result(std::string("y")) : key.parts[i].value(world);
    if (!value) return std::nullopt;
    if (const auto* number = std::get_if<std::int64_t>(&*value)) {
      text += std::to_string(*number);
    } else if (const auto* string = std::get_if<std::string>(&*value)) {
      text += *string;
    } else {
      return std::nullopt;
    }
  }
  return text;
}

/// Calls `visit` for each combination of the values of `indexes`. False where one of them has none, or `visit` says so.
bool for_each_instance(const std::vector<Index>& indexes, const std::vector<std::size_t>& loops, std::size_t at,
                       World& world, const std::function<bool(const World&)>& visit) {
  if (at == loops.size()) return visit(world);
  const Index& index = indexes[loops[at]];
  const auto values = index.values(world);
  if (!values) return false;
  for (const Scalar& value : *values) {
    world.insert_or_assign(index.name, value);
    const bool complete = for_each_instance(indexes, loops, at + 1, world, visit);
    world.erase(index.name);
    if (!complete) return false;
  }
  return true;
}

/// What a mapping does in one world: nothing where something that is asked for has no value.
struct Done {
  /// A key that is written twice, or is an alternative of what another rule writes.
  std::optional<std::string> twice;
  /// Rules that wrote something.
  std::set<std::size_t> writers;
};
Done done_in(const Mapping& mapping, bool to_right, const World& given) {
  World world = given;
  if (mapping.requirement) {
    const auto holds = as_bool(mapping.requirement->value(world));
    if (holds && !*holds) return {};
  }
  Done done;
  std::set<std::string> keys;
  // What is written, and what would be read in place of what a rule writes: the rules.
  std::map<std::string, std::set<std::size_t>> writers, readers;
  for (std::size_t i = 0; i < mapping.rules.size(); ++i) {
    const Rule& rule = mapping.rules[i];
    if (rule.arrow == (to_right ? "<-" : "->")) continue;
    const bool complete = for_each_instance(mapping.indexes, rule.loops, 0, world, [&](const World& here) {
      const auto holds = rule.when ? as_bool(rule.when->value(here)) : std::optional(true);
      if (!holds) return false;
      if (!*holds) return true;
      // Both keys are spelled, to read the one and to write the other.
      const Key& destination = to_right ? rule.right : rule.left;
      const auto key = spelled(destination, here);
      if (!key || !spelled(to_right ? rule.left : rule.right, here)) return false;
      if (!keys.insert(*key).second) done.twice = key;
      done.writers.insert(i);
      writers[*key].insert(i);
      const std::size_t choices = rule.arrow == "<->" ? std::size_t{1} << destination.alternatives.size() : 1;
      for (std::size_t chosen = 1; chosen < choices; ++chosen) readers[*spelled(destination, here, chosen)].insert(i);
      return true;
    });
    if (!complete) return {};
  }
  for (const auto& [key, rules] : readers) {
    const auto found = writers.find(key);
    if (found != writers.end() && (found->second.size() > 1 || found->second != rules)) done.twice = key;
  }
  return done;
}

/// The names that a mapping's rules read, of those that `text` can hold.
bool reads(const std::string& text, const std::string& name) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    const bool begins = at == 0 || (!is_word(text[at - 1]) && text[at - 1] != '"');
    const std::size_t end = at + name.size();
    if (begins && (end == text.size() || (!is_word(text[end]) && text[end] != '"'))) return true;
  }
  return false;
}

std::string text_of(const World& world) {
  std::string text;
  for (const auto& [name, value] : world) {
    text += fmt::format(" {}=", name);
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, bool>) {
            text += v ? "true" : "false";
          } else {
            text += fmt::format("{}", v);
          }
        },
        value);
  }
  return text;
}

/// What each name that the rules read may be.
struct Choice {
  std::string name;
  std::vector<std::optional<Scalar>> values;
};
std::vector<Choice> choices_of(const Mapping& mapping, bool to_right) {
  const std::string body = mapping.body();
  const std::string used = body.substr(body.find("names: [string]") + 15);
  std::vector<Choice> choices;
  const auto choose = [&](const std::string& name, std::vector<std::optional<Scalar>> values) {
    if (reads(used, name)) choices.push_back({name, std::move(values)});
  };
  std::vector<std::optional<Scalar>> ints{std::nullopt};
  for (std::int64_t i = -6; i <= 10; ++i) ints.emplace_back(i);
  choose("n", ints);
  choose("k", ints);
  const std::vector<std::optional<Scalar>> truths{std::nullopt, true, false};
  choose("t", truths);
  choose("u", truths);
  std::vector<std::optional<Scalar>> strings{std::nullopt};
  for (const char* text : {"q", "x", "y", "1", "w", "4", "q1", "z", "x.q", "1.q", "q.1"}) strings.emplace_back(text);
  choose("s", strings);
  choose("names", {std::nullopt, std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{3}});
  // Towards `a` its config cannot be read.
  if (to_right) choose("a.c", {std::nullopt, std::string("q"), std::int64_t{1}, true});
  return choices;
}

World world_of(const std::vector<Choice>& choices, std::uint64_t number) {
  World world;
  for (const Choice& choice : choices) {
    if (const auto& value = choice.values[number % choice.values.size()]) world.emplace(choice.name, *value);
    number /= choice.values.size();
  }
  return world;
}

/// A key that is written twice, and a world in which it is: of all worlds, or of `most` of them. Those that write
/// anything are noted in `writers`.
std::optional<std::string> find_twice(const Mapping& mapping, bool to_right, std::uint64_t most, Draw& draw,
                                      std::set<std::size_t>& writers) {
  const std::vector<Choice> choices = choices_of(mapping, to_right);
  std::uint64_t worlds = 1;
  for (const Choice& choice : choices) worlds *= choice.values.size();
  for (std::uint64_t i = 0; i < std::min(worlds, most); ++i) {
    const World world = world_of(choices, worlds <= most ? i : draw.from(0, worlds - 1));
    const Done done = done_in(mapping, to_right, world);
    writers.insert(done.writers.begin(), done.writers.end());
    if (done.twice) return fmt::format("{} for{}", *done.twice, text_of(world));
  }
  return std::nullopt;
}

enum class Verdict { twice, dead, never };

/// Whether two of the rules write one key: of three, one may have no value where the others do. `dead`: they cannot be
/// told, as one of them writes nothing at all.
Verdict try_pairs(const Mapping& mapping, bool to_right, Draw& draw) {
  Verdict verdict = Verdict::never;
  for (std::size_t i = 0; i < mapping.rules.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      Mapping pair = mapping;
      pair.rules = {mapping.rules[j], mapping.rules[i]};
      const std::string away = to_right ? "<-" : "->";
      if (pair.rules[0].arrow == away || pair.rules[1].arrow == away) continue;
      std::set<std::size_t> writers;
      if (find_twice(pair, to_right, 200'000, draw, writers)) return Verdict::twice;
      if (writers.size() < 2) verdict = Verdict::dead;
    }
  }
  return verdict;
}

struct Said {
  bool error = false;
  bool note = false;
  std::string text;
};

/// Of one direction: messages name the side that is written.
Said said_of(const Diagnostics& diagnostics, bool to_right) {
  Said said;
  for (const Diagnostic& diagnostic : diagnostics) {
    // A pair that could not be decided is said once, for both directions.
    said.note = said.note || diagnostic.code == Code::overlap_unproven;
    if (diagnostic.message.find(to_right ? "of `b`" : "of `a`") == std::string::npos) continue;
    said.error = said.error || diagnostic.code == Code::key_written_twice;
    said.text += diagnostic.message;
    for (const std::string& note : diagnostic.notes) said.text += "; " + note;
  }
  return said;
}

}  // namespace

TEST_CASE("no pair of rules that is accepted writes a key twice, and one that is refused does") {
  const auto setting = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
  };
  const std::uint64_t seed = setting("OMAP_SEED", 1);
  const std::uint64_t cases = setting("OMAP_CASES", 3000);
  MESSAGE("OMAP_SEED=" << seed << " OMAP_CASES=" << cases);
  Draw draw(seed);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  std::size_t undecided = 0;
  std::size_t dead = 0;
  for (std::uint64_t i = 0; i < cases; ++i) {
    const Mapping mapping = Drawing(seed * 1'000'003 + i).mapping();
    const std::string body = mapping.body();
    const Plan plan = test::unproved(body);
    Diagnostics keys;
    bool told_apart = true;
    for (const auto& rule : plan.rules) told_apart = prove_keys(plan, rule, keys) && told_apart;
    if (!told_apart) continue;
    Diagnostics diagnostics;
    prove_disjoint(plan, diagnostics);
    for (const bool to_right : {true, false}) {
      const Said said = said_of(diagnostics, to_right);
      const std::string about = fmt::format("case {} towards {}:\n{}{}", i, to_right ? "b" : "a", body, said.text);
      if (said.error) {
        ++refused;
        const Verdict verdict = try_pairs(mapping, to_right, draw);
        CHECK_MESSAGE(verdict != Verdict::never, about);
        dead += verdict == Verdict::dead ? 1 : 0;
      } else if (said.note) {
        ++undecided;
      } else {
        ++accepted;
        std::set<std::size_t> writers;
        const auto twice = find_twice(mapping, to_right, 300, draw, writers);
        CHECK_MESSAGE(!twice, about << "\nwritten twice: " << twice.value_or(""));
      }
    }
  }
  MESSAGE(accepted << " accepted, " << refused << " refused (" << dead << " for rules that never write), " << undecided
                   << " left to binding");
  CHECK(accepted > cases / 2);
  CHECK(refused > cases / 8);
  CHECK(dead < refused / 20);
  CHECK(undecided < cases / 3);
}

}  // namespace omap::test::drawn
