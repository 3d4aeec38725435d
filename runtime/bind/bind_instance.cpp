#include "runtime/bind/bind_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/bind/box_copies.h"
#include "runtime/bind/place_boxes.h"
#include "runtime/dtype/element.h"
#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

std::string spell_shape(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

class InstanceBinding {
 public:
  InstanceBinding(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                  const TensorIndex& index, Extents known)
      : bound_(bound),
        source_terms_(bound.rule->sources(bound.direction)),
        destination_terms_(bound.rule->destinations(bound.direction)),
        instance_(instance),
        sources_(sources),
        index_(index) {
    made_.extents = std::move(known);
  }

  BoundInstance bind() {
    if (find_dtype()) bound_.shaped ? bind_shaped() : bind_whole();
    if (made_.problem) made_.destinations.clear();
    return std::move(made_);
  }

 private:
  [[nodiscard]] const TensorInfo& tensor(std::size_t term, std::size_t key) const {
    return index_.tensors()[sources_[term].tensors[key]];
  }
  bool refuse(Code code, const std::string& key, std::string what, std::string axis = {}) {
    if (!made_.problem) made_.problem = InstanceProblem{code, key, std::move(what), std::move(axis)};
    return false;
  }

  /// The dtype of destinations that do not say theirs: that of all sources.
  bool find_dtype() {
    if (bound_.fills) {
      dtype_ = bound_.values.sources[0].dtype.value_or(Dtype::f32);
      return true;
    }
    const bool all_said =
        std::ranges::all_of(bound_.values.destinations, [](const TermValues& v) { return v.dtype.has_value(); });
    const TensorInfo* first = nullptr;
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      for (std::size_t k = 0; k < sources_[t].tensors.size(); ++k) {
        if (!first) first = &tensor(t, k);
        if (tensor(t, k).dtype == first->dtype || all_said) continue;
        return refuse(Code::dtype_conflict, tensor(t, k).key,
                      fmt::format("is {}, and meets `{}`, which is {}", name(tensor(t, k).dtype), first->key,
                                  name(first->dtype)));
      }
    }
    if (first) dtype_ = first->dtype;
    if (first || all_said || instance_.destinations.empty() || instance_.destinations[0].keys.empty()) return true;
    return refuse(Code::extent_undetermined, instance_.destinations[0].keys[0].texts[0],
                  "would be made of no tensor at all: its dtype is not known");
  }

  [[nodiscard]] Dtype stored_as(std::size_t term) const {
    return bound_.values.destinations[term].dtype.value_or(dtype_);
  }

  Destination& add_destination(const std::string& key, Dtype dtype, std::vector<std::int64_t> shape,
                               std::int64_t bytes) {
    Destination& destination = made_.destinations.emplace_back();
    destination.key = key;
    destination.dtype = dtype;
    destination.shape = std::move(shape);
    destination.bytes = static_cast<std::uint64_t>(bytes);
    destination.rule = bound_.number;
    return destination;
  }

  void bind_whole() {
    const TensorInfo& source = tensor(0, 0);
    const Dtype dtype = stored_as(0);
    const std::string& key = instance_.destinations[0].keys[0].texts[0];
    const auto bytes = byte_count(dtype, source.shape);
    if (!bytes) {
      refuse(Code::size_overflow, key, fmt::format("would get the shape {}, too large", spell_shape(source.shape)));
      return;
    }
    add_destination(key, dtype, source.shape, *bytes);
    if (!computes(0, 0, 0)) return copy_whole();
    BoxLoops all;
    all.loops.push_back({"", *element_count(source.shape), 1, 1});
    add_box(all, {0, 0, 0, 0});
  }

  /// Whether elements change on their way from a key of a source term to a destination term. The keys of one term may
  /// have different dtypes, where the destination says its own.
  [[nodiscard]] bool computes(std::size_t source, std::size_t key, std::size_t destination) const {
    return !bound_.values.sources[source].steps.empty() || !bound_.values.destinations[destination].steps.empty() ||
           tensor(source, key).dtype != stored_as(destination);
  }

  void bind_shaped() {
    if (!find_rank() || !unify_sources() || !size_destinations()) return;
    // A rename with names for its axes is still one: no elements need to be told apart.
    if (bits(dtype_) % 8 != 0 && identical()) return copy_whole();
    if (!whole_bytes()) return;
    if (bound_.fills) return fill_boxes();
    copy_boxes();
  }

  /// Elements can be told apart in every tensor.
  bool whole_bytes() {
    const auto whole = [&](Dtype dtype, const std::string& key, const char* is) {
      return bits(dtype) % 8 == 0 || refuse(Code::sub_byte_layout, key,
                                            fmt::format("{} {}, whose elements are not whole bytes", is, name(dtype)));
    };
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      for (std::size_t k = 0; k < sources_[t].tensors.size(); ++k) {
        if (!whole(tensor(t, k).dtype, tensor(t, k).key, "is")) return false;
      }
    }
    for (std::size_t t = 0; t < destination_terms_.size(); ++t) {
      const auto& keys = instance_.destinations[t].keys;
      if (!keys.empty() && !whole(stored_as(t), keys[0].texts[0], "would be")) return false;
    }
    return true;
  }

  /// How many dimensions `...` stands for.
  bool find_rank() {
    std::optional<std::size_t> rest;
    for (std::size_t t = 0; t < sources_.size() && !bound_.fills; ++t) {
      const Shape& shape = *source_terms_[t].shape;
      const bool ellipsis = std::any_of(shape.dims.begin(), shape.dims.end(),
                                        [](const AxisExpr& d) { return d.kind == AxisExpr::Kind::ellipsis; });
      const std::size_t named = shape.dims.size() - (ellipsis ? 1 : 0);
      for (std::size_t k = 0; k < sources_[t].tensors.size(); ++k) {
        const TensorInfo& info = tensor(t, k);
        const std::size_t rank = info.shape.size();
        if (ellipsis ? rank < named || (rest && *rest != rank - named) : rank != named) {
          return refuse(
              Code::rank_mismatch, info.key,
              fmt::format("has the shape {}, and its rule says `[{}]`", spell_shape(info.shape), to_text(shape)));
        }
        if (ellipsis) rest = rank - named;
        if (info.shape != tensor(t, 0).shape) {
          return refuse(Code::extent_conflict, info.key,
                        fmt::format("has the shape {}, and `{}` has {}", spell_shape(info.shape), tensor(t, 0).key,
                                    spell_shape(tensor(t, 0).shape)));
        }
      }
    }
    rest_ = rest.value_or(0);
    return true;
  }

  bool unify_sources() {
    for (const Term& term : source_terms_) {
      source_dims_.push_back(term.shape ? write_out_ellipsis(*term.shape, rest_) : std::vector<AxisExpr>());
    }
    for (const Term& term : destination_terms_) destination_dims_.push_back(write_out_ellipsis(*term.shape, rest_));
    for (const auto* terms : {&source_terms_, &destination_terms_}) {
      if (!add_literals(axis_uses(*terms), terms->front().key)) return false;
    }
    for (bool learnt = true; learnt;) {
      learnt = false;
      for (std::size_t t = 0; t < sources_.size(); ++t) {
        for (std::size_t k = 0; k < sources_[t].tensors.size(); ++k) {
          const TensorInfo& info = tensor(t, k);
          if (auto problem = unify(source_dims_[t], info.shape, made_.extents, learnt)) {
            return refuse(problem->code, info.key, std::move(problem->what), std::move(problem->axis));
          }
        }
      }
    }
    return all_known() && operands_fit();
  }

  /// Every operand has the extents of the tensor that it is computed with.
  bool operands_fit() {
    for (std::size_t t = 0; t < source_terms_.size(); ++t) {
      const auto operands = operands_of(source_terms_[t]);
      for (const auto& of_key : sources_[t].operands) {
        for (std::size_t i = 0; i < operands.size(); ++i) {
          const TensorInfo& info = index_.tensors()[of_key[i]];
          const std::vector<AxisExpr>& dims = operands[i]->shape.dims;
          if (info.shape.size() != dims.size()) {
            return refuse(Code::rank_mismatch, info.key,
                          fmt::format("has the shape {}, and its rule says `[{}]`", spell_shape(info.shape),
                                      to_text(operands[i]->shape)));
          }
          if (!add_literals(axis_uses(*operands[i]), operands[i]->key)) return false;
          bool learnt = false;
          if (auto problem = unify(dims, info.shape, made_.extents, learnt)) {
            return refuse(problem->code, info.key, std::move(problem->what), std::move(problem->axis));
          }
        }
      }
    }
    return true;
  }

  /// Literals have been held against each other; here against the indexes and params of their names.
  bool add_literals(const std::vector<AxisUse>& uses, const KeyTemplate& key) {
    for (const AxisUse& use : uses) {
      if (use.axis->kind != AxisExpr::Kind::axis || !use.axis->size) continue;
      const std::int64_t literal = *use.axis->size;
      const auto extent = made_.extents.find(use.name);
      if (!extent) made_.extents.set(use.name, literal);
      if (extent.value_or(literal) == literal) continue;
      return refuse(
          Code::extent_conflict, to_text(key),
          fmt::format("is in a rule that says `{}={}`, where `{}` is {}", use.name, literal, use.name, *extent),
          use.name);
    }
    return true;
  }

  bool all_known() {
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      if (sources_[t].tensors.empty()) continue;
      for (const AxisExpr& dim : source_dims_[t]) {
        std::optional<ShapeProblem> problem;
        if (extent_of(dim, made_.extents, 0, problem)) continue;
        return refuse(Code::extent_undetermined, tensor(t, 0).key,
                      fmt::format("has {}, which does not tell the extents in `{}`", spell_shape(tensor(t, 0).shape),
                                  to_text(dim)));
      }
    }
    return true;
  }

  bool size_destinations() {
    for (std::size_t t = 0; t < destination_dims_.size(); ++t) {
      std::vector<std::int64_t> shape;
      const std::string& key = instance_.destinations[t].keys.empty() ? to_text(destination_terms_[t].key)
                                                                      : instance_.destinations[t].keys[0].texts[0];
      for (const AxisExpr& dim : destination_dims_[t]) {
        std::optional<ShapeProblem> problem;
        const auto extent = extent_of(dim, made_.extents, 0, problem);
        if (problem) return refuse(problem->code, key, std::move(problem->what));
        if (!extent) {
          return refuse(Code::extent_undetermined, key,
                        fmt::format("would get `{}`, and an extent in it is not known", to_text(dim)));
        }
        shape.push_back(*extent);
      }
      const auto bytes = byte_count(stored_as(t), shape);
      if (!bytes)
        return refuse(Code::size_overflow, key, fmt::format("would get the shape {}, too large", spell_shape(shape)));
      first_destination_.push_back(made_.destinations.size());
      for (const ExpandedKey& expanded : instance_.destinations[t].keys)
        add_destination(expanded.texts[0], stored_as(t), shape, *bytes);
    }
    return true;
  }

  [[nodiscard]] bool identical() const {
    return source_terms_.size() == 1 && destination_terms_.size() == 1 &&
           source_terms_[0].shape == destination_terms_[0].shape && sources_[0].tensors.size() == 1 &&
           made_.destinations.size() == 1 && !computes(0, 0, 0) &&
           std::ranges::none_of(boxes_of(*source_terms_[0].shape), &Box::dropped);
  }
  void copy_whole() {
    Destination& destination = made_.destinations[0];
    if (destination.bytes == 0) return;
    destination.boxes.push_back({sources_[0].tensors[0], StridedCopy{0, 0, destination.bytes, {}}});
  }

  /// The places of a term's boxes; none of a tensor without elements.
  [[nodiscard]] std::vector<BoxPlace> source_places(std::size_t term) const {
    if (sources_[term].tensors.empty() || element_count(tensor(term, 0).shape) == 0) return {};
    return place_boxes(source_dims_[term], tensor(term, 0).shape, made_.extents);
  }
  [[nodiscard]] std::vector<BoxPlace> destination_places(std::size_t term) const {
    if (instance_.destinations[term].keys.empty()) return {};
    const Destination& first = made_.destinations[first_destination_[term]];
    if (first.bytes == 0) return {};
    return place_boxes(destination_dims_[term], first.shape, made_.extents);
  }

  void copy_boxes() {
    std::vector<std::vector<BoxPlace>> from, to;
    for (std::size_t t = 0; t < sources_.size(); ++t) from.push_back(source_places(t));
    for (std::size_t t = 0; t < destination_dims_.size(); ++t) to.push_back(destination_places(t));
    for (const BoxPair& pair : bound_.pairing.pairs) {
      if (from[pair.source.term].empty() || to[pair.destination.term].empty()) continue;
      copy_pair(pair, from[pair.source.term][pair.source.box], to[pair.destination.term][pair.destination.box]);
    }
    for (std::size_t t = 0; t < to.size(); ++t) fill_dropped(t, to[t]);
  }

  /// A key of a source term and a key of a destination term.
  struct KeyPair {
    std::size_t source_term = 0;
    std::size_t source_key = 0;
    std::size_t destination_term = 0;
    std::size_t destination_key = 0;
  };

  /// One copy for each key of the destination and each key of the source that agree on the indexes that both have.
  void copy_pair(const BoxPair& pair, const BoxPlace& source, const BoxPlace& destination) {
    const ExpandedTerm& from = instance_.sources[pair.source.term];
    const ExpandedTerm& to = instance_.destinations[pair.destination.term];
    for (std::size_t d = 0; d < to.keys.size(); ++d) {
      const Positions to_fixed = positions(to, to.keys[d]);
      for (std::size_t s = 0; s < from.keys.size(); ++s) {
        const Positions from_fixed = positions(from, from.keys[s]);
        if (!agree(from_fixed, to_fixed)) continue;
        add_box(box_loops(source, from_fixed, destination, to_fixed), {pair.source.term, s, pair.destination.term, d});
      }
    }
  }

  static Positions positions(const ExpandedTerm& term, const ExpandedKey& key) {
    Positions fixed;
    for (std::size_t i = 0; i < term.indexes.size(); ++i) fixed.emplace_back(term.indexes[i], key.positions[i]);
    return fixed;
  }

  static bool agree(const Positions& a, const Positions& b) {
    return std::ranges::all_of(a, [&](const auto& fixed) {
      const auto other = std::ranges::find(b, fixed.first, &Positions::value_type::first);
      return other == b.end() || other->second == fixed.second;
    });
  }

  void add_box(const BoxLoops& loops, const KeyPair& keys) {
    if (std::ranges::any_of(loops.loops, [](const BoxLoop& loop) { return loop.extent == 0; })) return;
    const std::size_t first = bound_.shaped ? first_destination_[keys.destination_term] : 0;
    Destination& destination = made_.destinations[first + keys.destination_key];
    const std::uint32_t source = sources_[keys.source_term].tensors[keys.source_key];
    if (!computes(keys.source_term, keys.source_key, keys.destination_term)) {
      destination.boxes.push_back({source, move_elements(loops, bits(dtype_of(source)) / 8)});
      return;
    }
    auto box = computed_box(loops, keys);
    if (!box) return;
    destination.boxes.push_back({BoxCopy::zero, scatter_elements(loops, bits(destination.dtype) / 8),
                                 static_cast<std::uint32_t>(made_.computed.size())});
    made_.computed.push_back(std::move(*box));
  }

  [[nodiscard]] Dtype dtype_of(std::uint32_t tensor) const { return index_.tensors()[tensor].dtype; }

  std::optional<ComputedBox> computed_box(const BoxLoops& loops, const KeyPair& keys) {
    const std::uint32_t source = sources_[keys.source_term].tensors[keys.source_key];
    const auto& source_steps = bound_.values.sources[keys.source_term].steps;
    const auto& destination_steps = bound_.values.destinations[keys.destination_term].steps;
    ComputedBox box;
    box.computation.source = dtype_of(source);
    box.computation.destination = stored_as(keys.destination_term);
    box.computation.steps = source_steps;
    box.computation.steps.insert(box.computation.steps.end(), destination_steps.begin(), destination_steps.end());
    if (!computable(source, can_decode(dtype_of(source)) && can_encode(box.computation.destination)))
      return std::nullopt;
    box.source = {source, {gather_elements(loops, bits(dtype_of(source)) / 8)}};

    const auto operands = operands_of(source_terms_[keys.source_term]);
    const Positions fixed = all_positions(keys);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const std::uint32_t operand = sources_[keys.source_term].operands[keys.source_key][i];
      if (!computable(operand, can_decode(dtype_of(operand)))) return std::nullopt;
      box.computation.operands.push_back(dtype_of(operand));
      box.operands.push_back(
          {operand, gather_operand(loops, operands[i]->shape.dims, made_.extents, fixed, bits(dtype_of(operand)) / 8)});
    }
    made_.inexact = made_.inexact || !box.computation.steps.empty() ||
                    !holds_all(box.computation.destination, *box.computation.source);
    return box;
  }

  bool computable(std::uint32_t tensor, bool known) {
    return known || refuse(Code::dtype_not_computable, index_.tensors()[tensor].key,
                           fmt::format("is {}, and becomes {}: no arithmetic or cast knows both",
                                       name(dtype_of(tensor)), name(stored_as(0))));
  }

  /// Of loops, and of the keys of both tensors.
  [[nodiscard]] Positions all_positions(const KeyPair& keys) const {
    Positions fixed;
    for (std::size_t i = 0; i < bound_.loops.size(); ++i)
      fixed.emplace_back(bound_.loops[i], instance_.loop_positions[i]);
    const ExpandedTerm& from = instance_.sources[keys.source_term];
    const ExpandedTerm& to = instance_.destinations[keys.destination_term];
    for (const Positions& more :
         {positions(from, from.keys[keys.source_key]), positions(to, to.keys[keys.destination_key])}) {
      fixed.insert(fixed.end(), more.begin(), more.end());
    }
    return fixed;
  }

  /// A box in its own tensor, without a source.
  static BoxLoops destination_loops(const BoxPlace& place) { return box_loops({}, {}, place, {}); }

  /// Zeros: with the destination's strides those of a row are one run, for nothing is read.
  void add_zeros(std::size_t term, const BoxPlace& place) {
    BoxLoops loops = destination_loops(place);
    for (BoxLoop& loop : loops.loops) loop.source = loop.destination;
    const StridedCopy copy = move_elements(loops, bits(stored_as(term)) / 8);
    if (copy.empty()) return;
    for (std::size_t k = 0; k < instance_.destinations[term].keys.size(); ++k) {
      made_.destinations[first_destination_[term] + k].boxes.push_back({BoxCopy::zero, copy});
    }
  }

  void fill_dropped(std::size_t term, const std::vector<BoxPlace>& places) {
    if (places.empty()) return;
    const auto boxes = boxes_of(*destination_terms_[term].shape);
    for (std::size_t b = 0; b < places.size(); ++b) {
      if (boxes[b].dropped) add_zeros(term, places[b]);
    }
  }

  /// `fill`: every box has the same number; pieces that are `_` have zeros as ever.
  void fill_boxes() {
    for (std::size_t t = 0; t < destination_terms_.size(); ++t) {
      const auto boxes = boxes_of(*destination_terms_[t].shape);
      const auto places = destination_places(t);
      for (std::size_t b = 0; b < places.size(); ++b) {
        // Bytes that are 0 are 0 in every dtype, but not -0.
        if (boxes[b].dropped || (*source_terms_[0].fill == 0 && !std::signbit(*source_terms_[0].fill))) {
          add_zeros(t, places[b]);
        } else {
          add_constant(t, places[b]);
        }
      }
    }
  }

  void add_constant(std::size_t term, const BoxPlace& place) {
    const Dtype dtype = stored_as(term);
    if (!can_encode(dtype)) {
      refuse(Code::dtype_not_computable, instance_.destinations[term].keys[0].texts[0],
             fmt::format("is filled with a number, which {} does not hold", name(dtype)));
      return;
    }
    const StridedCopy copy = scatter_elements(destination_loops(place), bits(dtype) / 8);
    if (copy.empty()) return;
    ComputedBox box;
    box.computation.start = *source_terms_[0].fill;
    box.computation.destination = dtype;
    for (std::size_t k = 0; k < instance_.destinations[term].keys.size(); ++k) {
      made_.destinations[first_destination_[term] + k].boxes.push_back(
          {BoxCopy::zero, copy, static_cast<std::uint32_t>(made_.computed.size())});
    }
    made_.computed.push_back(std::move(box));
  }

  const BoundRule& bound_;
  const std::vector<Term>& source_terms_;
  const std::vector<Term>& destination_terms_;
  const RuleInstance& instance_;
  const SourceTensors& sources_;
  const TensorIndex& index_;
  BoundInstance made_;
  Dtype dtype_ = Dtype::f32;
  std::size_t rest_ = 0;
  std::vector<std::vector<AxisExpr>> source_dims_, destination_dims_;
  /// By destination term: the place of its first tensor in `made_.destinations`.
  std::vector<std::size_t> first_destination_;
};

}  // namespace

BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction, RuleValues values) {
  const Rule& rule = plan.rules[number];
  BoundRule bound;
  bound.rule = &rule;
  bound.number = number;
  bound.direction = direction;
  bound.loops = loop_indexes(plan, rule);
  bound.shaped = has_shapes(rule);
  bound.fills = !rule.sources(direction).front().is_tensor();
  bound.values = std::move(values);
  if (!bound.shaped || bound.fills) return bound;
  bound.pairing =
      pair_boxes(side_boxes(plan, rule.sources(direction), bound.loops),
                 side_boxes(plan, rule.destinations(direction), bound.loops), rule.to_left != rule.to_right);
  return bound;
}

BoundInstance bind_instance(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                            const TensorIndex& index, Extents known) {
  return InstanceBinding(bound, instance, sources, index, std::move(known)).bind();
}

}  // namespace omap
