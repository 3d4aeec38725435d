#include <algorithm>
#include <map>
#include <set>

#include "diagnostics/nearest.h"
#include "runtime/plan/axis_uses.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

/// One rule, read from its sources to its destinations. An equation is read to the right: its proof is symmetric.
struct Reading {
  const Plan& plan;
  const Rule& rule;
  Direction direction;
  bool one_way;
  std::vector<std::string> loops;

  [[nodiscard]] const std::vector<Term>& sources() const { return rule.sources(direction); }
  [[nodiscard]] const std::vector<Term>& destinations() const { return rule.destinations(direction); }
};

bool report(Diagnostics& diagnostics, Diagnostic diagnostic) {
  diagnostics.push_back(std::move(diagnostic));
  return false;
}

const Term* first_term(const Rule& rule, bool with_shape) {
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const Term& term : *side) {
      if (term.is_tensor() && term.shape.has_value() == with_shape) return &term;
    }
  }
  return nullptr;
}

bool is_fill(const Reading& r) { return !r.sources().front().is_tensor(); }

/// Without shapes a rule moves whole tensors, one to one.
bool prove_whole_tensors(const Reading& r, Diagnostics& diagnostics) {
  if (r.rule.left.size() == 1 && r.rule.right.size() == 1) return true;
  return report(diagnostics, Diagnostic(Code::shape_missing, r.rule.range, "several tensors of one side need shapes")
                                 .label("nothing says how they lie in one another")
                                 .help("name the axes: `a[x d], b[y d] <-> ab[(x + y) d]`"));
}

bool prove_shapes_complete(const Reading& r, Diagnostics& diagnostics) {
  const Term* bare = first_term(r.rule, false);
  const Term* shaped = first_term(r.rule, true);
  if (!bare || !shaped) return true;
  return report(diagnostics, Diagnostic(Code::shape_missing, bare->range, "`{}` has no shape", to_text(bare->key))
                                 .label("a shape is missing")
                                 .also(shaped->range, "this one has a shape")
                                 .help("give each tensor of the rule a shape, or none of them"));
}

bool prove_dropped(const Reading& r, const AxisExpr& axis, const Term& term, bool destination,
                   Diagnostics& diagnostics) {
  const SourceRange range = axis.range.known() ? axis.range : term.range;
  if (axis.kind == AxisExpr::Kind::dropped && !r.one_way) {
    return report(diagnostics,
                  Diagnostic(Code::dropped_in_equation, range, "`_` drops elements, which no equation can bring back")
                      .label("dropped in one direction, unknown in the other")
                      .help("write two rules, one with `->` and one with `<-`"));
  }
  if (axis.kind == AxisExpr::Kind::dropped && destination && !axis.size && axis.name.empty()) {
    return report(
        diagnostics,
        Diagnostic(Code::dropped_without_size, range, "`_` in a destination has no size")
            .label("how many zeros?")
            .help("write `_=8`, with the number of zeros or an `int` param; to drop elements of this tensor, turn "
                  "the arrow round"));
  }
  return std::all_of(axis.parts.begin(), axis.parts.end(),
                     [&](const AxisExpr& part) { return prove_dropped(r, part, term, destination, diagnostics); });
}

bool prove_dropped(const Reading& r, Diagnostics& diagnostics) {
  for (const bool destination : {false, true}) {
    for (const Term& term : destination ? r.destinations() : r.sources()) {
      if (!term.is_tensor()) continue;
      for (const AxisExpr& dim : term.shape->dims) {
        if (!prove_dropped(r, dim, term, destination, diagnostics)) return false;
      }
    }
  }
  return true;
}

bool prove_literals(const Reading& r, Diagnostics& diagnostics) {
  std::map<std::string, AxisUse> literals;
  for (const auto* side : {&r.rule.left, &r.rule.right}) {
    for (const AxisUse& use : axis_uses(*side)) {
      if (use.axis->kind != AxisExpr::Kind::axis || !use.axis->size) continue;
      const auto [first, is_new] = literals.try_emplace(use.name, use);
      if (is_new || *first->second.axis->size == *use.axis->size) continue;
      return report(diagnostics, Diagnostic(Code::literal_conflict, use.range, "axis `{}` has two extents, {} and {}",
                                            use.name, *first->second.axis->size, *use.axis->size)
                                     .also(first->second.range, "the other one")
                                     .help("give one of them another name"));
    }
  }
  return true;
}

