#include "runtime/checkpoint/key_pattern.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "runtime/checkpoint/key_order.h"

using omap::fold_keys;
using omap::FoldedKeys;
using omap::natural_less;

namespace {

using Keys = std::vector<std::string>;
using Folded = std::vector<std::pair<std::string, std::size_t>>;

Keys layers(int count) {
  Keys keys;
  for (int i = 0; i < count; ++i) keys.push_back(fmt::format("model.layers.{}.self_attn.q_proj.weight", i));
  return keys;
}

Folded folded(const Keys& keys) {
  Folded patterns;
  for (const FoldedKeys& each : fold_keys(keys)) patterns.emplace_back(each.pattern, each.count);
  return patterns;
}

}  // namespace

TEST_CASE("natural key order") {
  Keys keys = {"l.10.w",
               "l.2.w",
               "l.2",
               "l.02.w",
               "a",
               "l.1.w",
               "l.9.b",
               "l.x",
               "l.18446744073709551617",
               "l.18446744073709551616"};
  std::ranges::sort(keys, natural_less);
  CHECK(keys == Keys{"a", "l.1.w", "l.2", "l.02.w", "l.2.w", "l.9.b", "l.10.w", "l.18446744073709551616",
                     "l.18446744073709551617", "l.x"});
  CHECK_FALSE(natural_less("l.2", "l.2"));
  CHECK(natural_less("", "a"));
  CHECK_FALSE(natural_less("", ""));
  CHECK(natural_less("a00", "a000") != natural_less("a000", "a00"));
}

TEST_CASE("keys that differ in one number are one line") {
  CHECK(folded(layers(12)) == Folded{{"model.layers.{0..11}.self_attn.q_proj.weight", 12}});
  CHECK(folded(Keys{"a.0.b"}) == Folded{{"a.0.b", 1}});
  CHECK(folded(Keys{"a.b"}) == Folded{{"a.b", 1}});
  CHECK(folded(Keys{}).empty());
}

TEST_CASE("gaps are written, whatever the order of the keys") {
  CHECK(folded(Keys{"w.7", "w.2", "w.0", "w.9", "w.4", "w.1", "w.8"}) == Folded{{"w.{0..2,4,7..9}", 7}});
  CHECK(folded(Keys{"0", "1"}) == Folded{{"{0..1}", 2}});
}

TEST_CASE("patterns stand in the order of their first key") {
  CHECK(folded(Keys{"z", "l.0.q", "l.0.k", "a", "l.1.k", "l.1.q"}) ==
        Folded{{"z", 1}, {"l.{0..1}.q", 2}, {"l.{0..1}.k", 2}, {"a", 1}});
}

TEST_CASE("several numbers fold where their product is full") {
  Keys keys;
  for (int layer = 0; layer < 3; ++layer) {
    for (int expert = 0; expert < 8; ++expert) keys.push_back(fmt::format("l.{}.e.{}.w", layer, expert));
  }
  CHECK(folded(keys) == Folded{{"l.{0..2}.e.{0..7}.w", 24}});
  std::erase(keys, "l.1.e.5.w");
  CHECK(folded(keys) == Folded{{"l.{0,2}.e.{0..7}.w", 16}, {"l.1.e.{0..4,6..7}.w", 7}});
}

TEST_CASE("only decimal segments are numbers") {
  CHECK(folded(Keys{"a.01.b", "a.02.b"}) == Folded{{"a.01.b", 1}, {"a.02.b", 1}});
  CHECK(folded(Keys{"a.1x", "a.2x", "h1", "h2"}).size() == 4);
  CHECK(folded(Keys{"a..0", "a..1", "", "."}) == Folded{{"a..{0..1}", 2}, {"", 1}, {".", 1}});
  CHECK(folded(Keys{"a.9223372036854775806", "a.9223372036854775807"}) ==
        Folded{{"a.{9223372036854775806..9223372036854775807}", 2}});
  const Keys large = {"a.9223372036854775807", "a.9223372036854775808", "a.18446744073709551616"};
  CHECK(folded(large) == Folded{{large[0], 1}, {large[1], 1}, {large[2], 1}});
}

TEST_CASE("numbers come with their values, whatever a key's other segments look like") {
  const auto all = fold_keys(Keys{".l.2.{5..2}.0", ".l.0.{5..2}.1", ".l.0.{5..2}.0", ".l.2.{5..2}.1", "7.x"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].pattern == ".l.{0,2}.{5..2}.{0..1}");
  CHECK(all[0].segments ==
        std::vector<std::optional<std::string>>{"", "l", std::nullopt, "{5", "", "2}", std::nullopt});
  CHECK(all[0].numbers == std::vector<std::vector<std::uint64_t>>{{0, 2}, {0, 1}});
  CHECK(all[1].segments == std::vector<std::optional<std::string>>{"7", "x"});
  CHECK(all[1].numbers.empty());
}

TEST_CASE("a pattern holds what was given, and nothing else") {
  // Any subset of a small grid: what the patterns stand for, written out again, is the subset.
  for (unsigned subset = 1; subset < 512; ++subset) {
    Keys keys;
    for (unsigned i = 0; i < 9; ++i) {
      if ((subset >> i & 1U) != 0) keys.push_back(fmt::format("{}.{}", i / 3, i % 3));
    }
    Keys again;
    for (const FoldedKeys& part : fold_keys(keys)) {
      const std::size_t before = again.size();
      const auto holds = [&](const std::string& set, char digit) {
        return set.find(digit) != std::string::npos || (set.find("0..2") != std::string::npos && digit == '1');
      };
      const std::size_t dot = part.pattern.front() == '{' ? part.pattern.find('}') + 1 : 1;
      REQUIRE(part.pattern[dot] == '.');
      for (const char a : {'0', '1', '2'}) {
        for (const char b : {'0', '1', '2'}) {
          if (holds(part.pattern.substr(0, dot), a) && holds(part.pattern.substr(dot + 1), b)) {
            again.push_back(fmt::format("{}.{}", a, b));
          }
        }
      }
      CHECK(again.size() - before == part.count);
    }
    std::ranges::sort(again);
    CHECK(again == keys);
  }
}

TEST_CASE("many keys fold without quadratic work") {
  Keys keys;
  for (int i = 0; i < 200'000; ++i) keys.push_back(fmt::format("l.{}.e.{}.w", i / 1000, i % 1000));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(folded(keys) == Folded{{"l.{0..199}.e.{0..999}.w", 200'000}});
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}
