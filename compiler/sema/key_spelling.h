#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"

namespace omap::sema {

/// One text for all keys that mean the same: `blocks.{layer}.w_{part}`, with its prefixes, blanks apart.
[[nodiscard]] std::string spell_key(const std::vector<const ast::Key*>& prefixes, const ast::Key& key);

/// A path of a config as one text: `model.block[full].name`.
[[nodiscard]] std::string spell_path(const ast::Expr& path);

/// Whether a pattern matches the template of a key: `*` is one dot-separated segment of it, `**` one or more; anything
/// else has to be the same text. Both as `spell_key` gives them.
[[nodiscard]] bool covers(std::string_view pattern, std::string_view key);

}  // namespace omap::sema
