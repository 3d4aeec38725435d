#include "tests/reference/sizes.h"

#include <fmt/format.h>

#include <algorithm>

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

bool has_ellipsis(const Shape& shape) {
  return std::any_of(shape.dims.begin(), shape.dims.end(),
                     [](const AxisExpr& dim) { return dim.kind == Kind::ellipsis; });
}

/// The one `x` of 0 .. size for which `is_size(x)`; nothing if there are several, -1 if there is none.
template <class IsSize>
std::optional<std::int64_t> only_value(std::int64_t size, const IsSize& is_size) {
  std::int64_t found = -1;
  for (std::int64_t x = 0; x <= size + 1; ++x) {
    if (!is_size(x)) continue;
    if (found >= 0) return std::nullopt;
    found = x;
  }
  return found;
}

void collect(const AxisExpr& axis, std::vector<std::string>& names) {
  if (axis.kind == Kind::axis || axis.kind == Kind::divided) names.push_back(axis.name);
  if (axis.kind == Kind::dropped && !axis.size) names.emplace_back("_");
  for (const AxisExpr& part : axis.parts) collect(part, names);
}

struct Solver {
  const std::vector<MadeTerm>& sources;
  const std::vector<std::optional<Sizes>>& shapes;
  Solution made;

  bool refuse(std::string why) {
    made.refusal = std::move(why);
    return false;
  }

  bool find_rank() {
    std::optional<std::size_t> rank;
    for (std::size_t t = 0; t < sources.size(); ++t) {
      if (!shapes[t]) continue;
      const std::size_t dims = sources[t].shape->dims.size();
      if (!has_ellipsis(*sources[t].shape)) {
        if (shapes[t]->size() != dims) return refuse("a tensor has another rank");
        continue;
      }
      if (shapes[t]->size() + 1 < dims) return refuse("a tensor has too few dimensions");
      const std::size_t here = shapes[t]->size() + 1 - dims;
      if (rank && *rank != here) return refuse("`...` is of two ranks");
      rank = here;
    }
    made.rank = rank.value_or(0);
    return true;
  }

  /// Learns what one dimension tells; false in `learnt` if it tells nothing new.
  bool read(const AxisExpr& dim, std::int64_t size, std::int64_t& rest, bool& learnt) {
    std::vector<std::string> open = names_in(dim);
    const auto rests = std::count(open.begin(), open.end(), "_");
    std::erase_if(open, [&](const std::string& name) { return made.extents.contains(name); });
    const bool one = std::all_of(open.begin(), open.end(), [&](const std::string& name) { return name == open[0]; });
    if (open.empty()) return size_of(dim, made.extents, 0) == size || refuse("a dimension has another extent");
    if (!one) return true;
    if (rests > 1) return refuse("two `_` of one dimension could share it in several ways");
    Extents extents = made.extents;
    const auto value = only_value(size, [&](std::int64_t x) {
      if (open[0] != "_") extents[open[0]] = x;
      return size_of(dim, extents, x) == size;
    });
    if (!value) return true;
    if (*value < 0) return refuse("no extent fits a dimension");
    if (open[0] == "_") {
      rest = *value;
    } else {
      learnt = true;
      made.extents[open[0]] = *value;
    }
    return true;
  }

  bool find_extents() {
    for (bool learnt = true; learnt;) {
      learnt = false;
      for (std::size_t t = 0; t < sources.size(); ++t) {
        if (!shapes[t]) continue;
        const auto dims = dimensions(*sources[t].shape, made.rank);
        made.rests[t].resize(dims.size());
        for (std::size_t d = 0; d < dims.size(); ++d) {
          if (!read(dims[d], (*shapes[t])[d], made.rests[t][d], learnt)) return false;
        }
      }
    }
    return true;
  }
};

}  // namespace

std::vector<AxisExpr> dimensions(const Shape& shape, std::size_t rank) {
  std::vector<AxisExpr> dims;
  for (const AxisExpr& dim : shape.dims) {
    if (dim.kind != Kind::ellipsis) {
      dims.push_back(dim);
      continue;
    }
    for (std::size_t i = 0; i < rank; ++i) {
      AxisExpr axis;
      axis.name = fmt::format("...{}", i);
      dims.push_back(std::move(axis));
    }
  }
  return dims;
}

