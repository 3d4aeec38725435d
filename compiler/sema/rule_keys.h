#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

using Keys = std::unordered_set<std::string>;

/// A key of a side as one text, prefixes included. Sides are told apart by the first character, which is `<` for the
/// left one.
[[nodiscard]] std::string side_key(bool left, const std::vector<const ast::Prefix*>& prefixes, const ast::Key& key);

/// The keys that a rule names, as `side_key` has them.
struct RuleKeys {
  Keys all;
  /// By direction: towards the left, towards the right.
  Keys written;
};

[[nodiscard]] RuleKeys keys_of(const InContext<ast::Rule>& rule);

/// Whether a pattern of `restrict` or `remove` covers a key. Both as `side_key` has them.
[[nodiscard]] bool matches(const std::string& pattern, const std::string& key);
[[nodiscard]] bool any_matches(const std::string& pattern, const Keys& keys);

}  // namespace omap::sema
