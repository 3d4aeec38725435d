#include "compiler/sema/rule_keys.h"

#include <algorithm>

#include "compiler/sema/key_spelling.h"
#include "compiler/sema/rule_indexes.h"

namespace omap::sema {

std::string side_key(bool left, const std::vector<const ast::Prefix*>& prefixes, const ast::Key& key) {
  return (left ? "<" : ">") + spell_key(prefix_keys(prefixes, left), key);
}

RuleKeys keys_of(const InContext<ast::Rule>& rule) {
  RuleKeys keys;
  for (const bool left : {true, false}) {
    const bool written = left ? rule.node->arrow != ast::Arrow::right : rule.node->arrow != ast::Arrow::left;
    for (const ast::Term& term : left ? rule.node->left : rule.node->right) {
      if (term.fill) continue;
      const std::string key = side_key(left, rule.prefixes, term.key);
      keys.all.insert(key);
      if (written) keys.written.insert(key);
    }
  }
  return keys;
}

bool matches(const std::string& pattern, const std::string& key) {
  return pattern.front() == key.front() && covers(std::string_view(pattern).substr(1), std::string_view(key).substr(1));
}

bool any_matches(const std::string& pattern, const Keys& keys) {
  return std::ranges::any_of(keys, [&](const std::string& key) { return matches(pattern, key); });
}

}  // namespace omap::sema