std::optional<std::int64_t> size_of(const AxisExpr& axis, const Extents& extents, std::int64_t rest) {
  if (axis.kind == Kind::one) return 1;
  if (axis.kind == Kind::dropped) return axis.size.value_or(rest);
  if (axis.kind == Kind::axis) {
    const auto found = extents.find(axis.name);
    return found == extents.end() ? std::nullopt : std::optional(found->second);
  }
  std::int64_t size = axis.kind == Kind::sum ? 0 : 1;
  for (const AxisExpr& part : axis.parts) {
    const auto inner = size_of(part, extents, rest);
    if (!inner) return std::nullopt;
    size = axis.kind == Kind::sum ? size + *inner : size * *inner;
  }
  return size;
}

std::optional<std::int64_t> operand_size(const AxisExpr& axis, const Extents& extents) {
  if (axis.kind == Kind::axis || axis.kind == Kind::divided) {
    const auto found = extents.find(axis.name);
    if (found == extents.end()) return std::nullopt;
    const std::int64_t block = axis.kind == Kind::divided ? *axis.size : 1;
    return (found->second + block - 1) / block;
  }
  std::int64_t size = 1;
  for (const AxisExpr& part : axis.parts) {
    const auto inner = operand_size(part, extents);
    if (!inner) return std::nullopt;
    size *= *inner;
  }
  return size;
}

std::vector<std::string> names_in(const AxisExpr& axis) {
  std::vector<std::string> names;
  collect(axis, names);
  return names;
}

std::optional<Extents> declared_extents(const Mapping& mapping, const MadeRule& rule) {
  Extents extents;
  bool consistent = true;
  const auto say = [&](const std::string& name, std::int64_t extent) {
    consistent = extents.emplace(name, extent).first->second == extent && consistent;
  };
  const auto read_name = [&](const std::string& name) {
    if (const MadeIndex* index = mapping.find_index(name)) say(name, static_cast<std::int64_t>(index->values.size()));
    if (const MadeParam* param = mapping.find_param(name)) say(name, param->value);
  };
  const auto read = [&](const AxisExpr& axis, const auto& self) -> void {
    if (axis.kind == Kind::axis && axis.size) say(axis.name, *axis.size);
    if (axis.kind == Kind::axis) read_name(axis.name);
    for (const AxisExpr& part : axis.parts) self(part, self);
  };
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      if (!term.shape) continue;
      for (const AxisExpr& dim : term.shape->dims) read(dim, read);
      for (const std::string& index : indexes_in(term.key)) read_name(index);
      for (const MadeOperand* operand : operands_of(term)) {
        for (const AxisExpr& dim : operand->shape.dims) {
          for (const std::string& name : names_in(dim)) read_name(name);
        }
      }
    }
  }
  return consistent ? std::optional(extents) : std::nullopt;
}

Solution solve(const Mapping& mapping, const MadeRule& rule, Direction direction,
               const std::vector<std::optional<Sizes>>& shapes) {
  Solver solver{rule.sources(direction), shapes, {}};
  solver.made.rests.resize(shapes.size());
  const auto declared = declared_extents(mapping, rule);
  if (!declared) {
    solver.refuse("an axis has two extents");
    return solver.made;
  }
  solver.made.extents = *declared;
  if (!solver.find_rank() || !solver.find_extents()) return solver.made;
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      if (!term.shape) continue;
      for (const AxisExpr& dim : dimensions(*term.shape, solver.made.rank)) {
        for (const std::string& name : names_in(dim)) {
          if (name != "_" && !solver.made.extents.contains(name)) solver.made.open.push_back(name);
        }
      }
    }
  }
  if (!solver.made.open.empty()) solver.refuse(fmt::format("the extent of `{}` is not known", solver.made.open[0]));
  return solver.made;
}

}  // namespace omap::test
