#include "tests/reference/interpret.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tests/reference/made_sources.h"
#include "tests/reference/sizes.h"
#include "tests/reference/torch_boxes.h"
#include "tests/reference/torch_tensors.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;
at::ScalarType torch_type(Dtype dtype) {
  const auto type = scalar_type(dtype);
  require(type.has_value(), "LibTorch has no such dtype");
  return *type;
}

bool holds_kind(const AxisExpr& axis, Kind kind, bool only_unsized = false) {
  if (axis.kind == kind && !(only_unsized && axis.size)) return true;
  return std::any_of(axis.parts.begin(), axis.parts.end(),
                     [&](const AxisExpr& part) { return holds_kind(part, kind, only_unsized); });
}
bool holds_kind(const std::vector<MadeTerm>& terms, Kind kind, bool only_unsized = false) {
  return std::any_of(terms.begin(), terms.end(), [&](const MadeTerm& term) {
    return std::any_of(term.shape->dims.begin(), term.shape->dims.end(),
                       [&](const AxisExpr& dim) { return holds_kind(dim, kind, only_unsized); });
  });
}

bool names_axis(const MadeRule& rule, const std::string& name) {
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      for (const AxisExpr& dim : term.shape->dims) {
        const Names names = names_in(dim);
        if (std::find(names.begin(), names.end(), name) != names.end()) return true;
      }
    }
  }
  return false;
}

/// The values of the key indexes of a term that are no loops, and one after another its tensors.
struct TermTensors {
  std::vector<AxisExpr> key_axes;
  std::vector<IndexValues> at;
  std::vector<const Tensor*> tensors;
};

class Interpreter {
 public:
  Interpreter(const Mapping& mapping, Direction direction, const Tensors& source)
      : mapping_(mapping), direction_(direction), source_(source) {}

  Tensors run() {
    for (const FlatRule& flat : flatten(mapping_)) {
      if (flat.rule.runs(direction_)) run_rule(flat);
    }
    for (const auto& [key, tensor] : source_) require(read_.contains(key), fmt::format("nothing reads `{}`", key));
    return std::move(made_);
  }

 private:
  void run_rule(const FlatRule& flat) {
    std::vector<IndexValues> instances;
    for (const IndexValues& at : combinations(mapping_, loops_of(flat.rule))) {
      bool all = true;
      for (const Condition& condition : flat.when) {
        const auto value = holds(mapping_, condition, at);
        require(value.has_value(), "a condition reads what has no value here");
        all = all && *value;
      }
      if (all) instances.push_back(at);
    }
    std::size_t found = 0, missing = 0;
    std::vector<std::vector<TermTensors>> sources;
    for (const IndexValues& at : instances) {
      sources.emplace_back();
      for (const MadeTerm& term : flat.rule.sources(direction_)) {
        sources.back().push_back(term_tensors(flat.rule, term, at, &found, &missing));
      }
    }
    if (flat.rule.optional && found == 0) return;
    require(missing == 0, "a source is missing");
    for (std::size_t i = 0; i < instances.size(); ++i) run_instance(flat.rule, instances[i], sources[i]);
  }

  /// A term's place for each value of its own indexes; its tensors too, if it is a source.
  TermTensors term_tensors(const MadeRule& rule, const MadeTerm& term, const IndexValues& at,
                           std::size_t* found = nullptr, std::size_t* missing = nullptr) {
    TermTensors made;
    Names own = indexes_in(term.key);
    const Names loops = loops_of(rule);
    std::erase_if(own, [&](const std::string& i) { return std::find(loops.begin(), loops.end(), i) != loops.end(); });
    for (const std::string& index : own) {
      made.key_axes.emplace_back();
      made.key_axes.back().name = index;
    }
    made.at = combinations(mapping_, own, at);
    for (const IndexValues& values : made.at) {
      if (!found) continue;
      const Tensor* tensor = find(key_texts(term.key, values));
      ++*(tensor ? found : missing);
      if (tensor) made.tensors.push_back(tensor);
    }
    return made;
  }

