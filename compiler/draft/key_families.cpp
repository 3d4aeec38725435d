#include "compiler/draft/key_families.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/key_pattern.h"

namespace omap {
namespace {

/// `{0..2,4}` of a folded key, as values.
std::vector<std::uint64_t> values_in(std::string_view set) {
  std::vector<std::uint64_t> values;
  const auto number = [&set] {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(set.data(), set.data() + set.size(), value);
    set.remove_prefix(static_cast<std::size_t>(end - set.data()));
    return value;
  };
  set.remove_prefix(1);
  while (set != "}") {
    const std::uint64_t first = number();
    std::uint64_t last = first;
    if (set.starts_with("..")) {
      set.remove_prefix(2);
      last = number();
    }
    for (std::uint64_t value = first; value <= last; ++value) values.push_back(value);
    if (set.starts_with(",")) set.remove_prefix(1);
  }
  return values;
}

/// A segment of a key may have braces itself: only those of a fold begin with a digit and have nothing but numbers.
bool is_set(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}' &&
         segment.substr(1, segment.size() - 2).find_first_not_of("0123456789.,") == std::string_view::npos;
}

/// The dots of a set are none between segments.
std::vector<std::string> segments_of(const std::string& pattern) {
  std::vector<std::string> segments(1);
  bool inside = false;
  for (const char c : pattern) {
    inside = c == '{' || (inside && c != '}');
    if (c == '.' && !inside) {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

KeyFamily family_of(const std::string& pattern, Dtype dtype, const std::vector<std::int64_t>& shape) {
  KeyFamily family{segments_of(pattern), {}, dtype, shape};
  for (std::string& segment : family.segments) {
    if (!is_set(segment)) continue;
    family.numbers.push_back(values_in(segment));
    segment.clear();
  }
  return family;
}

}  // namespace

std::vector<KeyFamily> key_families(const SourceKeys& keys, const std::vector<bool>& wanted) {
  std::map<std::pair<Dtype, std::vector<std::int64_t>>, std::vector<std::string>> alike;
  for (std::uint32_t tensor = 0; tensor < keys.index().tensors().size(); ++tensor) {
    const auto key = keys.key(tensor);
    const TensorInfo& info = keys.index().tensors()[tensor];
    if (key && wanted[tensor]) alike[{info.dtype, info.shape}].emplace_back(*key);
  }
  std::vector<KeyFamily> families;
  for (const auto& [what, names] : alike) {
    for (const FoldedKeys& folded : fold_keys(names)) {
      families.push_back(family_of(folded.pattern, what.first, what.second));
    }
  }
  std::ranges::sort(families, natural_less, first_key);
  return families;
}

std::string first_key(const KeyFamily& family) {
  std::string key;
  auto number = family.numbers.begin();
  for (const std::string& segment : family.segments) {
    if (!key.empty()) key += '.';
    key += segment.empty() ? std::to_string((number++)->front()) : segment;
  }
  return key;
}

std::string spell(const KeyFamily& family) {
  std::string key;
  auto number = family.numbers.begin();
  for (const std::string& segment : family.segments) {
    if (!key.empty()) key += '.';
    if (!segment.empty()) {
      key += segment;
      continue;
    }
    const std::vector<std::uint64_t>& values = *number++;
    const bool range = values.back() - values.front() + 1 == values.size();
    key += range ? fmt::format("{{{}..{}}}", values.front(), values.back())
                 : fmt::format("{{{}}}", fmt::join(values, ","));
  }
  return fmt::format("{} [{}]", key, fmt::join(family.shape, ", "));
}

}  // namespace omap
