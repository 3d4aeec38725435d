#include "runtime/bind/bind_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "runtime/bind/place_boxes.h"
#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

std::string spell_shape(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

class InstanceBinding {
 public:
  InstanceBinding(const BoundRule& bound, Direction direction, const RuleInstance& instance,
                  const SourceTensors& sources, const TensorIndex& index, Extents known)
      : bound_(bound),
        source_terms_(bound.rule->sources(direction)),
        destination_terms_(bound.rule->destinations(direction)),
        instance_(instance),
        sources_(sources),
        index_(index) {
    made_.extents = std::move(known);
  }

  BoundInstance bind() {
    if (same_dtype()) bound_.shaped ? bind_shaped() : bind_whole();
    if (made_.problem) made_.destinations.clear();
    return std::move(made_);
  }

 private:
  [[nodiscard]] const TensorInfo& tensor(std::size_t term, std::size_t key) const {
    return index_.tensors()[sources_[term][key]];
  }
  bool refuse(Code code, const std::string& key, std::string what, std::string axis = {}) {
    if (!made_.problem) made_.problem = InstanceProblem{code, key, std::move(what), std::move(axis)};
    return false;
  }

  bool same_dtype() {
    const TensorInfo* first = nullptr;
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      for (std::size_t k = 0; k < sources_[t].size(); ++k) {
        if (!first) first = &tensor(t, k);
        if (tensor(t, k).dtype == first->dtype) continue;
        return refuse(Code::dtype_conflict, tensor(t, k).key,
                      fmt::format("is {}, and meets `{}`, which is {}", name(tensor(t, k).dtype), first->key,
                                  name(first->dtype)));
      }
    }
    if (first) dtype_ = first->dtype;
    if (first || instance_.destinations.empty() || instance_.destinations[0].keys.empty()) return true;
    return refuse(Code::extent_undetermined, instance_.destinations[0].keys[0].texts[0],
                  "would be made of no tensor at all: its dtype is not known");
  }

  Destination& add_destination(const std::string& key, std::vector<std::int64_t> shape, std::int64_t bytes) {
    Destination& destination = made_.destinations.emplace_back();
    destination.key = key;
    destination.dtype = dtype_;
    destination.shape = std::move(shape);
    destination.bytes = static_cast<std::uint64_t>(bytes);
    destination.rule = bound_.number;
    return destination;
  }

  void bind_whole() {
    const TensorInfo& source = tensor(0, 0);
    Destination& destination = add_destination(instance_.destinations[0].keys[0].texts[0], source.shape,
                                               static_cast<std::int64_t>(source.bytes.size));
    if (source.bytes.size > 0) destination.boxes.push_back({sources_[0][0], StridedCopy{0, 0, source.bytes.size, {}}});
  }

  void bind_shaped() {
    if (!find_rank() || !unify_sources() || !size_destinations()) return;
    // A rename with names for its axes is still one: no elements need to be told apart.
    if (bits(dtype_) % 8 != 0) {
      if (identical()) return copy_whole();
      refuse(Code::sub_byte_layout, tensor(0, 0).key,
             fmt::format("is {}, whose elements are not whole bytes", name(dtype_)));
      return;
    }
    copy_boxes();
  }

  /// How many dimensions `...` stands for.
  bool find_rank() {
    std::optional<std::size_t> rest;
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      const Shape& shape = *source_terms_[t].shape;
      const bool ellipsis = std::any_of(shape.dims.begin(), shape.dims.end(),
                                        [](const AxisExpr& d) { return d.kind == AxisExpr::Kind::ellipsis; });
      const std::size_t named = shape.dims.size() - (ellipsis ? 1 : 0);
      for (std::size_t k = 0; k < sources_[t].size(); ++k) {
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
    for (const Term& term : source_terms_) source_dims_.push_back(write_out_ellipsis(*term.shape, rest_));
    for (const Term& term : destination_terms_) destination_dims_.push_back(write_out_ellipsis(*term.shape, rest_));
    if (!add_literals(source_terms_) || !add_literals(destination_terms_)) return false;
    for (bool learnt = true; learnt;) {
      learnt = false;
      for (std::size_t t = 0; t < sources_.size(); ++t) {
        for (std::size_t k = 0; k < sources_[t].size(); ++k) {
          const TensorInfo& info = tensor(t, k);
          if (auto problem = unify(source_dims_[t], info.shape, made_.extents, learnt)) {
            return refuse(problem->code, info.key, std::move(problem->what), std::move(problem->axis));
          }
        }
      }
    }
    return all_known();
  }

  /// Literals have been held against each other; here against the indexes and params of their names.
  bool add_literals(const std::vector<Term>& terms) {
    for (const AxisUse& use : axis_uses(terms)) {
      if (use.axis->kind != AxisExpr::Kind::axis || !use.axis->size) continue;
      const std::int64_t literal = *use.axis->size;
      const auto extent = made_.extents.find(use.name);
      if (!extent) made_.extents.set(use.name, literal);
      if (extent.value_or(literal) == literal) continue;
      return refuse(
          Code::extent_conflict, to_text(terms.front().key),
          fmt::format("is in a rule that says `{}={}`, where `{}` is {}", use.name, literal, use.name, *extent),
          use.name);
    }
    return true;
  }

  bool all_known() {
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      if (sources_[t].empty()) continue;
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
      const auto bytes = byte_count(dtype_, shape);
      if (!bytes)
        return refuse(Code::size_overflow, key, fmt::format("would get the shape {}, too large", spell_shape(shape)));
      first_destination_.push_back(made_.destinations.size());
      for (const ExpandedKey& expanded : instance_.destinations[t].keys)
        add_destination(expanded.texts[0], shape, *bytes);
    }
    return true;
  }

  [[nodiscard]] bool identical() const {
    return source_terms_.size() == 1 && destination_terms_.size() == 1 &&
           source_terms_[0].shape == destination_terms_[0].shape && sources_[0].size() == 1 &&
           made_.destinations.size() == 1;
  }
  void copy_whole() {
    Destination& destination = made_.destinations[0];
    if (destination.bytes > 0) destination.boxes.push_back({sources_[0][0], StridedCopy{0, 0, destination.bytes, {}}});
  }

  void copy_boxes() {
    std::vector<std::vector<BoxPlace>> source_places, destination_places;
    for (std::size_t t = 0; t < sources_.size(); ++t) {
      const bool empty = sources_[t].empty() || element_count(tensor(t, 0).shape) == 0;
      source_places.push_back(empty ? std::vector<BoxPlace>()
                                    : place_boxes(source_dims_[t], tensor(t, 0).shape, made_.extents));
    }
    for (std::size_t t = 0; t < destination_dims_.size(); ++t) {
      const bool empty = instance_.destinations[t].keys.empty() || made_.destinations[first_destination_[t]].bytes == 0;
      destination_places.push_back(
          empty ? std::vector<BoxPlace>()
                : place_boxes(destination_dims_[t], made_.destinations[first_destination_[t]].shape, made_.extents));
    }
    for (const BoxPair& pair : bound_.pairing.pairs) {
      if (source_places[pair.source.term].empty() || destination_places[pair.destination.term].empty()) continue;
      copy_pair(pair, source_places[pair.source.term][pair.source.box],
                destination_places[pair.destination.term][pair.destination.box]);
    }
    for (std::size_t t = 0; t < destination_places.size(); ++t) fill_dropped(t, destination_places[t]);
  }

  /// One copy for each key of the destination and each key of the source that agree on the indexes that both have.
  void copy_pair(const BoxPair& pair, const BoxPlace& source, const BoxPlace& destination) {
    const ExpandedTerm& from = instance_.sources[pair.source.term];
    const ExpandedTerm& to = instance_.destinations[pair.destination.term];
    for (std::size_t d = 0; d < to.keys.size(); ++d) {
      for (std::size_t s = 0; s < from.keys.size(); ++s) {
        if (!agree(from, from.keys[s], to, to.keys[d])) continue;
        StridedCopy copy = strided(source, destination, from, from.keys[s], to, to.keys[d]);
        if (copy.empty()) continue;
        normalize(copy);
        made_.destinations[first_destination_[pair.destination.term] + d].boxes.push_back(
            {sources_[pair.source.term][s], std::move(copy)});
      }
    }
  }

  static std::optional<std::int64_t> position(const ExpandedTerm& term, const ExpandedKey& key,
                                              const std::string& index) {
    const auto found = std::find(term.indexes.begin(), term.indexes.end(), index);
    if (found == term.indexes.end()) return std::nullopt;
    return key.positions[static_cast<std::size_t>(found - term.indexes.begin())];
  }

  static bool agree(const ExpandedTerm& a, const ExpandedKey& a_key, const ExpandedTerm& b, const ExpandedKey& b_key) {
    return std::all_of(a.indexes.begin(), a.indexes.end(), [&](const std::string& index) {
      const auto other = position(b, b_key, index);
      return !other || *other == *position(a, a_key, index);
    });
  }

  /// The loops are the axes of the destination's box; an index in a key fixes its axis in the other tensor.
  StridedCopy strided(const BoxPlace& source, const BoxPlace& destination, const ExpandedTerm& from,
                      const ExpandedKey& from_key, const ExpandedTerm& to, const ExpandedKey& to_key) const {
    const std::int64_t size = static_cast<std::int64_t>(bits(dtype_) / 8);
    StridedCopy copy;
    std::int64_t src_offset = source.offset, dst_offset = destination.offset;
    for (const AxisPlace& axis : source.axes) {
      if (const auto at = position(to, to_key, axis.axis)) src_offset += *at * axis.stride;
    }
    for (const AxisPlace& axis : destination.axes) {
      if (const auto at = position(from, from_key, axis.axis)) {
        dst_offset += *at * axis.stride;
        continue;
      }
      const auto in_source = std::find_if(source.axes.begin(), source.axes.end(),
                                          [&](const AxisPlace& other) { return other.axis == axis.axis; });
      // Without a place in the source the values are repeated: stride 0.
      const std::int64_t stride = in_source == source.axes.end() ? 0 : in_source->stride;
      copy.dims.push_back({static_cast<std::uint64_t>(axis.extent), static_cast<std::uint64_t>(stride * size),
                           static_cast<std::uint64_t>(axis.stride * size)});
    }
    copy.src_offset = static_cast<std::uint64_t>(src_offset * size);
    copy.dst_offset = static_cast<std::uint64_t>(dst_offset * size);
    copy.run_bytes = static_cast<std::uint64_t>(size);
    return copy;
  }

  void fill_dropped(std::size_t term, const std::vector<BoxPlace>& places) {
    const auto boxes = boxes_of(*destination_terms_[term].shape);
    const ExpandedTerm none;
    for (std::size_t b = 0; b < places.size(); ++b) {
      if (!boxes[b].dropped) continue;
      StridedCopy copy = strided({}, places[b], none, {}, none, {});
      if (copy.empty()) continue;
      // Nothing is read: with the destination's strides the zeros of a row are one run.
      for (CopyDim& dim : copy.dims) dim.src_stride = dim.dst_stride;
      normalize(copy);
      for (std::size_t k = 0; k < instance_.destinations[term].keys.size(); ++k) {
        made_.destinations[first_destination_[term] + k].boxes.push_back({BoxCopy::zero, copy});
      }
    }
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

BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction) {
  const Rule& rule = plan.rules[number];
  BoundRule bound{&rule, number, rule.left.front().shape.has_value(), {}};
  if (!bound.shaped) return bound;
  const auto loops = loop_indexes(plan, rule);
  bound.pairing = pair_boxes(side_boxes(plan, rule.sources(direction), loops),
                             side_boxes(plan, rule.destinations(direction), loops), rule.to_left != rule.to_right);
  return bound;
}

BoundInstance bind_instance(const BoundRule& bound, Direction direction, const RuleInstance& instance,
                            const SourceTensors& sources, const TensorIndex& index, Extents known) {
  return InstanceBinding(bound, direction, instance, sources, index, std::move(known)).bind();
}

}  // namespace omap
