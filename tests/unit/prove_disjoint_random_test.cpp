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
#include "tests/unit/brute_terms.h"
#include "tests/unit/random_copy.h"
#include "tests/unit/unproved_plan.h"

using namespace omap;

namespace {

using omap::test::brute::arithmetic;
using omap::test::brute::as_bool;
using omap::test::brute::as_int;
using omap::test::brute::comparison;
using omap::test::brute::conditional;
using omap::test::brute::connected;
using omap::test::brute::lists_of_names;
using omap::test::brute::name;
using omap::test::brute::negated;
using omap::test::brute::number;
using omap::test::brute::quoted;
using omap::test::brute::Result;
using omap::test::brute::Scalar;
using omap::test::brute::Term;
using omap::test::brute::within;
using omap::test::brute::World;

/// An index: the values of its list, and a condition over the one that it has.
struct Index {
  std::string name;
  std::string text;
  std::function<std::optional<std::vector<Scalar>>(const World&)> list;
  std::optional<Term> when;
  bool of_ints = true;

  /// Nothing where the list, or the condition for one of them, has no value.
  [[nodiscard]] std::optional<std::vector<Scalar>> values(const World& world) const {
    const auto all = list(world);
    if (!all || !when) return all;
    std::vector<Scalar> kept;
    World here = world;
    for (const Scalar& value : *all) {
      here.insert_or_assign(name, value);
      const auto holds = as_bool(when->value(here));
      if (!holds) return std::nullopt;
      if (*holds) kept.push_back(value);
    }
    return kept;
  }
};

/// A rule's key: texts and placeholders, and alternatives `{x|y}` of which the first is written.
struct Key {
  std::string text;
  std::vector<Term> parts;
  /// The parts that are alternatives.
  std::vector<std::size_t> alternatives = {};
};

struct Rule {
  std::string arrow;
  Key left, right;
  std::vector<std::size_t> loops;
  std::optional<Term> when;
};

struct Mapping {
  std::vector<Index> indexes;
  std::optional<Term> requirement;
  std::vector<Rule> rules;

  [[nodiscard]] bool runs_over(const Index& index) const {
    const auto at = static_cast<std::size_t>(&index - indexes.data());
    return std::ranges::any_of(rules, [&](const Rule& rule) { return std::ranges::count(rule.loops, at) > 0; });
  }

  [[nodiscard]] std::string body() const {
    std::string text =
        "param n: int\nparam k: int\nparam t: bool\nparam u: bool\nparam s: string\nparam names: [string]\n";
    for (const Index& index : indexes) {
      if (!runs_over(index)) continue;
      text += fmt::format("index {} in {}{}\n", index.name, index.text, index.when ? " when " + index.when->text : "");
    }
    if (requirement) text += "require " + requirement->text + "\n";
    for (const Rule& rule : rules) {
      text += fmt::format("{} {} {}{}\n", rule.left.text, rule.arrow, rule.right.text,
                          rule.when ? " when " + rule.when->text : "");
    }
    return text;
  }
};

class Drawing {
 public:
  explicit Drawing(std::uint64_t seed) : draw_(seed) {}

  Mapping mapping() {
    Mapping made;
    made.indexes = {range("layer"), range("other"), listed("e"), names("part"), words("word"), given("name")};
    if (draw_.once_in(2)) made.indexes[0].when = condition({name("layer")}, 1);
    if (draw_.once_in(5)) made.indexes[2].when = condition({name("e")}, 1);
    if (draw_.once_in(5)) made.requirement = condition({}, 1);
    indexes_ = &made.indexes;
    for (std::uint64_t rules = draw_.once_in(4) ? 3 : 2; rules > 0; --rules) {
      made.rules.push_back(rule(made.rules.empty() ? nullptr : &made.rules.front()));
    }
    if (draw_.once_in(3)) negate_one_condition(made);
    return made;
  }

 private:
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[draw_.from(0, values.size() - 1)];
  }
  std::int64_t small(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(draw_.from(0, static_cast<std::uint64_t>(to - from)));
  }