  const Tensor* find(const std::vector<std::string>& alternatives) {
    const Tensor* tensor = nullptr;
    for (const std::string& key : alternatives) {
      const auto found = source_.find(key);
      if (found == source_.end()) continue;
      require(!tensor, "two alternatives of one key are there");
      tensor = &found->second;
      read_.insert(key);
    }
    return tensor;
  }

  void write(const std::string& key, Tensor tensor) {
    require(made_.emplace(key, std::move(tensor)).second, fmt::format("`{}` is written twice", key));
  }

  void run_instance(const MadeRule& rule, const IndexValues& at, const std::vector<TermTensors>& sources) {
    std::optional<Dtype> dtype;
    for (const TermTensors& term : sources) {
      for (const Tensor* tensor : term.tensors) {
        require(dtype.value_or(tensor->dtype) == tensor->dtype, "tensors of one rule have different dtypes");
        dtype = tensor->dtype;
      }
    }
    std::vector<TermTensors> places;
    bool writes = false;
    for (const MadeTerm& term : rule.destinations(direction_)) {
      places.push_back(term_tensors(rule, term, at));
      writes = writes || !places.back().at.empty();
    }
    if (!dtype && !writes) return;
    require(dtype.has_value(), "a tensor would be made of none");
    std::size_t shaped = 0;
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const MadeTerm& term : *side) shaped += term.shape ? 1u : 0u;
    }
    if (shaped == 0) return move_whole(rule, sources, places);
    require(shaped == rule.left.size() + rule.right.size(), "some tensors have shapes and some have none");
    move_boxes(rule, *dtype, sources, places);
  }

  void move_whole(const MadeRule& rule, const std::vector<TermTensors>& sources,
                  const std::vector<TermTensors>& places) {
    require(sources.size() == 1 && places.size() == 1, "several tensors need shapes");
    require(sources[0].key_axes.empty() && places[0].key_axes.empty(), "an index stands in one key only");
    write(key_texts(rule.destinations(direction_)[0].key, places[0].at[0])[0], *sources[0].tensors[0]);
  }

  /// Cuts all sources into boxes, pairs those with the destinations' boxes, and puts the destinations together.
  void move_boxes(const MadeRule& rule, Dtype dtype, const std::vector<TermTensors>& sources,
                  const std::vector<TermTensors>& places) {
    const std::vector<MadeTerm>& from = rule.sources(direction_);
    const std::vector<MadeTerm>& to = rule.destinations(direction_);
    const bool one_way = rule.arrow != Arrow::both;
    for (const std::string& loop : loops_of(rule)) {
      require(!names_axis(rule, loop), "an index of every key is an axis of a shape too");
    }
    require(one_way || !(holds_kind(from, Kind::dropped) || holds_kind(to, Kind::dropped)), "`_` in an equation");
    require(!holds_kind(to, Kind::dropped, true), "`_` in a destination has no size");
    require(holds_kind(from, Kind::ellipsis) == holds_kind(to, Kind::ellipsis), "`...` stands on one side only");

    std::vector<std::optional<Sizes>> shapes;
    for (const TermTensors& term : sources) {
      shapes.emplace_back();
      for (const Tensor* tensor : term.tensors) {
        require(shapes.back().value_or(tensor->shape) == tensor->shape, "tensors of one term have different shapes");
        shapes.back() = tensor->shape;
      }
    }
    const Solution solution = solve(mapping_, rule, direction_, shapes);
    require(solution.refusal.empty(), solution.refusal);

    std::vector<Box> source_boxes, destination_boxes;
    std::vector<std::vector<AxisExpr>> source_dims, destination_dims;
    for (std::size_t t = 0; t < from.size(); ++t) source_dims.push_back(all_dimensions(from[t], sources[t], solution));
    for (std::size_t t = 0; t < to.size(); ++t) destination_dims.push_back(all_dimensions(to[t], places[t], solution));
    for (std::size_t t = 0; t < from.size(); ++t) {
      Measure measure{solution.extents, {}};
      for (std::size_t d = 0; d < solution.rests[t].size(); ++d) {
        rest_of(source_dims[t][sources[t].key_axes.size() + d], solution.rests[t][d], measure);
      }
      const Sizes sizes = sizes_of(source_dims[t], measure);
      std::vector<at::Tensor> tensors;
      for (const Tensor* tensor : sources[t].tensors) tensors.push_back(to_torch(*tensor));
      const at::Tensor all = tensors.empty() ? at::empty(sizes, torch_type(dtype)) : at::stack(tensors).reshape(sizes);
      cut(all, box_of(t, from[t]), pointers(source_dims[t]), measure, source_boxes);
    }
    const Measure measure{solution.extents, {}};
    for (std::size_t t = 0; t < to.size(); ++t) {
      const at::Tensor unset = at::empty(sizes_of(destination_dims[t], measure), torch_type(dtype));
      cut(unset, box_of(t, to[t]), pointers(destination_dims[t]), measure, destination_boxes);
    }
    const std::vector<const Box*> made_of = partners(source_boxes, destination_boxes, one_way);
    auto next = made_of.begin();
    for (std::size_t t = 0; t < to.size(); ++t) {
      at::Tensor tensor = assemble({}, pointers(destination_dims[t]), measure, torch_type(dtype), next);
      if (!places[t].key_axes.empty()) {
        tensor = tensor.flatten(0, static_cast<std::int64_t>(places[t].key_axes.size()) - 1);
      } else {
        tensor = tensor.unsqueeze(0);
      }
      for (std::size_t k = 0; k < places[t].at.size(); ++k) {
        write(key_texts(to[t].key, places[t].at[k])[0],
              from_torch(tensor.select(0, static_cast<std::int64_t>(k)), dtype));
      }
    }
  }

  /// The indexes of a term's key, then the dimensions of its shape.
  static std::vector<AxisExpr> all_dimensions(const MadeTerm& term, const TermTensors& tensors,
                                              const Solution& solution) {
    std::vector<AxisExpr> dims = tensors.key_axes;
    for (AxisExpr& dim : dimensions(*term.shape, solution.rank)) dims.push_back(std::move(dim));
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

  const Mapping& mapping_;
  Direction direction_;
  const Tensors& source_;
  std::set<std::string> read_;
  Tensors made_;
};

