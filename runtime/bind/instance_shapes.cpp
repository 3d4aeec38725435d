#include "runtime/bind/instance_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

class ShapeUnification {
 public:
  ShapeUnification(const BoundRule& bound, const RuleInstance& instance, const SourceTensors& sources,
                   const TensorIndex& index, Extents known)
      : bound_(bound), instance_(instance), sources_(sources), index_(index) {
    shapes_.extents = std::move(known);
  }

  tl::expected<InstanceShapes, InstanceProblem> unify() {
    if (find_rank() && unify_sources() && size_destinations()) return std::move(shapes_);
    return tl::unexpected(std::move(*problem_));
  }

 private:
  [[nodiscard]] const TensorInfo& tensor(std::size_t term, std::size_t key) const {
    return index_.tensors()[sources_[term].tensors[key]];
  }
  bool refuse(Code code, const std::string& key, std::string what, std::string axis = {}) {
    problem_ = InstanceProblem{code, key, std::move(what), std::move(axis)};
    return false;
  }

  /// How many dimensions `...` stands for.
  bool find_rank() {
    std::optional<std::size_t> rest;
    for (std::size_t t = 0; t < sources_.size() && !bound_.fills; ++t) {
      const Shape& shape = *bound_.sources()[t].shape;
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
    for (const Term& term : bound_.sources()) {
      shapes_.source_dims.push_back(term.shape ? write_out_ellipsis(*term.shape, rest_) : std::vector<AxisExpr>());
    }
    for (const Term& term : bound_.destinations())
      shapes_.destination_dims.push_back(write_out_ellipsis(*term.shape, rest_));
    for (const auto* terms : {&bound_.sources(), &bound_.destinations()}) {
      if (!add_literals(axis_uses(*terms), terms->front().key)) return false;
    }
    for (bool learnt = true; learnt;) {
      learnt = false;
      for (std::size_t t = 0; t < sources_.size(); ++t) {
        if (sources_[t].tensors.empty()) continue;
        // All tensors of a term have one shape: `find_rank` saw to it.
        const TensorInfo& info = tensor(t, 0);
        if (auto problem = omap::unify(shapes_.source_dims[t], info.shape, shapes_.extents, learnt)) {
          return refuse(problem->code, info.key, std::move(problem->what), std::move(problem->axis));
        }
      }
    }
    return all_known() && operands_fit();
  }

  /// Every operand has the extents of the tensor that it is computed with.
  bool operands_fit() {
    for (std::size_t t = 0; t < bound_.sources().size(); ++t) {
      const auto operands = operands_of(bound_.sources()[t]);
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
          if (auto problem = omap::unify(dims, info.shape, shapes_.extents, learnt)) {
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
      const auto extent = shapes_.extents.find(use.name);
      if (!extent) shapes_.extents.set(use.name, literal);
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
      for (const AxisExpr& dim : shapes_.source_dims[t]) {
        std::optional<ShapeProblem> problem;
        if (extent_of(dim, shapes_.extents, 0, problem)) continue;
        return refuse(Code::extent_undetermined, tensor(t, 0).key,
                      fmt::format("has {}, which does not tell the extents in `{}`", spell_shape(tensor(t, 0).shape),
                                  to_text(dim)));
      }
    }
    return true;
  }

  bool size_destinations() {
    for (std::size_t t = 0; t < shapes_.destination_dims.size(); ++t) {
      std::vector<std::int64_t> shape;
      const std::string& key = instance_.destinations[t].keys.empty() ? to_text(bound_.destinations()[t].key)
                                                                      : instance_.destinations[t].keys[0].texts[0];
      for (const AxisExpr& dim : shapes_.destination_dims[t]) {
        std::optional<ShapeProblem> problem;
        const auto extent = extent_of(dim, shapes_.extents, 0, problem);
        if (problem) return refuse(problem->code, key, std::move(problem->what));
        if (!extent) {
          return refuse(Code::extent_undetermined, key,
                        fmt::format("would get `{}`, and an extent in it is not known", to_text(dim)));
        }
        shape.push_back(*extent);
      }
      shapes_.destination_shapes.push_back(std::move(shape));
    }
    return true;
  }

  const BoundRule& bound_;
  const RuleInstance& instance_;
  const SourceTensors& sources_;
  const TensorIndex& index_;
  InstanceShapes shapes_;
  std::optional<InstanceProblem> problem_;
  std::size_t rest_ = 0;
};

}  // namespace

std::string spell_shape(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

tl::expected<InstanceShapes, InstanceProblem> unify_shapes(const BoundRule& bound, const RuleInstance& instance,
                                                           const SourceTensors& sources, const TensorIndex& index,
                                                           Extents known) {
  return ShapeUnification(bound, instance, sources, index, std::move(known)).unify();
}

}  // namespace omap
