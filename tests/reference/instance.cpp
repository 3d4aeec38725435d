#include "tests/reference/instance.h"

#include <algorithm>
#include <list>
#include <optional>

#include "tests/reference/sizes.h"
#include "tests/reference/torch_boxes.h"
#include "tests/reference/torch_elements.h"
#include "tests/reference/values.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

bool holds_kind(const AxisExpr& axis, Kind kind, bool only_unsized = false) {
  if (axis.kind == kind && !(only_unsized && axis.size)) return true;
  return std::any_of(axis.parts.begin(), axis.parts.end(),
                     [&](const AxisExpr& part) { return holds_kind(part, kind, only_unsized); });
}
bool holds_kind(const std::vector<MadeTerm>& terms, Kind kind, bool only_unsized = false) {
  return std::any_of(terms.begin(), terms.end(), [&](const MadeTerm& term) {
    return term.shape && std::any_of(term.shape->dims.begin(), term.shape->dims.end(),
                                     [&](const AxisExpr& dim) { return holds_kind(dim, kind, only_unsized); });
  });
}

bool names_axis(const MadeRule& rule, const std::string& name) {
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      if (!term.shape) continue;
      for (const AxisExpr& dim : term.shape->dims) {
        const Names names = names_in(dim);
        if (std::find(names.begin(), names.end(), name) != names.end()) return true;
      }
    }
  }
  return false;
}

bool computes(const std::vector<MadeTerm>& terms) {
  return std::any_of(terms.begin(), terms.end(), [](const MadeTerm& term) { return !term.steps.empty(); });
}

/// A box of a destination: its bits, and for each whether it was computed.
struct BoxPair {
  Box bits, computed;
};

class Reading {
 public:
  explicit Reading(const Instance& instance)
      : instance_(instance),
        from_(instance.rule.sources(instance.direction)),
        to_(instance.rule.destinations(instance.direction)) {}

  std::vector<std::vector<MadeTensor>> run() {
    require(!computes(from_) || !computes(to_), "both sides of a rule compute");
    find_dtypes();
    const auto shaped = [](const MadeTerm& term) { return term.shape.has_value() || term.fill.has_value(); };
    const bool any = std::any_of(from_.begin(), from_.end(), shaped) || std::any_of(to_.begin(), to_.end(), shaped);
    if (!any) return whole();
    require(std::all_of(from_.begin(), from_.end(), shaped) && std::all_of(to_.begin(), to_.end(), shaped),
            "some tensors have shapes and some have none");
    check_kinds();
    solve_extents();
    cut_destinations();
    return from_.front().fill ? fill() : from_boxes();
  }

 private:
  /// By destination: its `as`, else that of a `fill`, else the one that all sources have.
  void find_dtypes() {
    std::optional<Dtype> common;
    bool one = true, written = false;
    for (const TermTensors& source : instance_.sources) {
      for (const Tensor* tensor : source.tensors) {
        one = one && common.value_or(tensor->dtype) == tensor->dtype;
        common = tensor->dtype;
      }
    }
    const MadeTerm& first = from_.front();
    if (first.fill && !first.as.empty()) common = dtype_said(instance_.mapping, first.as);
    for (const TermTensors& place : instance_.destinations) written = written || !place.at.empty();
    for (const MadeTerm& term : to_) {
      if (term.as.empty()) {
        require(one, "tensors of one rule have different dtypes");
        require(common || !written, "a tensor would be made of none");
      }
      dtypes_.push_back(term.as.empty() ? common.value_or(Dtype::f32) : dtype_said(instance_.mapping, term.as));
    }
  }

  [[nodiscard]] ElementFunction function_of(std::size_t source, std::size_t destination) const {
    return {instance_.mapping, from_[source], to_[destination], dtypes_[destination]};
  }

  std::vector<std::vector<MadeTensor>> whole() {
    const TermTensors& source = instance_.sources.front();
    const TermTensors& place = instance_.destinations.front();
    require(from_.size() == 1 && to_.size() == 1, "several tensors need shapes");
    require(source.key_axes.empty() && place.key_axes.empty(), "an index stands in one key only");
    require(operands_of(from_.front()).empty(), "a tensor that is computed with another has no shape");
    const Tensor& tensor = *source.tensors.front();
    Box box;
    box.elements = bits_of(tensor);
    const at::Tensor bits = compute(function_of(0, 0), {box, tensor.dtype, source.at[0], {}}, {});
    const bool computed = !function_of(0, 0).moves(tensor.dtype);
    return {{{tensor_of(bits, dtypes_[0]), std::vector<bool>(static_cast<std::size_t>(bits.numel()), computed)}}};
  }

