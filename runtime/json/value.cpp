#include "runtime/json/value.h"

#include <algorithm>

namespace omap {

const Value* Value::member(std::string_view name) const {
  const Object* members = object();
  if (!members) return nullptr;
  const auto found = std::find_if(members->begin(), members->end(), [&](const auto& m) { return m.first == name; });
  return found == members->end() ? nullptr : &found->second;
}

std::string_view Value::type_name() const {
  constexpr std::string_view names[] = {"null", "bool", "int", "float", "string", "list", "object"};
  return names[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.integer() && b.integer()) return *a.integer() == *b.integer();
    return a.number() == b.number();
  }
  if (const Value::Object* left = a.object()) {
    const Value::Object* right = b.object();
    return right && left->size() == right->size() && std::all_of(left->begin(), left->end(), [&](const auto& m) {
             const Value* other = b.member(m.first);
             return other && *other == m.second;
           });
  }
  return a.data_ == b.data_;
}

}  // namespace omap
