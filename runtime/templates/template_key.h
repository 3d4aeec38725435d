#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/expr.h"

namespace omap {

/// The name in a placeholder: `layer` of `[layer]`. Empty if the text is no placeholder: a word in square brackets.
[[nodiscard]] std::string_view placeholder_name(std::string_view text);

/// A stretch of a template's key: a text, or a placeholder without its brackets.
struct KeyStretch {
  bool placeholder = false;
  std::string text;
};
/// Brackets without a word in them are text like any other.
[[nodiscard]] std::vector<KeyStretch> key_stretches(std::string_view key);

/// The names of the placeholders in a key.
[[nodiscard]] std::set<std::string> placeholders_in(std::string_view key);

/// The key with a part of its own for each placeholder, by its name; texts beside each other are one part.
[[nodiscard]] KeyTemplate key_template(std::string_view key,
                                       const std::function<KeyPart(const std::string&)>& placeholder);

}  // namespace omap