  Index range(const std::string& called) {
    const Term from = pick<Term>({number(0), number(0), number(1), name("k")});
    const Term to = pick<Term>({name("n"), name("n"), number(4), arithmetic(name("n"), '+', number(1))});
    return {called,
            from.text + ".." + to.text,
            [from, to](const World& world) -> std::optional<std::vector<Scalar>> {
              const auto a = as_int(from.value(world));
              const auto b = as_int(to.value(world));
              if (!a || !b) return std::nullopt;
              std::vector<Scalar> values;
              for (std::int64_t i = *a; i < *b; ++i) values.emplace_back(i);
              return values;
            },
            {},
            true};
  }
  Index fixed(const std::string& called, const std::string& text, std::vector<Scalar> values, bool of_ints) {
    return {called, text, [values](const World&) { return std::optional(values); }, {}, of_ints};
  }
  Index listed(const std::string& called) {
    return fixed(called, "[1, 3, 4]", {std::int64_t{1}, std::int64_t{3}, std::int64_t{4}}, true);
  }
  Index names(const std::string& called) {
    return fixed(called, "{q, x}", {std::string("q"), std::string("x")}, false);
  }
  Index words(const std::string& called) {
    return fixed(called, R"(["q", "q1", "x.q"])", {std::string("q"), std::string("q1"), std::string("x.q")}, false);
  }

  /// Of texts that a param tells.
  static Index given(const std::string& called) {
    return {called,
            "names",
            [](const World& world) -> std::optional<std::vector<Scalar>> {
              const auto at = world.find("names");
              if (at == world.end()) return std::nullopt;
              return lists_of_names.at(static_cast<std::size_t>(std::get<std::int64_t>(at->second)));
            },
            {},
            false};
  }

  Term int_term(const std::vector<Term>& values, int depth) {
    std::vector<Term> leaves = values;
    for (const Term& leaf : {name("n"), name("k"), number(small(-1, 4))}) leaves.push_back(leaf);
    // What a rule is about comes up often.
    for (const Term& value : values) leaves.push_back(value);
    if (depth == 0 || draw_.once_in(2)) return pick(leaves);
    if (draw_.once_in(3)) return arithmetic(pick(leaves), '%', number(small(1, 4)));
    return arithmetic(pick(leaves), pick<char>({'+', '-', '+', '-', '*'}), int_term(values, depth - 1));
  }

  Term condition(const std::vector<Term>& ints, int depth, const std::vector<Term>& strings = {}) {
    if (depth > 0) {
      switch (draw_.from(0, 9)) {
        case 0:
        case 1:
          return connected(condition(ints, depth - 1, strings), true, condition(ints, depth - 1, strings));
        case 2:
        case 3:
          return connected(condition(ints, depth - 1, strings), false, condition(ints, depth - 1, strings));
        case 4:
          return negated(condition(ints, depth - 1, strings));
        case 5:
          return conditional(condition(ints, 0, strings), condition(ints, depth - 1, strings),
                             condition(ints, 0, strings));
        default:
          break;
      }
    }
    switch (draw_.from(0, 11)) {
      case 0:
        return pick<Term>({name("t"), name("u")});
      case 1:
        return comparison(name("s"), pick<std::string>({"==", "!="}), quoted(pick<std::string>({"q", "x"})));
      case 2:
        return comparison(name("a.c"), pick<std::string>({"==", "!="}), pick<Term>({quoted("q"), number(1)}));
      case 3:
        return within(name("s"), !draw_.once_in(3), {quoted("q"), quoted(pick<std::string>({"x", "1"}))});
      case 4:
        return within(int_term(ints, 1), !draw_.once_in(3), {number(small(0, 2)), int_term({}, 0), number(3)});
      case 5:
        if (!strings.empty()) return comparison(pick(strings), pick<std::string>({"==", "!="}), quoted("q"));
        [[fallthrough]];
      case 6:
        if (!strings.empty()) return within(pick(strings), !draw_.once_in(2), {quoted("x"), name("s")});
        [[fallthrough]];
      default:
        return comparison(int_term(ints, 1), pick<std::string>({"<", "<=", ">", ">=", "==", "!="}), int_term(ints, 1));
    }
  }

