#include "runtime/plan/shape.h"

#include <string>
#include <string_view>
#include <vector>

namespace omap {
namespace {

std::string join(const std::vector<AxisExpr>& parts, std::string_view between) {
  std::string out;
  for (const AxisExpr& part : parts) {
    if (&part != &parts.front()) out += between;
    out += to_text(part);
  }
  return out;
}

/// Pieces need no brackets: juxtaposition holds tighter than `+`.
std::string sum_text(const AxisExpr& sum) {
  std::string out;
  for (const AxisExpr& piece : sum.parts) {
    if (&piece != &sum.parts.front()) out += " + ";
    out += piece.kind == AxisExpr::Kind::product ? join(piece.parts, " ") : to_text(piece);
  }
  return out;
}

}  // namespace

std::string to_text(const AxisExpr& axis) {
  const std::string size = axis.size ? std::to_string(*axis.size) : std::string();
  switch (axis.kind) {
    case AxisExpr::Kind::axis:
      return axis.size ? axis.name + "=" + size : axis.name;
    case AxisExpr::Kind::one:
      return "1";
    case AxisExpr::Kind::product:
      return "(" + join(axis.parts, " ") + ")";
    case AxisExpr::Kind::sum:
      return "(" + sum_text(axis) + ")";
    case AxisExpr::Kind::dropped:
      if (!axis.name.empty()) return "_=" + axis.name;
      return axis.size ? "_=" + size : "_";
    case AxisExpr::Kind::divided:
      return axis.name + "/" + size;
    case AxisExpr::Kind::ellipsis:
      return "...";
  }
  return {};
}

std::string to_text(const Shape& shape) { return join(shape.dims, " "); }

}  // namespace omap
