#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "diagnostics/source_range.h"

namespace omap::syntax {

/// A statement as the grammar sees it: a node for each rule of grammar/OmapParser.g4 that was met, and for each word.
struct ParseNode {
  /// `term`, `shape`; of a word the lexer's name: `INT`, `AS`.
  std::string_view rule;
  SourceRange range;
  std::vector<ParseNode> children;

  [[nodiscard]] const ParseNode* find(std::string_view name) const {
    const auto found =
        std::find_if(children.begin(), children.end(), [&](const ParseNode& c) { return c.rule == name; });
    return found == children.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The `i`-th child of that name. The grammar says that it is there.
  [[nodiscard]] const ParseNode& get(std::string_view name, std::size_t i = 0) const {
    return *std::find_if(children.begin(), children.end(),
                         [&](const ParseNode& c) { return c.rule == name && i-- == 0; });
  }
  [[nodiscard]] std::vector<const ParseNode*> all(std::string_view name) const {
    std::vector<const ParseNode*> found;
    for (const ParseNode& child : children) {
      if (child.rule == name) found.push_back(&child);
    }
    return found;
  }
};

}  // namespace omap::syntax
