#include "tests/reference/draw_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/reference/draw_shapes.h"
#include "tests/reference/draw_values.h"

namespace omap::test {
namespace {

std::int64_t draw_extent(Random& random) {
  const std::size_t draw = random.below(100);
  if (draw < 5) return 0;
  if (draw < 25) return 1;
  return draw < 60 ? 2 : draw < 88 ? 3 : random.between(4, 7);
}

class RuleDraw {
 public:
  RuleDraw(Random& random, const Mapping& mapping, std::size_t number, std::vector<std::string> outer_loops)
      : random_(random), mapping_(mapping), number_(number), outer_(std::move(outer_loops)) {}

  MadeRule draw(unsigned values) {
    static const std::vector<Dtype> dtypes{Dtype::u8,   Dtype::i8,  Dtype::i16, Dtype::f16, Dtype::bf16,
                                           Dtype::bf16, Dtype::i32, Dtype::f32, Dtype::f64, Dtype::i64};
    rule_.dtype = random_.pick(dtypes);
    share_indexes();
    const bool has_values = random_.chance(values);
    rule_.arrow = random_.chance(has_values ? 40 : 60) ? Arrow::both : random_.chance(50) ? Arrow::right : Arrow::left;
    if (random_.chance(10)) {
      draw_whole();
    } else {
      draw_sides();
    }
    if (has_values) {
      const bool fills = rule_.arrow != Arrow::both && random_.chance(15) && may_fill();
      fills ? draw_fill(random_, rule_) : draw_values(random_, mapping_, number_, rule_);
    }
    rule_.optional = random_.chance(8) && !rule_.left.front().fill && !rule_.right.front().fill;
    rule_.absent = rule_.optional && random_.chance(50);
    if (random_.chance(15)) rule_.when = draw_condition();
    return std::move(rule_);
  }

 private:
  /// Which indexes are loops of the rule, and which may be axes of it.
  void share_indexes() {
    for (const MadeIndex& index : mapping_.indexes) {
      if (std::find(outer_.begin(), outer_.end(), index.name) != outer_.end()) continue;
      const std::size_t draw = random_.below(100);
      if (draw < 20) loops_.push_back(index.name);
      if (draw >= 50) axes_.push_back(index.name);
    }
  }

  std::string fresh() {
    if (!axes_.empty() && random_.chance(25)) {
      const std::string name = axes_.back();
      axes_.pop_back();
      return name;
    }
    static const char* const names[] = {"d", "h", "x", "out", "in", "r", "z", "c", "when", "n0", "y", "k", "w", "p"};
    const std::size_t n = names_++;
    std::string name = n < std::size(names) ? names[n] : fmt::format("ax{}", n);
    // Some names are of this rule alone: they may become literals.
    if (random_.chance(15)) name = fmt::format("t{}_{}", number_, n);
    rule_.extents[name] = draw_extent(random_);
    return name;
  }

  void draw_whole() {
    for (const bool left : {true, false}) {
      (left ? rule_.left : rule_.right).push_back({draw_key(loops_, left), std::nullopt, 0});
    }
    for (std::size_t i = 0, rank = random_.below(4); i < rank; ++i) {
      rule_.extents[fmt::format("...{}", i)] = draw_extent(random_);
    }
  }

  void draw_sides() {
    const auto boxes = draw_boxes(random_, [&] { return fresh(); });
    rule_.left = draw_side(boxes, true);
    rule_.right = draw_side(boxes, false);
    if (random_.chance(12)) add_ellipsis();
    if (rule_.arrow != Arrow::both) drop_and_repeat();
    name_literals();
  }

  std::vector<MadeTerm> draw_side(std::vector<BoxAxes> boxes, bool left) {
    std::vector<MadeTerm> terms;
    const bool one = random_.chance(45);
    if (!one && random_.chance(50)) random_.shuffle(boxes);
    for (std::size_t first = 0; first < boxes.size();) {
      const std::size_t count =
          one || terms.size() == 2 ? boxes.size() - first : 1 + random_.below(boxes.size() - first);
      const auto begin = boxes.begin() + static_cast<std::ptrdiff_t>(first);
      terms.push_back(draw_term({begin, begin + static_cast<std::ptrdiff_t>(count)}, left));
      first += count;
    }
    return terms;
  }

  /// An index that is in every box of a tensor may stand in its key instead.
  MadeTerm draw_term(std::vector<BoxAxes> boxes, bool left) {
    std::vector<std::string> in_key = loops_;
    for (const MadeIndex& index : mapping_.indexes) {
      const auto has = [&](const BoxAxes& box) { return std::find(box.begin(), box.end(), index.name) != box.end(); };
      if (!std::all_of(boxes.begin(), boxes.end(), has) || random_.chance(45)) continue;
      in_key.push_back(index.name);
      for (BoxAxes& box : boxes) std::erase(box, index.name);
    }
    random_.shuffle(in_key);
    return {draw_key(in_key, left), draw_shape(random_, boxes), random_.between(0, 3)};
  }

