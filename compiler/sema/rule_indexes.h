#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

using NameSet = std::set<std::string, std::less<>>;

/// Indexes of the mapping in the placeholders of a key.
[[nodiscard]] NameSet indexes_in(const CheckedMapping& mapping, const ast::Key& key);
/// Indexes of the mapping that a line of a config section stands for each value of: those in the items of its paths.
[[nodiscard]] NameSet indexes_in(const CheckedMapping& mapping, const ast::ConfigLine& line);

struct RuleIndexes {
  /// In the key of every tensor, prefixes included: the rule holds for each of their values.
  NameSet loops;
  /// In the key of some tensor.
  NameSet all;
};
[[nodiscard]] RuleIndexes rule_indexes(const CheckedMapping& mapping, const InContext<ast::Rule>& rule);
[[nodiscard]] RuleIndexes tie_indexes(const CheckedMapping& mapping, const InContext<ast::Tie>& tie);

/// The prefix keys of a side, outermost first. `left` is the mapping's left side.
[[nodiscard]] std::vector<const ast::Key*> prefix_keys(const std::vector<const ast::Prefix*>& prefixes, bool left);

}  // namespace omap::sema
