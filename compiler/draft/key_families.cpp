#include "compiler/draft/key_families.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/key_pattern.h"

namespace omap {
namespace {

/// The key with `spell_number(values)` for each number.
template <class SpellNumber>
std::string key_of(const KeyFamily& family, SpellNumber spell_number) {
  std::vector<std::string> segments;
  auto number = family.numbers.begin();
  for (const auto& segment : family.segments) segments.push_back(segment ? *segment : spell_number(*number++));
  return fmt::format("{}", fmt::join(segments, "."));
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
    for (FoldedKeys& folded : fold_keys(names)) {
      families.push_back({std::move(folded.segments), std::move(folded.numbers), what.first, what.second});
    }
  }
  std::ranges::sort(families, natural_less, first_key);
  return families;
}

bool can_be_written(const KeyFamily& family) {
  if (family.segments.size() == 1 && family.segments[0] == "") return false;
  const auto is_unspelled = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n'; };
  return std::ranges::none_of(family.segments, [&](const std::optional<std::string>& segment) {
    return segment && std::ranges::any_of(*segment, is_unspelled);
  });
}

std::string first_key(const KeyFamily& family) {
  return key_of(family, [](const auto& values) { return std::to_string(values.front()); });
}

std::string spell(const KeyFamily& family) {
  const std::string key = key_of(family, [](const auto& values) {
    const bool range = values.back() - values.front() + 1 == values.size();
    return range ? fmt::format("{{{}..{}}}", values.front(), values.back())
                 : fmt::format("{{{}}}", fmt::join(values, ","));
  });
  return fmt::format("{} [{}]", key.empty() ? "(empty)" : key, fmt::join(family.shape, ", "));
}

}  // namespace omap