  void check_kinds() const {
    const bool one_way = instance_.rule.arrow != Arrow::both;
    for (const std::string& loop : loops_of(instance_.rule)) {
      require(!names_axis(instance_.rule, loop), "an index of every key is an axis of a shape too");
    }
    require(one_way || !(holds_kind(from_, Kind::dropped) || holds_kind(to_, Kind::dropped)), "`_` in an equation");
    require(!holds_kind(to_, Kind::dropped, true), "`_` in a destination has no size");
    require(holds_kind(from_, Kind::ellipsis) == holds_kind(to_, Kind::ellipsis), "`...` stands on one side only");
    require(!holds_kind(from_, Kind::divided) && !holds_kind(to_, Kind::divided), "`r/n` outside an operand");
  }

  void solve_extents() {
    std::vector<std::optional<Sizes>> shapes;
    for (const TermTensors& term : instance_.sources) {
      shapes.emplace_back();
      for (const Tensor* tensor : term.tensors) {
        require(shapes.back().value_or(tensor->shape) == tensor->shape, "tensors of one term have different shapes");
        shapes.back() = tensor->shape;
      }
    }
    solution_ = solve(instance_.mapping, instance_.rule, instance_.direction, shapes);
    require(solution_.refusal.empty(), solution_.refusal);
    for (std::size_t t = 0; t < from_.size(); ++t) {
      const auto operands = operands_of(from_[t]);
      for (const auto& tensors : instance_.sources[t].operands) {
        for (std::size_t i = 0; i < operands.size(); ++i) {
          require(operand_fits(*operands[i], *tensors[i], solution_.extents), "an operand has another shape");
        }
      }
    }
  }

  /// The boxes of the destinations, and of each term how many; they have no elements yet.
  void cut_destinations() {
    for (std::size_t t = 0; t < to_.size(); ++t) {
      dims_.push_back(all_dimensions(to_[t], instance_.destinations[t]));
    }
    const Measure measure{solution_.extents, {}};
    for (std::size_t t = 0; t < to_.size(); ++t) {
      cut(at::empty(sizes_of(dims_[t], measure), at::kLong), box_of(t, to_[t]), pointers(dims_[t]), measure, boxes_);
    }
  }

  std::vector<std::vector<MadeTensor>> fill() {
    require(from_.size() == 1, "`fill` is one of several sources");
    std::vector<BoxPair> pairs;
    for (const Box& box : boxes_) {
      const Dtype dtype = dtypes_[box.term];
      // Where there is no element, no number needs to fit.
      const bool none = box.elements.numel() == 0;
      pairs.push_back(
          pair_of(box, none ? box.elements : filled(*from_.front().fill, dtype).expand(box.elements.sizes())));
    }
    return assembled(pairs);
  }

  std::vector<std::vector<MadeTensor>> from_boxes() {
    std::vector<Box> sources;
    for (std::size_t t = 0; t < from_.size(); ++t) cut_source(t, sources);
    const std::vector<const Box*> partner = partners(sources, boxes_, instance_.rule.arrow != Arrow::both);
    std::vector<BoxPair> pairs;
    for (std::size_t b = 0; b < boxes_.size(); ++b) {
      const std::size_t source = partner[b]->term;
      const std::vector<at::Tensor>& by_key = keyed_[static_cast<std::size_t>(partner[b] - sources.data())];
      pairs.push_back(joined(*partner[b], instance_.sources[source], by_key, function_of(source, boxes_[b].term)));
    }
    return assembled(pairs);
  }

  /// The boxes of a source, whose axes are those of its key and those of its shape. Each of its tensors is cut alone,
  /// as one with an extent of 1 along the axes of its key.
  void cut_source(std::size_t t, std::vector<Box>& sources) {
    const TermTensors& term = instance_.sources[t];
    auto& dims = source_dims_.emplace_back(all_dimensions(from_[t], term));
    Measure measure{solution_.extents, {}};
    for (std::size_t d = 0; d < solution_.rests[t].size(); ++d) {
      rest_of(dims[term.key_axes.size() + d], solution_.rests[t][d], measure);
    }
    const std::size_t first = sources.size();
    cut(at::empty(sizes_of(dims, measure), at::kLong), box_of(t, from_[t]), pointers(dims), measure, sources);
    keyed_.resize(sources.size());
    for (const Tensor* tensor : term.tensors) {
      std::vector<Box> boxes;
      Sizes sizes(term.key_axes.size(), 1);
      sizes.insert(sizes.end(), tensor->shape.begin(), tensor->shape.end());
      cut(bits_of(*tensor).reshape(sizes), box_of(t, from_[t]), pointers(dims), measure, boxes);
      for (std::size_t b = 0; b < boxes.size(); ++b) keyed_[first + b].push_back(boxes[b].elements);
    }
  }