  /// What stands for an index in a key: alone, or with a constant added.
  Term placeholder(const Index& index) {
    const Term here = name(index.name);
    if (!index.of_ints) return here;
    switch (draw_.from(0, 7)) {
      case 0:
        return arithmetic(here, '+', number(small(1, 2)));
      case 1:
        return arithmetic(here, '-', pick<Term>({number(small(1, 2)), name("k")}));
      case 2:
        return arithmetic(pick<Term>({number(3), name("n")}), '-', here);
      default:
        return here;
    }
  }

  static void add(Key& key, const std::string& text) {
    key.text += text;
    key.parts.push_back({text, [text](const World&) { return Result(text); }});
  }
  static void add(Key& key, const Term& value) {
    key.text += "{" + value.text + "}";
    key.parts.push_back(value);
  }

  /// A key with these placeholders, of few texts, so that keys are often alike.
  Key key(const std::vector<Term>& placeholders) {
    Key made;
    const auto segment = [&] {
      switch (draw_.from(0, 8)) {
        case 0:
          return add(made, name("s"));
        case 1:
          made.text += "{x|y}";
          made.alternatives.push_back(made.parts.size());
          made.parts.push_back({"", [](const World&) { return Result(std::string("x")); }});
          return;
        case 2:
          return add(made, pick<Term>({name("n"), arithmetic(name("k"), '+', number(1))}));
        default:
          return add(made, pick<std::string>({"q", "x", "1", "w", "y"}));
      }
    };
    std::size_t next = 0;
    for (std::uint64_t segments = draw_.from(1, 2) + (draw_.once_in(3) ? 1 : 0);
         segments > 0 || next<placeholders.size(); segments -= segments> 0 ? 1 : 0) {
      if (!made.text.empty()) add(made, ".");
      if (next == placeholders.size() || draw_.once_in(4)) {
        segment();
        continue;
      }
      if (draw_.once_in(6)) add(made, pick<std::string>({"w", "w-", "q_"}));
      add(made, placeholders[next++]);
      if (draw_.once_in(8)) add(made, pick<std::string>({"w", "_q"}));
    }
    return made;
  }

  /// Often one that runs over what `other` runs over, or that writes the same key.
  Rule rule(const Rule* other) {
    Rule made;
    made.arrow = pick<std::string>({"<->", "<->", "->", "<-"});
    const bool alike = other && !draw_.once_in(3);
    if (alike) made.loops = other->loops;
    for (std::size_t i = 0; i < indexes_->size() && !alike; ++i) {
      if (made.loops.size() < 2 && draw_.once_in(i == 0 ? 2 : 4)) made.loops.push_back(i);
    }
    std::vector<Term> ints, strings, left, right;
    for (const std::size_t i : made.loops) {
      const Index& index = (*indexes_)[i];
      left.push_back(placeholder(index));
      right.push_back(placeholder(index));
      (index.of_ints ? ints : strings).push_back(name(index.name));
    }
    draw_.shuffle(right);
    made.left = key(left);
    made.right = alike && draw_.once_in(2) ? other->right : key(right);
    if (!draw_.once_in(5)) made.when = condition(ints, static_cast<int>(draw_.from(0, 2)), strings);
    return made;
  }

  /// The second rule under the opposite of the first one's condition, where both have the same indexes.
  void negate_one_condition(Mapping& made) {
    Rule& first = made.rules[0];
    Rule& second = made.rules[1];
    if (!first.when || first.loops != second.loops) return;
    second.when = negated(*first.when);
    second.right = first.right;
  }

  Draw draw_;
  const std::vector<Index>* indexes_ = nullptr;
};

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
