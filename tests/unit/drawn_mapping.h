#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/brute_terms.h"
#include "tests/unit/random_copy.h"

/// Mappings of two rules, drawn at random, whose terms know their values: their text for the compiler, and what it
/// means.
namespace omap::test::drawn {

using brute::arithmetic;
using brute::as_bool;
using brute::as_int;
using brute::comparison;
using brute::conditional;
using brute::connected;
using brute::lists_of_names;
using brute::name;
using brute::negated;
using brute::number;
using brute::quoted;
using brute::Result;
using brute::Scalar;
using brute::Term;
using brute::within;
using brute::World;

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

}  // namespace omap::test::drawn
