// Random rules against a reading of the language that knows no strides: each element's place is found from the values
// of its axes, one element at a time.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "compiler/compile.h"
#include "runtime/bind/bind.h"
#include "tests/unit/made_checkpoint.h"

namespace {

using namespace omap;
using omap::test::MadeCheckpoint;

using Random = std::mt19937;
using Extent = std::map<std::string, std::int64_t>;

std::size_t below(Random& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}
bool chance(Random& random, int percent) { return below(random, 100) < static_cast<std::size_t>(percent); }

/// A part of a shape: an axis, a product of parts, or (where `pieces` is set) a sum of them.
struct Part {
  std::string axis;
  std::vector<Part> parts;
  bool sum = false;
};

std::int64_t size_of(const Part& part, const Extent& extents) {
  if (!part.axis.empty()) return extents.at(part.axis);
  std::int64_t size = part.sum ? 0 : 1;
  for (const Part& inner : part.parts)
    size = part.sum ? size + size_of(inner, extents) : size * size_of(inner, extents);
  return size;
}

/// Where the element with these axis values lies in a part; `box` is the piece that is taken of its sum.
std::int64_t place_in(const Part& part, const Extent& extents, const Extent& at, std::size_t box) {
  if (!part.axis.empty()) return at.at(part.axis);
  if (part.sum) {
    std::int64_t before = 0;
    for (std::size_t i = 0; i < box; ++i) before += size_of(part.parts[i], extents);
    return before + place_in(part.parts[box], extents, at, box);
  }
  std::int64_t place = 0;
  for (const Part& inner : part.parts) place = place * size_of(inner, extents) + place_in(inner, extents, at, box);
  return place;
}

std::string text_of(const Part& part, const Extent& extents, const std::string& index, bool inside) {
  if (!part.axis.empty()) {
    return part.axis == index ? part.axis : part.axis + "=" + std::to_string(extents.at(part.axis));
  }
  if (part.parts.empty()) return "1";
  std::string text;
  for (const Part& inner : part.parts) {
    if (!text.empty()) text += part.sum ? " + " : " ";
    text += text_of(inner, extents, index, !part.sum);
  }
  const bool brackets = part.sum ? part.parts.size() > 1 : inside && part.parts.size() > 1;
  return brackets ? "(" + text + ")" : text;
}

/// A tensor of one side: the boxes [first, first + count) of the rule, in dimensions.
struct MadeTerm {
  std::string key;
  bool index_in_key = false;
  std::size_t first = 0, count = 0;
  std::vector<Part> dims;
};

struct MadeRule {
  Extent extents;
  std::vector<std::string> shared;            ///< axes of every box
  std::vector<std::vector<std::string>> own;  ///< by box: axes of it alone
  std::string index;                          ///< one of `shared`, or empty
  std::vector<MadeTerm> left, right;

