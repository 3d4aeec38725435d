#include "tests/reference/random_mapping.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/reference/draw_rule.h"
#include "tests/reference/draw_values.h"
#include "tests/reference/interpret.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/sizes.h"

namespace omap::test {
namespace {

constexpr std::size_t most_elements = 4000;

MadeIndex draw_index(Random& random, std::string name) {
  MadeIndex index;
  index.name = std::move(name);
  const std::size_t kind = random.below(5);
  if (kind == 0) {
    index.names = true;
    for (const char* value : {"q", "k", "v", "gate", "up"}) index.values.emplace_back(value);
    random.shuffle(index.values);
    index.values.resize(1 + random.below(3));
    index.list = fmt::format("{{{}}}", fmt::join(index.values, ", "));
    return index;
  }
  const std::int64_t count = random.chance(5) ? 0 : random.chance(5) ? 11 : random.between(1, 4);
  if (kind == 1) {
    // In no order, with gaps.
    std::vector<std::int64_t> values{0, 2, 5, 7, 9, 10, 12};
    random.shuffle(values);
    values.resize(static_cast<std::size_t>(random.between(1, 4)));
    for (const std::int64_t value : values) index.values.push_back(std::to_string(value));
    index.list = fmt::format("[{}]", fmt::join(index.values, ", "));
  } else if (kind == 2) {
    for (std::int64_t i = 1; i < 2 * count; i += 2) index.values.push_back(std::to_string(i));
    index.list = fmt::format("0..{} when {} % 2 == 1", 2 * count, index.name);
  } else {
    const std::int64_t first = random.chance(70) ? 0 : random.between(1, 3);
    for (std::int64_t i = first; i < first + count; ++i) index.values.push_back(std::to_string(i));
    index.list = fmt::format("{}..{}", first, first + count);
  }
  return index;
}

/// A block with prefixes, or with a condition, or both.
Block draw_block(Random& random, const Mapping& mapping, std::size_t number, std::vector<std::string>& loops) {
  Block block;
  if (random.chance(75)) {
    const bool quoted = random.chance(20);
    block.left.quoted = block.right.quoted = quoted;
    block.left.pieces.push_back({KeyPiece::Kind::text, fmt::format("blocks{}", number)});
    block.right.pieces.push_back({KeyPiece::Kind::text, fmt::format("layers{}", number)});
    if (random.chance(70)) {
      const MadeIndex& index = random.pick(mapping.indexes);
      loops.push_back(index.name);
      for (Key* key : {&block.left, &block.right}) {
        key->pieces.back().text += quoted ? "/" : ".";
        key->pieces.push_back({KeyPiece::Kind::index, index.name, !index.names && random.chance(20) ? 3 : 0});
      }
    }
    if (quoted) {
      for (Key* key : {&block.left, &block.right}) key->pieces.push_back({KeyPiece::Kind::text, ":"});
    }
  }
  if (block.left.pieces.empty() || random.chance(25)) {
    block.when = Condition{Condition::Op::flag, random.chance(50), "flag", {}};
  }
  return block;
}

bool sound(const Mapping& mapping, std::map<std::string, std::size_t>& refused) {
  for (const Direction direction : {Direction::right, Direction::left}) {
    std::size_t elements = 0;
    for (const auto& [key, tensor] : made_sources(mapping, direction, Alternative::first)) {
      elements += tensor.bytes.size() / (bits(tensor.dtype) / 8);
    }
    if (elements > most_elements) return ++refused["larger than wanted"], false;
  }
  const std::string refusal = why_meaningless(mapping);
  if (!refusal.empty()) ++refused[refusal];
  return refusal.empty();
}

/// Tries a mapping with one rule more, and keeps it if it has a meaning.
void add_rule(Random& random, Mapping& mapping, std::size_t number, unsigned values,
              std::map<std::string, std::size_t>& refused) {
  Mapping longer = mapping;
  std::vector<std::string> loops;
  if (random.chance(50)) {
    longer.top.rules.push_back(draw_rule(random, mapping, number, values, {}));
  } else {
    Block block = draw_block(random, mapping, number, loops);
    const bool nested = !block.left.pieces.empty() && random.chance(25);
    Block inner = nested ? draw_block(random, mapping, number + 100, loops) : Block();
    std::sort(loops.begin(), loops.end());
    if (std::adjacent_find(loops.begin(), loops.end()) != loops.end()) return;
    MadeRule rule = draw_rule(random, mapping, number, values, loops);
    (nested ? inner : block).rules.push_back(std::move(rule));
    if (nested) block.inner.push_back(std::move(inner));
    if (block.left.pieces.empty() && random.chance(60)) {
      block.otherwise.push_back(draw_rule(random, mapping, number + 50, values, {}));
    }
    longer.top.inner.push_back(std::move(block));
  }
  if (declare_extents(random, longer) && sound(longer, refused)) mapping = std::move(longer);
}

/// Lets axes whose extents the sources tell have other ones for other values of a loop.
void vary_extents(Random& random, Mapping& mapping) {
  for (auto* rules : rule_lists(mapping)) {
    for (MadeRule& rule : *rules) {
      if (!random.chance(50)) continue;
      for (const auto& [name, extent] : rule.extents) {
        if (random.chance(60)) rule.varying.push_back(name);
      }
    }
  }
}

std::vector<std::optional<Sizes>> source_shapes(const Mapping& mapping, const MadeRule& rule, Direction direction,
                                                std::size_t instance) {
  const Extents extents = instance_extents(mapping, rule, instance);
  std::vector<std::optional<Sizes>> shapes;
  for (const MadeTerm& term : rule.sources(direction)) {
    shapes.emplace_back();
    if (term.fill) continue;
    const auto indexes = indexes_in(term.key);
    const auto loops = loops_of(rule);
    const bool none = std::any_of(indexes.begin(), indexes.end(), [&](const std::string& index) {
      const bool loop = std::find(loops.begin(), loops.end(), index) != loops.end();
      return !loop && mapping.find_index(index)->values.empty();
    });
    if (none) continue;
    shapes.back().emplace();
    for (const AxisExpr& dim : dimensions(*term.shape, ellipsis_rank(rule))) {
      shapes.back()->push_back(size_of(dim, extents, term.rest).value_or(1));
    }
  }
  return shapes;
}

}  // namespace

bool declare_extents(Random& random, Mapping& mapping) {
  vary_extents(random, mapping);
  const auto declare = [&](const FlatRule& flat, const std::string& name) {
    const auto extent = flat.rule.extents.find(name);
    // A keyword names axes, and no param.
    if (extent == flat.rule.extents.end() || name == "in" || name == "when") return false;
    mapping.params.push_back({name, extent->second, false, random.chance(30)});
    return true;
  };
  for (bool again = true; again;) {
    again = false;
    for (const FlatRule& flat : flatten(mapping)) {
      if (!flat.rule.left.front().shape && !flat.rule.right.front().shape) continue;
      for (const Direction direction : {Direction::right, Direction::left}) {
        if (!flat.rule.runs(direction)) continue;
        for (const std::size_t instance : {0u, 1u}) {
          const Solution solution =
              solve(mapping, flat.rule, direction, source_shapes(mapping, flat.rule, direction, instance));
          if (solution.open.empty()) continue;
          if (!declare(flat, random.pick(solution.open))) return false;
          again = true;
        }
      }
    }
  }
  return true;
}

Mapping random_mapping(Random& random, std::map<std::string, std::size_t>& refused, unsigned values) {
  for (;;) {
    Mapping mapping;
    mapping.params.push_back({"flag", random.chance(70) ? 1 : 0, true, random.chance(30)});
    declare_value_params(random, mapping);
    for (const char* name : {"e", "layer", "part"}) mapping.indexes.push_back(draw_index(random, name));
    const std::size_t rules = 1 + random.below(3);
    for (std::size_t number = 0; number < rules; ++number) add_rule(random, mapping, number, values, refused);
    if (!flatten(mapping).empty()) return mapping;
  }
}

}  // namespace omap::test