  /// A box on its way to a destination: each tensor's part is computed, and they are put together by their keys.
  [[nodiscard]] BoxPair joined(const Box& whole, const TermTensors& term, const std::vector<at::Tensor>& by_key,
                               const ElementFunction& function) const {
    std::vector<at::Tensor> bits, computed;
    for (std::size_t k = 0; k < by_key.size(); ++k) {
      Box box = whole;
      box.elements = by_key[k];
      const Dtype dtype = term.tensors[k]->dtype;
      bits.push_back(compute(function, {box, dtype, term.at[k], term.operands[k]}, solution_.extents));
      computed.push_back(at::full(bits.back().sizes(), function.moves(dtype) ? 0 : 1, at::kLong));
    }
    BoxPair pair{whole, whole};
    if (bits.empty()) return pair;
    pair.bits.elements = at::stack(bits).reshape(whole.elements.sizes());
    pair.computed.elements = at::stack(computed).reshape(whole.elements.sizes());
    return pair;
  }

  static BoxPair pair_of(const Box& box, const at::Tensor& bits) {
    BoxPair pair{box, box};
    pair.bits.elements = bits;
    pair.computed.elements = at::ones(bits.sizes(), at::kLong);
    return pair;
  }

  /// Puts the destinations together of their boxes.
  [[nodiscard]] std::vector<std::vector<MadeTensor>> assembled(const std::vector<BoxPair>& pairs) const {
    std::vector<Box> bits, computed;
    for (const BoxPair& pair : pairs) {
      bits.push_back(pair.bits);
      computed.push_back(pair.computed);
    }
    std::vector<std::vector<MadeTensor>> made;
    auto next = bits.cbegin(), next_computed = computed.cbegin();
    for (std::size_t t = 0; t < to_.size(); ++t) {
      const at::Tensor all = by_key(t, next), mask = by_key(t, next_computed);
      made.emplace_back();
      for (std::size_t k = 0; k < instance_.destinations[t].at.size(); ++k) {
        const auto at = static_cast<std::int64_t>(k);
        const at::Tensor flags = mask.select(0, at).contiguous();
        const auto* flag = flags.data_ptr<std::int64_t>();
        made.back().push_back(
            {tensor_of(all.select(0, at), dtypes_[t]), std::vector<bool>(flag, flag + flags.numel())});
      }
    }
    return made;
  }

  /// All tensors of a destination term, one after another.
  [[nodiscard]] at::Tensor by_key(std::size_t term, std::vector<Box>::const_iterator& next) const {
    const at::Tensor tensor = assemble({}, pointers(dims_[term]), {solution_.extents, {}}, next);
    const auto keys = static_cast<std::int64_t>(instance_.destinations[term].key_axes.size());
    return keys == 0 ? tensor.unsqueeze(0) : tensor.flatten(0, keys - 1);
  }

  /// The indexes of a term's key, then the dimensions of its shape.
  [[nodiscard]] std::vector<AxisExpr> all_dimensions(const MadeTerm& term, const TermTensors& tensors) const {
    std::vector<AxisExpr> dims;
    for (const std::string& index : tensors.key_axes) {
      dims.emplace_back();
      dims.back().name = index;
    }
    for (AxisExpr& dim : dimensions(*term.shape, solution_.rank)) dims.push_back(std::move(dim));
    return dims;
  }
  static Sizes sizes_of(const std::vector<AxisExpr>& dims, const Measure& measure) {
    Sizes sizes;
    for (const AxisExpr& dim : dims) sizes.push_back(measure(dim));
    return sizes;
  }
  /// `rest` for each `_` of a dimension.
  static void rest_of(const AxisExpr& axis, std::int64_t rest, Measure& measure) {
    measure.rests[&axis] = rest;
    for (const AxisExpr& part : axis.parts) rest_of(part, rest, measure);
  }
  static Box box_of(std::size_t term, const MadeTerm& made) {
    Box box;
    box.term = term;
    box.ellipsis = holds_kind({made}, Kind::ellipsis);
    return box;
  }

  const Instance& instance_;
  const std::vector<MadeTerm>& from_;
  const std::vector<MadeTerm>& to_;
  std::vector<Dtype> dtypes_;
  Solution solution_;
  std::vector<std::vector<AxisExpr>> dims_;
  std::vector<Box> boxes_;
  /// Lists, for boxes point at what is in them.
  std::list<std::vector<AxisExpr>> source_dims_;
  /// By box of the sources, and by key: the box of that tensor.
  std::vector<std::vector<at::Tensor>> keyed_;
};

}  // namespace

std::vector<std::vector<MadeTensor>> made_of(const Instance& instance) { return Reading(instance).run(); }

}  // namespace omap::test
