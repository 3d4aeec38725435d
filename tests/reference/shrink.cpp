#include "tests/reference/shrink.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "tests/reference/draw_shapes.h"
#include "tests/reference/sizes.h"

namespace omap::test {
namespace {

constexpr std::size_t most_attempts = 4000;

/// Calls `offer` with every mapping that is one step smaller, until it takes one.
class Steps {
 public:
  Steps(const Mapping& mapping, const std::function<bool(const Mapping&)>& offer) : mapping_(mapping), offer_(offer) {}

  bool any() {
    return drop_rules() || open_blocks() || plain_rules() || plain_values() || shorter_sides() || fewer_axes() ||
           fewer_nodes() || plain_keys() || smaller_extents() || smaller_declarations();
  }

 private:
  template <class Change>
  bool offer(const Change& change) {
    Mapping smaller = mapping_;
    return change(smaller) && offer_(smaller);
  }
  /// `change(rule)` for a copy of each rule.
  template <class Change>
  bool for_each_rule(const Change& change) {
    Mapping all = mapping_;
    const auto lists = rule_lists(all);
    for (std::size_t l = 0; l < lists.size(); ++l) {
      for (std::size_t r = 0; r < lists[l]->size(); ++r) {
        const auto in_rule = [&](const auto& step) {
          return offer([&](Mapping& m) { return step((*rule_lists(m)[l])[r]); });
        };
        if (change((*lists[l])[r], in_rule)) return true;
      }
    }
    return false;
  }

  bool drop_rules() {
    Mapping all = mapping_;
    const auto lists = rule_lists(all);
    for (std::size_t l = 0; l < lists.size(); ++l) {
      for (std::size_t r = 0; r < lists[l]->size(); ++r) {
        const auto drop = [&](Mapping& m) {
          auto& rules = *rule_lists(m)[l];
          rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(r));
          return !flatten(m).empty();
        };
        if (offer(drop)) return true;
      }
    }
    return false;
  }

  /// Blocks that are empty go; of others the rules and the condition go up by one.
  bool open_blocks() {
    Mapping all = mapping_;
    for (std::size_t b = 0, blocks = blocks_of(all).size(); b < blocks; ++b) {
      for (std::size_t i = 0; i < blocks_of(all)[b]->inner.size(); ++i) {
        const auto open = [&](Mapping& m) {
          Block& outer = *blocks_of(m)[b];
          const Block inner = outer.inner[i];
          outer.inner.erase(outer.inner.begin() + static_cast<std::ptrdiff_t>(i));
          outer.rules.insert(outer.rules.end(), inner.rules.begin(), inner.rules.end());
          outer.inner.insert(outer.inner.end(), inner.inner.begin(), inner.inner.end());
          outer.rules.insert(outer.rules.end(), inner.otherwise.begin(), inner.otherwise.end());
          return true;
        };
        if (offer(open)) return true;
      }
    }
    return false;
  }

