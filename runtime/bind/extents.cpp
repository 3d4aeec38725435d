#include "runtime/bind/extents.h"

#include <fmt/format.h>

#include <algorithm>

namespace omap {
namespace {

constexpr std::string_view dropped_name = "_";

/// The extent of a dimension as `constant + coefficient * unknown`; `open` where it is not linear in one unknown.
struct Linear {
  std::int64_t constant = 0;
  std::int64_t coefficient = 0;
  std::string_view unknown;
  bool open = false;
  bool overflow = false;

  [[nodiscard]] bool known() const { return unknown.empty() && !open; }
};

std::int64_t add(std::int64_t a, std::int64_t b, bool& overflow) {
  std::int64_t sum = 0;
  overflow = __builtin_add_overflow(a, b, &sum) || overflow;
  return sum;
}
std::int64_t multiply(std::int64_t a, std::int64_t b, bool& overflow) {
  std::int64_t product = 0;
  overflow = __builtin_mul_overflow(a, b, &product) || overflow;
  return product;
}

Linear sum(const Linear& a, const Linear& b) {
  Linear s;
  s.overflow = a.overflow || b.overflow;
  s.constant = add(a.constant, b.constant, s.overflow);
  s.coefficient = add(a.coefficient, b.coefficient, s.overflow);
  s.unknown = a.unknown.empty() ? b.unknown : a.unknown;
  s.open = a.open || b.open || (!a.unknown.empty() && !b.unknown.empty() && a.unknown != b.unknown);
  return s;
}

/// (c + k u) * m = c m + (k m) u; two factors with unknowns are not linear.
Linear product(const Linear& a, const Linear& b) {
  const Linear& linear = a.unknown.empty() ? b : a;
  const Linear& factor = a.unknown.empty() ? a : b;
  Linear p;
  p.overflow = a.overflow || b.overflow;
  p.open = a.open || b.open || (!a.unknown.empty() && !b.unknown.empty());
  p.constant = multiply(linear.constant, factor.constant, p.overflow);
  p.coefficient = multiply(linear.coefficient, factor.constant, p.overflow);
  p.unknown = linear.unknown;
  return p;
}

Linear constant(std::int64_t value) {
  Linear l;
  l.constant = value;
  return l;
}

Linear unknown(std::string_view name) {
  Linear l;
  l.coefficient = 1;
  l.unknown = name;
  return l;
}

Linear linear(const AxisExpr& axis, const Extents& extents) {
  switch (axis.kind) {
    case AxisExpr::Kind::one:
      return constant(1);
    case AxisExpr::Kind::axis: {
      if (axis.size) return constant(*axis.size);
      const auto extent = extents.find(axis.name);
      return extent ? constant(*extent) : unknown(axis.name);
    }
    case AxisExpr::Kind::dropped:
      if (!axis.name.empty()) return constant(extents.find(axis.name).value_or(0));
      return axis.size ? constant(*axis.size) : unknown(dropped_name);
    case AxisExpr::Kind::divided: {
      const auto extent = extents.find(axis.name);
      Linear l;
      l.open = !extent;
      if (extent) l.constant = *extent / *axis.size + (*extent % *axis.size != 0 ? 1 : 0);
      return l;
    }
    case AxisExpr::Kind::sum:
    case AxisExpr::Kind::product: {
      const bool is_sum = axis.kind == AxisExpr::Kind::sum;
      Linear all = constant(is_sum ? 0 : 1);
      for (const AxisExpr& part : axis.parts)
        all = is_sum ? sum(all, linear(part, extents)) : product(all, linear(part, extents));
      return all;
    }
    case AxisExpr::Kind::ellipsis:
      break;
  }
  Linear l;
  l.open = true;
  return l;
}

std::string spell(const AxisExpr& axis, const Extents& extents) {
  if (axis.kind == AxisExpr::Kind::axis) return fmt::format("`{}` is {}", axis.name, *extents.find(axis.name));
  return fmt::format("`{}` makes {}", to_text(axis), linear(axis, extents).constant);
}

}  // namespace

std::optional<std::int64_t> Extents::find(std::string_view axis) const {
  const auto found = std::find_if(extents_.begin(), extents_.end(), [&](const auto& e) { return e.first == axis; });
  return found == extents_.end() ? std::nullopt : std::optional(found->second);
}

void Extents::set(std::string_view axis, std::int64_t extent) { extents_.emplace_back(axis, extent); }

std::vector<AxisExpr> write_out_ellipsis(const Shape& shape, std::size_t rest) {
  std::vector<AxisExpr> dims;
  for (const AxisExpr& dim : shape.dims) {
    if (dim.kind != AxisExpr::Kind::ellipsis) {
      dims.push_back(dim);
      continue;
    }
    for (std::size_t i = 0; i < rest; ++i) {
      AxisExpr axis;
      axis.name = fmt::format("...{}", i);
      dims.push_back(std::move(axis));
    }
  }
  return dims;
}

std::optional<ShapeProblem> unify(std::span<const AxisExpr> dims, std::span<const std::int64_t> header,
                                  Extents& extents, bool& learnt) {
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Linear l = linear(dims[i], extents);
    if (l.overflow) return ShapeProblem{Code::size_overflow, fmt::format("`{}` exceeds 2^63 - 1", to_text(dims[i]))};
    if (l.open) continue;
    if (l.known()) {
      if (l.constant == header[i]) continue;
      const std::string axis = dims[i].kind == AxisExpr::Kind::axis ? dims[i].name : std::string();
      return ShapeProblem{Code::extent_conflict,
                          fmt::format("has {} in dimension {}, where {}", header[i], i, spell(dims[i], extents)), axis};
    }
    if (header[i] < l.constant) {
      return ShapeProblem{Code::extent_conflict, fmt::format("has {} in dimension {}, where `{}` needs at least {}",
                                                             header[i], i, to_text(dims[i]), l.constant)};
    }
    const std::int64_t left = header[i] - l.constant;
    if (l.coefficient == 0 ? left != 0 : left % l.coefficient != 0) {
      return ShapeProblem{Code::extent_indivisible,
                          fmt::format("has {} in dimension {}, which `{}` does not divide: {} is no multiple of {}",
                                      header[i], i, to_text(dims[i]), left, l.coefficient)};
    }
    // With a factor of 0 nothing can be told of the other axis.
    if (l.unknown == dropped_name || l.coefficient == 0) continue;
    extents.set(l.unknown, left / l.coefficient);
    learnt = true;
  }
  return std::nullopt;
}

std::optional<std::int64_t> extent_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped,
                                      std::optional<ShapeProblem>& problem) {
  const Linear l = linear(axis, extents);
  const bool is_dropped = l.unknown == dropped_name;
  if (l.open || (!l.known() && !is_dropped)) return std::nullopt;
  bool overflow = l.overflow;
  const std::int64_t extent = add(l.constant, is_dropped ? multiply(l.coefficient, dropped, overflow) : 0, overflow);
  if (overflow) {
    problem = ShapeProblem{Code::size_overflow, fmt::format("`{}` exceeds 2^63 - 1", to_text(axis))};
    return std::nullopt;
  }
  return extent;
}

std::int64_t dropped_extent(const AxisExpr& axis, const Extents& extents, std::int64_t header) {
  const Linear l = linear(axis, extents);
  return l.unknown == dropped_name && l.coefficient > 0 ? (header - l.constant) / l.coefficient : 0;
}

}  // namespace omap