  Key draw_key(const std::vector<std::string>& indexes, bool left) {
    Key key;
    key.quoted = random_.chance(15);
    const std::string between = key.quoted ? "/" : random_.chance(70) ? "." : "_";
    key.pieces.push_back({KeyPiece::Kind::text, fmt::format("{}{}_{}", left ? 'l' : 'r', number_, keys_++)});
    for (const std::string& name : indexes) {
      const MadeIndex& index = *mapping_.find_index(name);
      key.pieces.back().text += between;
      KeyPiece piece{KeyPiece::Kind::index, name};
      if (!index.names && random_.chance(25)) {
        piece.offset = index.list.starts_with("0") || index.list.starts_with("[") || random_.chance(50) ? 2 : -1;
      }
      key.pieces.push_back(piece);
      key.pieces.push_back({KeyPiece::Kind::text, ""});
    }
    if (random_.chance(8) && !key.quoted) {
      key.pieces.back().text += between;
      key.pieces.push_back({KeyPiece::Kind::alternatives, "", 0, {"w_out.weight", "wo"}});
    } else if (random_.chance(50)) {
      key.pieces.back().text += between + "weight";
    }
    if (key.pieces.back().kind == KeyPiece::Kind::text && key.pieces.back().text.empty()) key.pieces.pop_back();
    return key;
  }

  void add_ellipsis() {
    for (std::size_t i = 0, rank = random_.below(3); i < rank; ++i) {
      rule_.extents[fmt::format("...{}", i)] = draw_extent(random_);
    }
    for (auto* side : {&rule_.left, &rule_.right}) {
      for (MadeTerm& term : *side) {
        auto& dims = term.shape->dims;
        const auto at = static_cast<std::ptrdiff_t>(random_.below(dims.size() + 1));
        dims.insert(dims.begin() + at, node_of(AxisExpr::Kind::ellipsis, {}));
      }
    }
  }

  /// No source would tell what `...` is.
  [[nodiscard]] bool may_fill() const {
    return rule_.left.front().shape && std::none_of(rule_.extents.begin(), rule_.extents.end(),
                                                    [](const auto& extent) { return extent.first.starts_with("..."); });
  }

  void drop_and_repeat() {
    auto& sources = rule_.arrow == Arrow::right ? rule_.left : rule_.right;
    auto& destinations = rule_.arrow == Arrow::right ? rule_.right : rule_.left;
    for (MadeTerm& term : sources) {
      if (random_.chance(30)) drop_somewhere(random_, *term.shape, random_.chance(30));
    }
    for (MadeTerm& term : destinations) {
      if (random_.chance(20)) drop_somewhere(random_, *term.shape, true);
    }
    if (random_.chance(25)) {
      MadeTerm& term = destinations[random_.below(destinations.size())];
      const std::string axis = fmt::format("rep{}", number_);
      rule_.extents[axis] = draw_extent(random_);
      repeat_somewhere(random_, *term.shape, axis);
    } else if (random_.chance(15) && !axes_.empty()) {
      MadeTerm& term = destinations[random_.below(destinations.size())];
      term.key.pieces.push_back({KeyPiece::Kind::text, term.key.quoted ? "/" : "."});
      term.key.pieces.push_back({KeyPiece::Kind::index, axes_.back()});
    }
  }

  void name_literals() {
    for (auto* side : {&rule_.left, &rule_.right}) {
      for (MadeTerm& term : *side) {
        for (AxisExpr* node : nodes_of(*term.shape)) {
          const bool own = node->name.starts_with("t") || node->name.starts_with("rep");
          if (own && random_.chance(50)) node->size = rule_.extents.at(node->name);
        }
      }
    }
  }

  std::optional<Condition> draw_condition() {
    std::vector<std::string> loops = outer_;
    for (const std::string& name : loops_of(rule_)) loops.push_back(name);
    Condition condition;
    condition.negated = random_.chance(40);
    if (loops.empty() || random_.chance(30)) {
      condition.name = "flag";
      return condition;
    }
    condition.name = random_.pick(loops);
    const MadeIndex& index = *mapping_.find_index(condition.name);
    if (index.values.empty()) return std::nullopt;
    if (index.names || random_.chance(50)) {
      condition.op = Condition::Op::in;
      for (const std::string& value : index.values) {
        if (condition.values.empty() || random_.chance(40)) condition.values.push_back(value);
      }
    } else {
      condition.op = Condition::Op::less;
      condition.values = {random_.pick(index.values)};
    }
    return condition;
  }

  Random& random_;
  const Mapping& mapping_;
  std::size_t number_;
  std::vector<std::string> outer_, loops_, axes_;
  std::size_t names_ = 0, keys_ = 0;
  MadeRule rule_;
};

}  // namespace

MadeRule draw_rule(Random& random, const Mapping& mapping, std::size_t number, unsigned values,
                   std::vector<std::string> outer_loops) {
  return RuleDraw(random, mapping, number, std::move(outer_loops)).draw(values);
}

}  // namespace omap::test