  bool plain_rules() {
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      return (rule.when && offer_rule([](MadeRule& r) { return r.when.reset(), true; })) ||
             (rule.optional && offer_rule([](MadeRule& r) { return r.optional = r.absent = false, true; })) ||
             (!rule.varying.empty() && offer_rule([](MadeRule& r) { return r.varying.clear(), true; }));
    });
  }

  /// `step(term)` for each term of a copy of each rule.
  template <class Step>
  bool for_each_term(const Step& step) {
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      for (std::size_t t = 0; t < rule.left.size() + rule.right.size(); ++t) {
        const auto in_rule = [&](MadeRule& r) {
          return step(t < r.left.size() ? r.left[t] : r.right[t - r.left.size()]);
        };
        if (offer_rule(in_rule)) return true;
      }
      return false;
    });
  }

  /// Without a step, an `as`, or one of several dtypes; then with plainer ones.
  bool plain_values() {
    for (std::size_t s = 0; s < 4; ++s) {
      const auto at = static_cast<std::ptrdiff_t>(s);
      if (for_each_term([&](MadeTerm& t) { return s < t.steps.size() && (t.steps.erase(t.steps.begin() + at), true); }))
        return true;
    }
    if (for_each_term([](MadeTerm& t) { return !std::exchange(t.as, "").empty(); })) return true;
    if (for_each_term([](MadeTerm& t) { return !t.dtypes.empty() && (t.dtypes.pop_back(), true); })) return true;
    const auto plainer = [](MadeStep& step) {
      if (step.tensor) return std::exchange(step.tensor->dtype, Dtype::f32) != Dtype::f32;
      return !std::exchange(step.param, "").empty() || std::exchange(step.number, 2) != 2;
    };
    return for_each_term([&](MadeTerm& t) { return std::any_of(t.steps.begin(), t.steps.end(), plainer); });
  }

  /// Without a term of each side, or of one.
  bool shorter_sides() {
    const auto drop = [](std::vector<MadeTerm>& terms, std::size_t at) {
      if (at < terms.size()) terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(at));
    };
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      for (std::size_t left = 0; left <= rule.left.size(); ++left) {
        for (std::size_t right = 0; right <= rule.right.size(); ++right) {
          if (left == rule.left.size() && right == rule.right.size()) continue;
          const auto step = [&](MadeRule& r) {
            drop(r.left, left);
            drop(r.right, right);
            return !r.left.empty() && !r.right.empty();
          };
          if (offer_rule(step)) return true;
        }
      }
      return false;
    });
  }

  static bool erase_axis(AxisExpr& axis, const std::string& name) {
    std::erase_if(axis.parts, [&](AxisExpr& part) { return erase_axis(part, name); });
    simplify(axis);
    return (axis.kind == AxisExpr::Kind::axis || axis.kind == AxisExpr::Kind::divided) && axis.name == name;
  }

  /// Without one axis of an operand; without one of the rule, wherever it stands.
  bool fewer_axes() {
    for (std::size_t s = 0; s < 4; ++s) {
      for (std::size_t n = 0; n < 4; ++n) {
        const auto step = [&](MadeTerm& t) {
          if (s >= t.steps.size() || !t.steps[s].tensor) return false;
          auto nodes = nodes_of(t.steps[s].tensor->shape);
          std::erase_if(nodes, [](const AxisExpr* node) { return node->name.empty(); });
          return n < nodes.size() && erase_axis(*t.steps[s].tensor, std::string(nodes[n]->name));
        };
        if (for_each_term(step)) return true;
      }
    }
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      std::set<std::string> names{"..."};
      for (const auto& [name, extent] : rule.extents) names.insert(name);
      for (const MadeIndex& index : mapping_.indexes) names.insert(index.name);
      for (const std::string& name : names) {
        const auto step = [&](MadeRule& r) {
          bool found = false;
          for (auto* side : {&r.left, &r.right}) {
            for (MadeTerm& term : *side) found = erase_axis(term, name) || found;
          }
          std::erase_if(r.extents, [&](const auto& e) { return name == "..." && e.first.starts_with(name); });
          return found;
        };
        if (offer_rule(step)) return true;
      }
      return false;
    });
  }
  static bool erase_axis(MadeTerm& term, const std::string& name) {
    const std::size_t pieces = term.key.pieces.size();
    std::erase_if(term.key.pieces,
                  [&](const KeyPiece& p) { return p.kind == KeyPiece::Kind::index && p.text == name; });
    bool found = pieces != term.key.pieces.size();
    for (MadeStep& step : term.steps) found = (step.tensor && erase_axis(*step.tensor, name)) || found;
    if (!term.shape) return found;
    const std::string before = to_text(*term.shape);
    std::erase_if(term.shape->dims, [&](AxisExpr& dim) {
      return erase_axis(dim, name) || (name == "..." && dim.kind == AxisExpr::Kind::ellipsis);
    });
    return found || to_text(*term.shape) != before;
  }

  static bool erase_axis(MadeOperand& operand, const std::string& name) {
    const std::string before = to_text(operand.shape) + spell(operand.key);
    std::erase_if(operand.key.pieces,
                  [&](const KeyPiece& p) { return p.kind == KeyPiece::Kind::index && p.text == name; });
    std::erase_if(operand.shape.dims, [&](AxisExpr& dim) { return erase_axis(dim, name); });
    return to_text(operand.shape) + spell(operand.key) != before;
  }

  static bool erase_node(MadeTerm& term, std::size_t node) {
    if (!term.shape || node >= nodes_of(*term.shape).size()) return false;
    AxisExpr* gone = nodes_of(*term.shape)[node];
    for (AxisExpr* around : nodes_of(*term.shape)) {
      const std::size_t parts = around->parts.size();
      std::erase_if(around->parts, [&](const AxisExpr& part) { return &part == gone; });
      if (parts != around->parts.size()) {
        for (AxisExpr& dim : term.shape->dims) simplify(dim);
        return true;
      }
    }
    std::erase_if(term.shape->dims, [&](const AxisExpr& dim) { return &dim == gone; });
    return true;
  }

  /// Without one node of a shape, or one of a shape at the left and one at the right.
  bool fewer_nodes() {
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      std::vector<std::pair<std::size_t, std::size_t>> left{{0, SIZE_MAX}}, right{{0, SIZE_MAX}};
      for (const bool at_left : {true, false}) {
        const auto& terms = at_left ? rule.left : rule.right;
        for (std::size_t t = 0; t < terms.size(); ++t) {
          if (!terms[t].shape) continue;
          Shape shape = *terms[t].shape;
          for (std::size_t n = 0; n < nodes_of(shape).size(); ++n) (at_left ? left : right).emplace_back(t, n);
        }
      }
      for (const auto& [left_term, left_node] : left) {
        for (const auto& [right_term, right_node] : right) {
          const std::size_t lt = left_term, ln = left_node, rt = right_term, rn = right_node;
          const auto step = [&](MadeRule& r) {
            const bool one = erase_node(r.left[lt], ln);
            return erase_node(r.right[rt], rn) || one;
          };
          if (offer_rule(step)) return true;
        }
      }
      return false;
    });
  }

  bool plain_keys() {
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      for (std::size_t t = 0; t < rule.left.size() + rule.right.size(); ++t) {
        const auto step = [&](MadeRule& r) {
          Key& key = (t < r.left.size() ? r.left[t] : r.right[t - r.left.size()]).key;
          const Key before = key;
          key.quoted = false;
          for (KeyPiece& piece : key.pieces) {
            piece.offset = 0;
            if (piece.kind == KeyPiece::Kind::alternatives) piece = {KeyPiece::Kind::text, piece.names.front()};
            std::replace(piece.text.begin(), piece.text.end(), '/', '.');
          }
          return !(key == before);
        };
        if (offer_rule(step)) return true;
      }
      return false;
    });
  }

  bool smaller_extents() {
    return for_each_rule([&](const MadeRule& rule, const auto& offer_rule) {
      for (const auto& [name, extent] : rule.extents) {
        const std::string axis = name;
        for (const std::int64_t smaller : {std::int64_t{1}, extent - 1}) {
          if (smaller < 1 || smaller >= extent) continue;
          const auto step = [&](MadeRule& r) {
            r.extents[axis] = smaller;
            for (auto* side : {&r.left, &r.right}) {
              for (MadeTerm& term : *side) {
                if (!term.shape) continue;
                for (AxisExpr* node : nodes_of(*term.shape)) {
                  if (node->name == axis && node->size) node->size = smaller;
                }
              }
            }
            return true;
          };
          if (offer_rule(step)) return true;
        }
      }
      for (std::size_t t = 0; t < rule.left.size() + rule.right.size(); ++t) {
        const auto step = [&](MadeRule& r) {
          std::int64_t& rest = (t < r.left.size() ? r.left[t] : r.right[t - r.left.size()]).rest;
          return rest-- > 1;
        };
        if (offer_rule(step)) return true;
      }
      return false;
    });
  }

  bool smaller_declarations() {
    for (std::size_t p = 0; p < mapping_.params.size(); ++p) {
      const auto at = static_cast<std::ptrdiff_t>(p);
      if (offer([&](Mapping& m) { return m.params.erase(m.params.begin() + at), true; })) return true;
      if (offer([&](Mapping& m) { return !m.params[p].flag && --m.params[p].value >= 1; })) return true;
      if (offer([&](Mapping& m) { return std::exchange(m.params[p].set, false); })) return true;
    }
    for (std::size_t i = 0; i < mapping_.indexes.size(); ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      if (offer(
              [&](Mapping& m) { return !used(m.indexes[i].name) && (m.indexes.erase(m.indexes.begin() + at), true); }))
        return true;
      const auto shorter = [&](Mapping& m) {
        MadeIndex& index = m.indexes[i];
        if (index.values.size() < 2) return false;
        index.values.pop_back();
        index.list =
            fmt::format("{}{}{}", index.names ? '{' : '[', fmt::join(index.values, ", "), index.names ? '}' : ']');
        return true;
      };
      if (offer(shorter)) return true;
    }
    return false;
  }

  [[nodiscard]] bool used(const std::string& index) const {
    for (const FlatRule& flat : flatten(mapping_)) {
      for (const auto* side : {&flat.rule.left, &flat.rule.right}) {
        for (const MadeTerm& term : *side) {
          const auto names = indexes_in(term.key);
          if (std::find(names.begin(), names.end(), index) != names.end()) return true;
        }
      }
    }
    return false;
  }

  const Mapping& mapping_;
  const std::function<bool(const Mapping&)>& offer_;
};

}  // namespace

Mapping shrink(Mapping mapping, const std::function<bool(const Mapping&)>& fails) {
  std::size_t attempts = 0;
  for (bool smaller = true; smaller;) {
    const Mapping current = mapping;
    const std::function<bool(const Mapping&)> take = [&](const Mapping& candidate) {
      if (attempts++ >= most_attempts || !fails(candidate)) return false;
      mapping = candidate;
      return true;
    };
    smaller = Steps(current, take).any();
  }
  return mapping;
}

}  // namespace omap::test
