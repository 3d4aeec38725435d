#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace omap {

/// A JSON value, and the value of an expression: what configs hold and params are. A list of ints is a list.
class Value {
 public:
  using List = std::vector<Value>;
  /// In the order of the text; names are unique.
  using Object = std::vector<std::pair<std::string, Value>>;

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(std::int64_t value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const double* real() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const List* list() const { return std::get_if<List>(&data_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }
  /// An int or a float.
  [[nodiscard]] bool is_number() const { return integer() != nullptr || real() != nullptr; }
  [[nodiscard]] double number() const { return integer() ? static_cast<double>(*integer()) : *real(); }

  /// A member of an object, or nothing.
  [[nodiscard]] const Value* member(std::string_view name) const;
  /// `null`, `bool`, `int`, `float`, `string`, `list`, `object`
  [[nodiscard]] std::string_view type_name() const;

  /// Numbers are equal by value (1 == 1.0), objects whatever the order of their members.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Object> data_ = nullptr;
};

}  // namespace omap