/// An axis stands once in a box: in the shape, or as an index in the key.
bool prove_once(const Reading& r, const std::vector<Term>& terms, Diagnostics& diagnostics) {
  for (const Term& term : terms) {
    const auto key_indexes = indexes_of(r.plan, term.key);
    for (const Box& box : boxes_of(*term.shape)) {
      std::set<std::string> seen(key_indexes.begin(), key_indexes.end());
      for (const std::string& axis : box.axes) {
        if (seen.insert(axis).second) continue;
        const bool in_key = std::find(key_indexes.begin(), key_indexes.end(), axis) != key_indexes.end();
        SourceRange range = term.range;
        for (const AxisUse& use : axis_uses(term)) {
          if (use.name == axis) range = use.range;
        }
        return report(
            diagnostics,
            Diagnostic(Code::axis_twice, range, "axis `{}` stands twice in one box of `{}`", axis, to_text(term.key))
                .label("{}", in_key ? "it is an index of the key already" : "here again")
                .help("{}", in_key ? fmt::format("take `{}` out of the shape, or out of the key", axis)
                                   : "two dimensions of one size need two names"));
      }
    }
  }
  return true;
}

std::set<std::string> axis_names(const Reading& r, const std::vector<Term>& terms) {
  std::set<std::string> names;
  for (const Term& term : terms) {
    for (const AxisUse& use : axis_uses(term)) names.insert(use.name);
    for (const std::string& index : indexes_of(r.plan, term.key)) names.insert(index);
  }
  return names;
}

/// A range of the axis among `terms`, or of the first term whose key has it as an index.
SourceRange place_of(const Reading& r, const std::vector<Term>& terms, const std::string& name) {
  for (const AxisUse& use : axis_uses(terms)) {
    if (use.name == name) return use.range;
  }
  for (const Term& term : terms) {
    const auto indexes = indexes_of(r.plan, term.key);
    if (std::find(indexes.begin(), indexes.end(), name) != indexes.end()) return term.range;
  }
  return r.rule.range;
}

std::string declared_as(const Plan& plan, const std::string& name) {
  if (plan.find_index(name)) return "an index";
  if (plan.find_param(name)) return "a param";
  return {};
}

/// `...` has to be on both sides, if on any.
bool prove_ellipsis(const Reading& r, Diagnostics& diagnostics) {
  const auto find = [](const std::vector<AxisUse>& uses) {
    return std::find_if(uses.begin(), uses.end(), [](const AxisUse& use) { return use.name == ellipsis_axis; });
  };
  const auto left = axis_uses(r.rule.left);
  const auto right = axis_uses(r.rule.right);
  const auto at_left = find(left);
  const auto at_right = find(right);
  if ((at_left == left.end()) == (at_right == right.end())) return true;
  return report(diagnostics,
                Diagnostic(Code::ellipsis_misplaced, (at_left == left.end() ? at_right : at_left)->range,
                           "`...` stands on one side only")
                    .label("these dimensions have no partner")
                    .help("the other side has the same dimensions: write `...` there too, or name them here"));
}

