#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace omap::test::brute {

// Expressions as they are written, and what they are worth in a world of small values: a reading of the language that
// shares nothing with the proofs.

using Scalar = std::variant<std::int64_t, bool, std::string>;
/// Nothing where there is no value: then nothing is written at all.
using Result = std::optional<Scalar>;

/// What params, members of configs and indexes are, by name. One that is not there has no value.
using World = std::map<std::string, Scalar, std::less<>>;

/// What the param `names` may be: a world holds the position of one of these.
inline const std::vector<std::vector<Scalar>> lists_of_names = {
    {},
    {std::string("q")},
    {std::string("x"), std::string("1")},
    {std::string("x.q"), std::string("q"), std::string("x")}};

/// An expression as it is written, and what it is worth.
struct Term {
  std::string text;
  std::function<Result(const World&)> value;
};

inline std::optional<std::int64_t> as_int(const Result& value) {
  if (!value || !std::holds_alternative<std::int64_t>(*value)) return std::nullopt;
  return std::get<std::int64_t>(*value);
}
inline std::optional<bool> as_bool(const Result& value) {
  if (!value || !std::holds_alternative<bool>(*value)) return std::nullopt;
  return std::get<bool>(*value);
}

inline Term number(std::int64_t value) {
  return {std::to_string(value), [value](const World&) { return Result(value); }};
}
inline Term quoted(const std::string& value) {
  return {"\"" + value + "\"", [value](const World&) { return Result(value); }};
}
inline Term name(const std::string& text) {
  return {text, [text](const World& world) -> Result {
            const auto found = world.find(text);
            return found == world.end() ? Result() : Result(found->second);
          }};
}

inline Term arithmetic(const Term& a, char sign, const Term& b) {
  return {fmt::format("({} {} {})", a.text, sign, b.text), [a, sign, b](const World& world) -> Result {
            const auto x = as_int(a.value(world));
            const auto y = as_int(b.value(world));
            if (!x || !y) return {};
            if (sign == '%') return *y == 0 ? Result() : Result(((*x % *y) + *y) % *y);
            return Result(sign == '+' ? *x + *y : sign == '-' ? *x - *y : *x * *y);
          }};
}

inline Term comparison(const Term& a, const std::string& sign, const Term& b) {
  return {fmt::format("{} {} {}", a.text, sign, b.text), [a, sign, b](const World& world) -> Result {
            const Result x = a.value(world);
            const Result y = b.value(world);
            if (!x || !y) return {};
            if (sign == "==") return Result(*x == *y);
            if (sign == "!=") return Result(*x != *y);
            const auto i = as_int(x);
            const auto j = as_int(y);
            if (!i || !j) return {};
            return Result(sign == "<" ? *i < *j : sign == "<=" ? *i <= *j : sign == ">" ? *i > *j : *i >= *j);
          }};
}

inline Term within(const Term& element, bool positive, const std::vector<Term>& list) {
  std::string items;
  for (const Term& item : list) items += (items.empty() ? "" : ", ") + item.text;
  return {fmt::format("{} {}in [{}]", element.text, positive ? "" : "not ", items),
          [element, positive, list](const World& world) -> Result {
            const Result x = element.value(world);
            bool found = false;
            bool complete = x.has_value();
            for (const Term& item : list) {
              const Result y = item.value(world);
              complete = complete && y;
              found = found || (x && y && *x == *y);
            }
            return complete ? Result(found == positive) : Result();
          }};
}

/// `and` and `or` look at the second only where they need it, `if` at one.
inline Term connected(const Term& a, bool conjoined, const Term& b) {
  return {fmt::format("({} {} {})", a.text, conjoined ? "and" : "or", b.text),
          [a, conjoined, b](const World& world) -> Result {
            const auto x = as_bool(a.value(world));
            if (!x) return {};
            if (*x != conjoined) return Result(*x);
            const auto y = as_bool(b.value(world));
            return y ? Result(*y) : Result();
          }};
}
inline Term negated(const Term& a) {
  return {"not (" + a.text + ")", [a](const World& world) -> Result {
            const auto x = as_bool(a.value(world));
            return x ? Result(!*x) : Result();
          }};
}
inline Term conditional(const Term& condition, const Term& a, const Term& b) {
  return {fmt::format("(if {} then {} else {})", condition.text, a.text, b.text),
          [condition, a, b](const World& world) -> Result {
            const auto chosen = as_bool(condition.value(world));
            return chosen ? (*chosen ? a : b).value(world) : Result();
          }};
}

}  // namespace omap::test::brute
