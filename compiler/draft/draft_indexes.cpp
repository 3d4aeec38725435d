#include "compiler/draft/draft_indexes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "runtime/plan/spelling.h"

namespace omap {
namespace {

/// Words of expressions, which name nothing, and `_`, which is any number.
bool is_taken_word(std::string_view word) {
  constexpr std::string_view words[] = {"as",  "when", "if",   "then",  "else", "and", "or",
                                        "not", "in",   "true", "false", "null", "_"};
  return std::ranges::find(words, word) != std::end(words);
}

/// `layers` counts layers: one of them is a `layer`.
std::string singular(const std::string& segment) {
  if (!is_word(segment) || is_taken_word(segment)) return "i";
  return segment.size() > 2 && segment.ends_with("s") && !segment.ends_with("ss")
             ? segment.substr(0, segment.size() - 1)
             : segment;
}

/// The segment before each number.
std::vector<std::string> hints_of(const KeyFamily& family) {
  std::vector<std::string> hints;
  for (std::size_t i = 0; i < family.segments.size(); ++i) {
    if (!family.segments[i]) hints.push_back(i == 0 ? std::string() : singular(family.segments[i - 1].value_or("")));
  }
  return hints;
}

/// The key with `{_}` for one of its numbers, and the first value of each other.
std::string counted_key(const KeyFamily& family, std::size_t number) {
  KeyTemplate key;
  std::size_t at = 0;
  for (const auto& segment : family.segments) {
    KeyPart part;
    if (!key.parts.empty()) {
      part.text = ".";
      key.parts.push_back(part);
    }
    if (!segment && at == number) {
      part.kind = KeyPart::Kind::any;
      part.text.clear();
    } else {
      part.text = segment ? *segment : std::to_string(family.numbers[at].front());
    }
    if (!segment) ++at;
    key.parts.push_back(std::move(part));
  }
  return to_text(joined(std::move(key)));
}

bool counts_from_0(const std::vector<std::uint64_t>& values) {
  return values.front() == 0 && values.back() + 1 == values.size();
}

}  // namespace

KeyTemplate joined(KeyTemplate key) {
  KeyTemplate out;
  for (KeyPart& part : key.parts) {
    const bool runs_on = !out.parts.empty() && part.kind == KeyPart::Kind::text && out.parts.back().kind == part.kind;
    if (runs_on) {
      out.parts.back().text += part.text;
    } else {
      out.parts.push_back(std::move(part));
    }
  }
  return out;
}

std::string DraftIndexes::free_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; std::ranges::find(taken_, name) != taken_.end(); ++i) name = fmt::format("{}_{}", wanted, i);
  taken_.push_back(name);
  return name;
}

std::vector<std::string> DraftIndexes::of(const KeyFamily& left, const KeyFamily& right) {
  std::vector<std::string> names;
  const std::vector<std::string> hints = hints_of(left);
  for (std::size_t i = 0; i < left.numbers.size(); ++i) {
    const std::string hint = hints[i].empty() ? "i" : hints[i];
    const bool is_inherited = std::ranges::find(inherited_, hint) != inherited_.end() &&
                              std::ranges::find(names, hint) == names.end() && counts_from_0(left.numbers[i]);
    if (is_inherited) {
      names.push_back(hint);
      continue;
    }
    // An index stands once in a key: two numbers with the same values are two indexes.
    auto known = std::ranges::find_if(made_, [&](const Made& made) {
      return made.hint == hint && made.values == left.numbers[i] && std::ranges::find(names, made.name) == names.end();
    });
    if (known == made_.end()) {
      const std::string name = free_name(hint);
      made_.push_back({name, counts_from_0(left.numbers[i]) ? free_name("n_" + name) : "", hint, left.numbers[i],
                       counted_key(left, i), counted_key(right, i)});
      known = std::prev(made_.end());
    }
    names.push_back(known->name);
  }
  return names;
}

std::vector<std::string> DraftIndexes::declarations(const std::string& left, const std::string& right) const {
  std::vector<std::string> lines;
  for (const Made& made : made_) {
    if (made.param.empty()) {
      lines.push_back(fmt::format("index {} in [{}]", made.name, fmt::join(made.values, ", ")));
      continue;
    }
    const std::string other = right.empty() ? "" : fmt::format(" ?? count({}:{})", right, made.right_key);
    lines.push_back(fmt::format("param {}: int = count({}:{}){}", made.param, left, made.left_key, other));
    lines.push_back(fmt::format("index {} in 0..{}", made.name, made.param));
  }
  return lines;
}

}  // namespace omap
