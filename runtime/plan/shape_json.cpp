#include "runtime/plan/shape_json.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace omap {
namespace {

using Kind = AxisExpr::Kind;

/// What a list among the dimensions begins with. `1` and an axis without a size are no lists.
constexpr std::array<std::pair<Kind, std::string_view>, 6> tags{{
    {Kind::axis, "="},
    {Kind::product, "*"},
    {Kind::sum, "+"},
    {Kind::dropped, "_"},
    {Kind::divided, "/"},
    {Kind::ellipsis, "..."},
}};

Value axis_to_json(const AxisExpr& axis) {
  if (axis.kind == Kind::one) return std::int64_t{1};
  if (axis.kind == Kind::axis && !axis.size) return axis.name;
  const auto* tag = std::find_if(tags.begin(), tags.end(), [&](const auto& known) { return known.first == axis.kind; });
  Value::List all{tag->second};
  if (!axis.name.empty()) all.emplace_back(axis.name);
  if (axis.size) all.emplace_back(*axis.size);
  for (const AxisExpr& part : axis.parts) all.push_back(axis_to_json(part));
  return all;
}

AxisExpr axis_from_json(const JsonNode& node);

AxisExpr tagged_axis_from_json(const JsonNode& node) {
  AxisExpr axis;
  const std::string tag = node.item(0).string();
  const auto* known = std::find_if(tags.begin(), tags.end(), [&](const auto& one) { return one.second == tag; });
  if (known == tags.end()) {
    node.refuse(Code::plan_malformed, "`{}` begins no dimension", tag);
    return axis;
  }
  axis.kind = known->first;
  switch (axis.kind) {
    case Kind::axis:
    case Kind::divided:
      if (!node.has_size(3)) break;
      axis.name = node.item(1).string();
      axis.size = node.item(2).integer();
      break;
    case Kind::dropped:
      if (node.size() == 1 || !node.has_size(2)) break;
      if (const std::string* param = node.item(1).value().string()) {
        axis.name = *param;
      } else {
        axis.size = node.item(1).integer();
      }
      break;
    case Kind::ellipsis:
      node.has_size(1);
      break;
    default:
      axis.parts = node.each(1, axis_from_json);
  }
  return axis;
}

AxisExpr axis_from_json(const JsonNode& node) {
  node.count_element();
  AxisExpr axis;
  if (const std::string* name = node.value().string()) {
    axis.name = *name;
    return axis;
  }
  if (const std::int64_t* number = node.value().integer()) {
    axis.kind = Kind::one;
    if (*number != 1) node.refuse(Code::plan_malformed, "1 is wanted, or a name: `[\"=\",\"two\",{}]`", *number);
    return axis;
  }
  if (node.value().list()) return tagged_axis_from_json(node);
  node.refuse(Code::plan_malformed, "a dimension is wanted, not {}", node.value().type_name());
  return axis;
}

}  // namespace

Value shape_to_json(const Shape& shape) {
  Value::List dims;
  for (const AxisExpr& axis : shape.dims) dims.push_back(axis_to_json(axis));
  return dims;
}

Shape shape_from_json(const JsonNode& node) { return {node.each(0, axis_from_json)}; }

}  // namespace omap