/// Axes that stand on one side only.
bool prove_axes_shared(const Reading& r, Diagnostics& diagnostics) {
  const auto source = axis_names(r, r.sources());
  const auto destination = axis_names(r, r.destinations());
  std::vector<std::string> no_source, no_destination;
  std::set_difference(destination.begin(), destination.end(), source.begin(), source.end(),
                      std::back_inserter(no_source));
  std::set_difference(source.begin(), source.end(), destination.begin(), destination.end(),
                      std::back_inserter(no_destination));
  if (r.one_way) {
    // Values are repeated along an axis that only the destination has, if its extent is known.
    std::erase_if(no_source, [&](const std::string& name) {
      if (!declared_as(r.plan, name).empty()) return true;
      const auto uses = axis_uses(r.destinations());
      return std::any_of(uses.begin(), uses.end(),
                         [&](const AxisUse& use) { return use.name == name && use.axis->size; });
    });
  }
  if (no_source.empty() && no_destination.empty()) return true;
  const bool missing_source = !no_source.empty();
  const std::string& axis = missing_source ? no_source.front() : no_destination.front();
  Diagnostic diagnostic(Code::axis_without_source, place_of(r, missing_source ? r.destinations() : r.sources(), axis),
                        "axis `{}` stands in the {} but in no {}", axis, missing_source ? "destination" : "source",
                        missing_source ? "source" : "destination");
  diagnostic.primary.text = missing_source ? "not determined by anything" : "its elements would go nowhere";
  const auto& others = missing_source ? no_destination : no_source;
  if (others.size() == 1) {
    diagnostic.secondary.push_back(
        {place_of(r, missing_source ? r.sources() : r.destinations(), others.front()), "this axis has no partner"});
    if (declared_as(r.plan, others.front()).empty() && declared_as(r.plan, axis).empty() && nearest(axis, others)) {
      diagnostic.helps.push_back(
          fmt::format("is one of them misspelt? write `{}` or `{}` on both sides", others.front(), axis));
    } else if (declared_as(r.plan, others.front()).empty()) {
      diagnostic.helps.push_back(fmt::format("rename `{}` to `{}`", others.front(), axis));
    } else if (declared_as(r.plan, axis).empty()) {
      diagnostic.helps.push_back(fmt::format("rename `{}` to `{}`", axis, others.front()));
    }
  }
  if (const std::string what = declared_as(r.plan, axis); !what.empty()) {
    diagnostic.notes.push_back(fmt::format("`{}` is {} of this mapping", axis, what));
  }
  if (diagnostic.helps.empty()) {
    diagnostic.helps.push_back(missing_source ? "every axis of a destination stands in a source, or is an index"
                                              : "drop elements with `_`, in a rule of one direction");
  }
  return report(diagnostics, std::move(diagnostic));
}

std::vector<std::string> axes_at(const SideBoxes& side, TermBox at) {
  auto axes = side.key_axes[at.term];
  const auto& own = side.boxes[at.term][at.box].axes;
  axes.insert(axes.end(), own.begin(), own.end());
  return axes;
}

bool prove_pairing(const Reading& r, Diagnostics& diagnostics) {
  const SideBoxes source = side_boxes(r.plan, r.sources(), r.loops);
  const SideBoxes destination = side_boxes(r.plan, r.destinations(), r.loops);
  const Pairing pairing = pair_boxes(source, destination, r.one_way);
  if (pairing.fault == Pairing::Fault::none) return true;
  const SideBoxes& side = pairing.at_source ? source : destination;
  const Term& term = (pairing.at_source ? r.sources() : r.destinations())[pairing.at.term];
  const std::string box = list_axes(axes_at(side, pairing.at));
  const std::string key = to_text(term.key);
  switch (pairing.fault) {
    case Pairing::Fault::ambiguous:
      return report(diagnostics,
                    Diagnostic(Code::boxes_ambiguous, term.range, "several boxes of `{}` have {}", key, box)
                        .label("from more than one sum: they could pair in several ways")
                        .help("name the pieces: give them different axes, or an `index` of names for one of the sums"));
    case Pairing::Fault::counts_differ:
      return report(
          diagnostics,
          Diagnostic(Code::boxes_unpaired, term.range, "the two sides have different numbers of boxes with {}", box)
              .label("in this tensor, among others")
              .note("`{}` has {} of them, `{}` {}", r.plan.source_side(r.direction).name, pairing.sources,
                    r.plan.destination_side(r.direction).name, pairing.destinations)
              .help("each piece of a sum needs one partner with the same axes"));
    default:
      return report(diagnostics, Diagnostic(Code::boxes_unpaired, term.range, "a box of `{}` has no partner", key)
                                     .label("the box with {}", box)
                                     .help("a box of one side pairs with a box of the other that has the same axes"));
  }
}

}  // namespace

bool prove_axes(const Plan& plan, const Rule& rule, Diagnostics& diagnostics) {
  const Reading r{plan, rule, rule.to_right ? Direction::right : Direction::left, rule.to_right != rule.to_left,
                  loop_indexes(plan, rule)};
  if (!first_term(rule, true)) return prove_whole_tensors(r, diagnostics);
  if (is_fill(r)) {
    return prove_dropped(r, diagnostics) && prove_literals(r, diagnostics) &&
           prove_once(r, r.destinations(), diagnostics);
  }
  return prove_shapes_complete(r, diagnostics) && prove_dropped(r, diagnostics) && prove_literals(r, diagnostics) &&
         prove_once(r, rule.left, diagnostics) && prove_once(r, rule.right, diagnostics) &&
         prove_ellipsis(r, diagnostics) && prove_axes_shared(r, diagnostics) && prove_pairing(r, diagnostics);
}

}  // namespace omap
