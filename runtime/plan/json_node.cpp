#include "runtime/plan/json_node.h"

#include "runtime/plan/plan_limits.h"

namespace omap {
namespace {

const Value nothing;

}  // namespace

void JsonNode::refuse_kind(std::string_view wanted) const {
  refuse(Code::plan_malformed, "{} is wanted, not {}", wanted, value_->type_name());
}

void JsonNode::count_element() const {
  if (++reading_->elements > PlanLimits::elements) {
    refuse(Code::plan_limit, "a plan has at most {} operations, literals, parts of keys and dimensions",
           PlanLimits::elements);
  }
}

std::string JsonNode::string() const {
  if (const std::string* text = value_->string()) return *text;
  refuse_kind("a string");
  return {};
}

bool JsonNode::boolean() const {
  if (const bool* truth = value_->boolean()) return *truth;
  refuse_kind("a bool");
  return false;
}

std::int64_t JsonNode::integer() const {
  if (const std::int64_t* number = value_->integer()) return *number;
  refuse_kind("an int");
  return 0;
}

std::uint32_t JsonNode::offset() const {
  const std::int64_t number = integer();
  if (number >= 0 && number <= UINT32_MAX) return static_cast<std::uint32_t>(number);
  refuse(Code::plan_malformed, "{} is not from 0 to 2^32 - 1", number);
  return 0;
}

std::size_t JsonNode::size() const {
  if (const Value::List* list = value_->list()) return list->size();
  refuse_kind("a list");
  return 0;
}

bool JsonNode::has_size(std::size_t wanted) const {
  const std::size_t count = size();
  if (count != wanted) refuse(Code::plan_malformed, "{} items are wanted, not {}", wanted, count);
  return !failed();
}

JsonNode JsonNode::item(std::size_t number) const {
  const std::size_t count = size();
  if (number < count) return JsonNode((*value_->list())[number], *reading_, place_.item(number));
  refuse(Code::plan_malformed, "item {} is missing", number);
  return JsonNode(nothing, *reading_, place_.item(number));
}

std::optional<JsonNode> JsonNode::member(std::string_view name) const {
  if (!value_->object()) {
    refuse_kind("an object");
    return std::nullopt;
  }
  const Value* found = value_->member(name);
  if (!found) return std::nullopt;
  return JsonNode(*found, *reading_, place_.member(name));
}

JsonNode JsonNode::required(std::string_view name) const {
  if (const auto found = member(name)) return *found;
  refuse(Code::plan_malformed, "`{}` is missing", name);
  return JsonNode(nothing, *reading_, place_.member(name));
}

}  // namespace omap
