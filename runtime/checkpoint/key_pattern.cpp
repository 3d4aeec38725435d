#include "runtime/checkpoint/key_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace omap {
namespace {

/// The number that a segment spells, if it is the one way to spell it (no leading zeros) and an `int` of omap.
std::optional<std::uint64_t> number_of(std::string_view segment) {
  if (segment.empty() || (segment.front() == '0' && segment.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  const char* const last = segment.data() + segment.size();
  const auto [end, error] = std::from_chars(segment.data(), last, value);
  const bool is_int = error == std::errc() && end == last && value <= std::numeric_limits<std::int64_t>::max();
  return is_int ? std::optional(value) : std::nullopt;
}

/// Calls `take(segment)` for the parts of a key between its dots, in order; there is at least one.
template <class Take>
void for_each_segment(std::string_view key, Take take) {
  for (std::size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
    take(key.substr(0, dot));
    key.remove_prefix(dot + 1);
  }
  take(key);
}

/// A number's values, ascending.
using Values = std::vector<std::uint64_t>;

/// Keys that are alike but for their numbers: the product of `leading` (one value each) and of the sets in `sets`,
/// which stand for the numbers after those, the last set first.
struct Product {
  std::vector<std::uint64_t> leading;
  std::vector<Values> sets;
  std::size_t count = 1;
  /// The place, among all keys, of the first one.
  std::size_t first = 0;
};

/// Keys of one template: the key with `0` for each number. No literal segment is `0`, so templates do not collide.
struct Family {
  std::string shape;
  std::vector<Product> members;
};

std::vector<Family> families(std::span<const std::string> keys) {
  std::vector<Family> out;
  std::unordered_map<std::string, std::size_t> by_shape;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string shape;
    Product member{{}, {}, 1, i};
    for_each_segment(keys[i], [&](std::string_view segment) {
      if (segment.data() != keys[i].data()) shape += '.';
      const auto number = number_of(segment);
      if (number) member.leading.push_back(*number);
      shape += number ? std::string_view("0") : segment;
    });
    const auto [place, added] = by_shape.try_emplace(shape, out.size());
    if (added) out.push_back({std::move(shape), {}});
    out[place->second].members.push_back(std::move(member));
  }
  return out;
}

/// `5`, or `{0..2,4}`.
std::string set_text(const Values& values) {
  std::string text;
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t last = begin;
    while (last + 1 < values.size() && values[last + 1] == values[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += last == begin ? fmt::format("{}", values[begin]) : fmt::format("{}..{}", values[begin], values[last]);
    begin = last + 1;
  }
  return values.size() == 1 ? text : fmt::format("{{{}}}", text);
}

/// Joins products that differ in their last leading number only: that number becomes a set.
std::vector<Product> fold_last_number(std::vector<Product> products) {
  struct Group {
    Values values;
    std::size_t count = 0;
    std::size_t first = SIZE_MAX;
  };
  std::map<std::pair<std::vector<std::uint64_t>, std::vector<Values>>, Group> groups;
  for (Product& product : products) {
    const std::uint64_t value = product.leading.back();
    product.leading.pop_back();
    Group& group = groups[{std::move(product.leading), std::move(product.sets)}];
    group.values.push_back(value);
    group.count += product.count;
    group.first = std::min(group.first, product.first);
  }
  std::vector<Product> out;
  for (auto& [same, group] : groups) {
    Product folded{same.first, same.second, group.count, group.first};
    std::ranges::sort(group.values);
    folded.sets.push_back(std::move(group.values));
    out.push_back(std::move(folded));
  }
  return out;
}

FoldedKeys folded(std::string_view shape, const Product& product) {
  FoldedKeys keys;
  keys.count = product.count;
  auto set = product.sets.rbegin();
  for_each_segment(shape, [&](std::string_view segment) {
    if (segment.data() != shape.data()) keys.pattern += '.';
    const Values* const values = segment == "0" ? &*set++ : nullptr;
    const std::string text = values ? set_text(*values) : std::string(segment);
    keys.pattern += text;
    const bool varies = values && values->size() > 1;
    keys.segments.push_back(varies ? std::nullopt : std::optional(text));
    if (varies) keys.numbers.push_back(*values);
  });
  return keys;
}

}  // namespace

std::vector<FoldedKeys> fold_keys(std::span<const std::string> keys) {
  std::vector<std::pair<std::size_t, FoldedKeys>> found;
  for (Family& family : families(keys)) {
    std::vector<Product> products = std::move(family.members);
    while (!products.front().leading.empty()) products = fold_last_number(std::move(products));
    for (const Product& product : products) {
      found.emplace_back(product.first, folded(family.shape, product));
    }
  }
  std::ranges::sort(found, {}, &std::pair<std::size_t, FoldedKeys>::first);
  std::vector<FoldedKeys> out;
  out.reserve(found.size());
  for (auto& [first, keys_there] : found) out.push_back(std::move(keys_there));
  return out;
}

}  // namespace omap
