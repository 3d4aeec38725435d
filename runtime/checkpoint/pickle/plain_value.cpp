#include "runtime/checkpoint/pickle/plain_value.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace omap {
namespace {

constexpr int max_depth = 32;
/// Of values, and of the bytes of their texts.
constexpr std::size_t max_size = 1U << 20;

class PlainReader {
 public:
  std::optional<Value> read(PickleValue value, int depth) {
    if (depth == max_depth || !spend(1)) return std::nullopt;
    switch (value.kind()) {
      case PickleKind::none:
        return Value();
      case PickleKind::boolean:
        return Value(*value.boolean());
      case PickleKind::integer:
        return Value(*value.integer());
      case PickleKind::real:
        return read_real(*value.real());
      case PickleKind::text:
        return spend(value.text()->size()) ? std::optional<Value>(*value.text()) : std::nullopt;
      case PickleKind::tuple:
      case PickleKind::list:
        return read_list(value, depth);
      case PickleKind::dict:
        return read_dict(value, depth);
      default:
        return std::nullopt;
    }
  }

 private:
  bool spend(std::size_t size) {
    spent_ += std::min(size, max_size + 1);
    return spent_ <= max_size;
  }

  static Value read_real(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    return number;
  }

  std::optional<Value> read_list(PickleValue list, int depth) {
    Value::List all;
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto element = read(list[i], depth + 1);
      if (!element) return std::nullopt;
      all.push_back(*std::move(element));
    }
    return all;
  }

  std::optional<std::string> read_name(PickleValue key) {
    if (const auto number = key.integer()) return std::to_string(*number);
    const auto text = key.text();
    return text && spend(text->size()) ? std::optional(std::string(*text)) : std::nullopt;
  }

  /// A key that stands twice in a pickle, or as a number and as its text, has no place in an object.
  std::optional<Value> read_dict(PickleValue dict, int depth) {
    Value::Object all;
    for (std::size_t i = 0; i < dict.entries(); ++i) {
      auto name = read_name(dict.key(i));
      if (!name) return std::nullopt;
      auto element = read(dict.value(i), depth + 1);
      if (!element) return std::nullopt;
      all.emplace_back(*std::move(name), *std::move(element));
    }
    std::vector<std::string_view> names;
    for (const auto& member : all) names.emplace_back(member.first);
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) return std::nullopt;
    return all;
  }

  std::size_t spent_ = 0;
};

}  // namespace

std::optional<Value> plain_value(PickleValue value) { return PlainReader().read(value, 0); }

}  // namespace omap
