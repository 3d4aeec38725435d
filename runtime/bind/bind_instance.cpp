#include "runtime/bind/bind_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/bind/box_copies.h"
#include "runtime/bind/place_boxes.h"
#include "runtime/bind/stored_destination.h"
#include "runtime/dtype/element.h"

namespace omap {
namespace {

/// The places of the boxes of a term's tensors, which all have one shape: once for all of them, or, where their strides
/// differ, for each.
struct TermPlaces {
  std::vector<std::vector<BoxPlace>> by_key;
  [[nodiscard]] bool empty() const { return by_key.empty(); }
  [[nodiscard]] const std::vector<BoxPlace>& of(std::size_t key) const { return by_key[by_key.size() == 1 ? 0 : key]; }
};

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
    shapes_.extents = std::move(known);
  }

  BoundInstance bind() {
    if (find_dtype()) bound_.shaped ? bind_shaped() : bind_whole();
    if (made_.problem) made_.destinations.clear();
    made_.extents = std::move(shapes_.extents);
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
    const std::optional<Dtype> own = bound_.values.destinations[term].dtype;
    return own || bound_.fills ? own.value_or(dtype_) : cast_of(bound_.cast, dtype_);
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
    if (*bytes > 0) add_box(whole_loops(source), {0, 0, 0, 0});
  }

  /// Whether elements change on their way from a key of a source term to a destination term. The keys of one term may
  /// have different dtypes, where the destination says its own.
  [[nodiscard]] bool computes(std::size_t source, std::size_t key, std::size_t destination) const {
    return !bound_.values.sources[source].steps.empty() || !bound_.values.destinations[destination].steps.empty() ||
           tensor(source, key).dtype != stored_as(destination);
  }

  void bind_shaped() {
    auto shapes = unify_shapes(bound_, instance_, sources_, index_, std::move(shapes_.extents));
    if (!shapes) {
      made_.problem = std::move(shapes.error());
      return;
    }
    shapes_ = std::move(*shapes);
    if (!add_destinations()) return;
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

  bool add_destinations() {
    for (std::size_t t = 0; t < destination_terms_.size(); ++t) {
      const std::vector<std::int64_t>& shape = shapes_.destination_shapes[t];
      const auto& keys = instance_.destinations[t].keys;
      const auto bytes = byte_count(stored_as(t), shape);
      if (!bytes) {
        return refuse(Code::size_overflow, keys.empty() ? to_text(destination_terms_[t].key) : keys[0].texts[0],
                      fmt::format("would get the shape {}, too large", spell_shape(shape)));
      }
      first_destination_.push_back(made_.destinations.size());
      for (const ExpandedKey& key : keys) add_destination(key.texts[0], stored_as(t), shape, *bytes);
    }
    return true;
  }

  [[nodiscard]] bool identical() const {
    return source_terms_.size() == 1 && destination_terms_.size() == 1 &&
           source_terms_[0].shape == destination_terms_[0].shape && sources_[0].tensors.size() == 1 &&
           made_.destinations.size() == 1 && !computes(0, 0, 0) &&
           std::ranges::none_of(boxes_of(*source_terms_[0].shape), &Box::dropped);
  }
  void copy_whole() { made_.destinations[0].boxes = same_destination(tensor(0, 0), sources_[0].tensors[0]).boxes; }

  /// Nothing of tensors without elements.
  [[nodiscard]] TermPlaces source_places(std::size_t term) const {
    const std::vector<std::uint32_t>& tensors = sources_[term].tensors;
    if (tensors.empty() || element_count(tensor(term, 0).shape) == 0) return {};
    const bool alike = std::ranges::all_of(
        tensors, [&](std::uint32_t other) { return index_.tensors()[other].strides == tensor(term, 0).strides; });
    TermPlaces places;
    for (std::size_t k = 0; k < (alike ? 1 : tensors.size()); ++k) {
      const TensorInfo& info = tensor(term, k);
      places.by_key.push_back(
          place_boxes(shapes_.source_dims[term], info.shape, element_strides(info), shapes_.extents));
    }
    return places;
  }
  [[nodiscard]] std::vector<BoxPlace> destination_places(std::size_t term) const {
    if (instance_.destinations[term].keys.empty()) return {};
    const Destination& first = made_.destinations[first_destination_[term]];
    if (first.bytes == 0) return {};
    return place_boxes(shapes_.destination_dims[term], first.shape, dense_strides(first.shape), shapes_.extents);
  }

  void copy_boxes() {
    std::vector<TermPlaces> from;
    std::vector<std::vector<BoxPlace>> to;
    for (std::size_t t = 0; t < sources_.size(); ++t) from.push_back(source_places(t));
    for (std::size_t t = 0; t < destination_terms_.size(); ++t) to.push_back(destination_places(t));
    for (const BoxPair& pair : bound_.pairing.pairs) {
      if (from[pair.source.term].empty() || to[pair.destination.term].empty()) continue;
      copy_pair(pair, from[pair.source.term], to[pair.destination.term][pair.destination.box]);
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
  void copy_pair(const BoxPair& pair, const TermPlaces& sources, const BoxPlace& destination) {
    const ExpandedTerm& from = instance_.sources[pair.source.term];
    const ExpandedTerm& to = instance_.destinations[pair.destination.term];
    for (std::size_t d = 0; d < to.keys.size(); ++d) {
      const Positions to_fixed = positions(to, to.keys[d]);
      for (std::size_t s = 0; s < from.keys.size(); ++s) {
        const Positions from_fixed = positions(from, from.keys[s]);
        if (!agree(from_fixed, to_fixed)) continue;
        add_box(box_loops(sources.of(s)[pair.source.box], from_fixed, destination, to_fixed),
                {pair.source.term, s, pair.destination.term, d});
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
    const bool is_known = box.computation.steps.empty()
                              ? can_cast(dtype_of(source), box.computation.destination)
                              : can_decode(dtype_of(source)) && can_encode(box.computation.destination);
    if (!computable(source, box.computation.destination, is_known)) return std::nullopt;
    box.source = {source, {gather_elements(loops, bits(dtype_of(source)) / 8)}};

    const auto operands = operands_of(source_terms_[keys.source_term]);
    const Positions fixed = all_positions(keys);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const std::uint32_t operand = sources_[keys.source_term].operands[keys.source_key][i];
      if (!computable(operand, box.computation.destination, can_decode(dtype_of(operand)))) return std::nullopt;
      box.computation.operands.push_back(dtype_of(operand));
      box.operands.push_back(
          {operand, gather_operand(loops, operands[i]->shape.dims, element_strides(index_.tensors()[operand]),
                                   shapes_.extents, fixed, bits(dtype_of(operand)) / 8)});
    }
    made_.inexact = made_.inexact || !box.computation.steps.empty() ||
                    !holds_all(box.computation.destination, *box.computation.source);
    return box;
  }

  bool computable(std::uint32_t tensor, Dtype destination, bool known) {
    return known || refuse(Code::dtype_not_computable, index_.tensors()[tensor].key,
                           fmt::format("is {}, and becomes {}: no arithmetic or cast knows both",
                                       name(dtype_of(tensor)), name(destination)));
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
  InstanceShapes shapes_;
  Dtype dtype_ = Dtype::f32;
  /// By destination term: the place of its first tensor in `made_.destinations`.
  std::vector<std::size_t> first_destination_;
};

}  // namespace

BoundInstance bind_instance(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                            const TensorIndex& index, Extents known) {
  return InstanceBinding(bound, instance, sources, index, std::move(known)).bind();
}

}  // namespace omap