  [[nodiscard]] std::string text() const {
    std::string body = index.empty() ? "" : "index " + index + " in 0.." + std::to_string(extents.at(index)) + "\n";
    for (const bool at_left : {true, false}) {
      std::string side;
      for (const MadeTerm& term : at_left ? left : right) {
        if (!side.empty()) side += ", ";
        side += term.key + (term.index_in_key ? ".{" + index + "}" : "") + "[";
        for (std::size_t d = 0; d < term.dims.size(); ++d)
          side += (d ? " " : "") + text_of(term.dims[d], extents, index, true);
        side += "]";
      }
      body += side + (at_left ? " <-> " : "\n");
    }
    return body;
  }
};

Part product(std::vector<Part> parts) { return parts.size() == 1 ? parts.front() : Part{{}, std::move(parts), false}; }

/// Puts boxes [first, first + count) into one tensor: shared axes and one sum of the boxes' own, in any order and
/// nesting.
MadeTerm made_term(Random& random, const MadeRule& rule, std::string key, std::size_t first, std::size_t count,
                   bool index_in_key) {
  MadeTerm term{std::move(key), index_in_key, first, count, {}};
  std::vector<Part> loose;
  for (const std::string& axis : rule.shared) {
    if (!(index_in_key && axis == rule.index)) loose.push_back({axis, {}, false});
  }
  Part sum{{}, {}, true};
  for (std::size_t box = first; box < first + count; ++box) {
    std::vector<Part> own;
    for (const std::string& axis : rule.own[box]) own.push_back({axis, {}, false});
    std::shuffle(own.begin(), own.end(), random);
    sum.parts.push_back(product(std::move(own)));
  }
  if (count == 1 && chance(random, 60)) {
    for (const std::string& axis : rule.own[first]) loose.push_back({axis, {}, false});
  } else {
    loose.push_back(count == 1 ? sum.parts.front() : sum);
  }
  std::shuffle(loose.begin(), loose.end(), random);
  while (!loose.empty()) {
    std::vector<Part> group;
    do {
      group.push_back(loose.back());
      loose.pop_back();
    } while (!loose.empty() && chance(random, 40));
    term.dims.push_back(product(std::move(group)));
  }
  return term;
}

std::vector<MadeTerm> made_side(Random& random, const MadeRule& rule, const std::string& name, bool index_in_key) {
  std::vector<MadeTerm> terms;
  for (std::size_t first = 0; first < rule.own.size();) {
    const std::size_t count = 1 + below(random, rule.own.size() - first);
    terms.push_back(made_term(random, rule, name + std::to_string(terms.size()), first, count, index_in_key));
    first += count;
  }
  return terms;
}

MadeRule made_rule(Random& random) {
  MadeRule rule;
  const auto new_axis = [&](std::string name) {
    rule.extents[name] = chance(random, 8) ? 0 : static_cast<std::int64_t>(1 + below(random, 4));
    return name;
  };
  for (std::size_t i = below(random, 4); i > 0; --i) rule.shared.push_back(new_axis("s" + std::to_string(i)));
  for (std::size_t box = 0, boxes = 1 + below(random, 4); box < boxes; ++box) {
    rule.own.emplace_back();
    for (std::size_t i = below(random, 3); i > 0; --i) rule.own[box].push_back(new_axis(fmt::format("b{}x{}", box, i)));
  }
  if (!rule.shared.empty() && chance(random, 60)) {
    rule.index = rule.shared.front();
    rule.extents[rule.index] = static_cast<std::int64_t>(1 + below(random, 11));
  }
  const bool left_key = !rule.index.empty() && chance(random, 70);
  rule.left = made_side(random, rule, "x", left_key);
  rule.right = made_side(random, rule, "y", !rule.index.empty() && chance(random, left_key ? 30 : 70));
  return rule;
}

std::string key_of(const MadeRule& rule, const MadeTerm& term, const Extent& at) {
  return term.index_in_key ? term.key + "." + std::to_string(at.at(rule.index)) : term.key;
}

std::vector<std::int64_t> shape_of(const MadeRule& rule, const MadeTerm& term) {
  std::vector<std::int64_t> shape;
  for (const Part& dim : term.dims) shape.push_back(size_of(dim, rule.extents));
  return shape;
}

std::int64_t place_of(const MadeRule& rule, const MadeTerm& term, const Extent& at, std::size_t box) {
  std::int64_t place = 0;
  for (const Part& dim : term.dims)
    place = place * size_of(dim, rule.extents) + place_in(dim, rule.extents, at, box - term.first);
  return place;
}

const MadeTerm& term_with(const std::vector<MadeTerm>& terms, std::size_t box) {
  return *std::find_if(terms.begin(), terms.end(),
                       [&](const MadeTerm& t) { return box >= t.first && box < t.first + t.count; });
}

void for_each_value(const std::vector<std::string>& axes, const Extent& extents, Extent& at, std::size_t depth,
                    const std::function<void()>& visit) {
  if (depth == axes.size()) return visit();
  for (std::int64_t i = 0; i < extents.at(axes[depth]); ++i) {
    at[axes[depth]] = i;
    for_each_value(axes, extents, at, depth + 1, visit);
  }
}

/// All tensors of a side, for every value of the index, elements not set.
MadeCheckpoint empty_side(const MadeRule& rule, const std::vector<MadeTerm>& terms) {
  MadeCheckpoint made;
  for (const MadeTerm& term : terms) {
    const std::int64_t values = term.index_in_key ? rule.extents.at(rule.index) : 1;
    for (std::int64_t i = 0; i < values; ++i) {
      test::MadeTensor tensor{shape_of(rule, term), {}};
      tensor.elements.assign(test::volume(tensor.shape), 0);
      made[key_of(rule, term, {{rule.index, i}})] = std::move(tensor);
    }
  }
  return made;
}

/// The right side by the book: every element of every box, one at a time.
MadeCheckpoint expected_right(const MadeRule& rule, const MadeCheckpoint& left) {
  MadeCheckpoint right = empty_side(rule, rule.right);
  for (std::size_t box = 0; box < rule.own.size(); ++box) {
    std::vector<std::string> axes = rule.shared;
    axes.insert(axes.end(), rule.own[box].begin(), rule.own[box].end());
    const MadeTerm& from = term_with(rule.left, box);
    const MadeTerm& to = term_with(rule.right, box);
    Extent at;
    for_each_value(axes, rule.extents, at, 0, [&] {
      right.at(key_of(rule, to, at)).elements.at(static_cast<std::size_t>(place_of(rule, to, at, box))) =
          left.at(key_of(rule, from, at)).elements.at(static_cast<std::size_t>(place_of(rule, from, at, box)));
    });
  }
  return right;
}

MadeCheckpoint run(const Plan& plan, const MadeCheckpoint& source, Direction direction) {
  BindOptions options;
  options.direction = direction;
  const auto bound = bind_plan(plan, test::index_of(source), Configs{}, options);
  if (!bound) {
    for (const Diagnostic& diagnostic : bound.error()) FAIL_CHECK(diagnostic.message);
    return {};
  }
  const auto made = test::run_slowly(bound->program, source);
  CHECK_MESSAGE(made, "a byte of a destination is not written exactly once");
  return made.value_or(MadeCheckpoint{});
}

}  // namespace

TEST_CASE("random rules do what their axes say, in both directions") {
  constexpr unsigned cases = 3000;
  for (unsigned seed = 1; seed <= cases; ++seed) {
    Random random(seed);
    const MadeRule rule = made_rule(random);
    const std::string text =
        "omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n" + rule.text() + "}\n";
    CAPTURE(seed);
    CAPTURE(text);
    const Compilation compilation = compile("random.omap", text);
    for (const Diagnostic& diagnostic : compilation.diagnostics) FAIL_CHECK(diagnostic.message);
    REQUIRE(compilation.plans.size() == 1);

    MadeCheckpoint left = empty_side(rule, rule.left);
    std::uint32_t next = 1;
    for (auto& [key, tensor] : left) {
      for (std::uint32_t& element : tensor.elements) element = next++;
    }
    const MadeCheckpoint right = run(compilation.plans[0], left, Direction::right);
    REQUIRE(right == expected_right(rule, left));
    REQUIRE(run(compilation.plans[0], right, Direction::left) == left);
  }
}