/// A mapping all of whose rules hold, for a value at least.
Mapping always(Mapping mapping) {
  for (MadeIndex& index : mapping.indexes) {
    if (index.values.empty()) index.values.emplace_back(index.names ? "q" : "3");
  }
  for (Block* block : blocks_of(mapping)) {
    block->when.reset();
    std::move(block->otherwise.begin(), block->otherwise.end(), std::back_inserter(block->rules));
    block->otherwise.clear();
    for (MadeRule& rule : block->rules) {
      rule.when.reset();
      rule.absent = false;
    }
  }
  return mapping;
}

}  // namespace

Interpretation interpret(const Mapping& mapping, Direction direction, const Tensors& source) {
  try {
    return {Interpreter(mapping, direction, source).run(), {}};
  } catch (const Refusal& refusal) {
    return {{}, refusal.why};
  }
}

std::string why_meaningless(const Mapping& mapping) {
  for (const Mapping& read : {always(mapping), mapping}) {
    for (const Direction direction : {Direction::right, Direction::left}) {
      const Tensors sources = made_sources(read, direction, Alternative::first);
      const Interpretation meaning = interpret(read, direction, sources);
      if (!meaning.refusal.empty()) return meaning.refusal;
    }
  }
  return {};
}

}  // namespace omap::test
