#include "compiler/syntax/ast.h"

namespace omap::ast {

std::string documentation(const Statement& statement) {
  std::string text;
  for (const Comment& comment : statement.before) {
    if (!comment.text.starts_with("///")) continue;
    std::string_view line = std::string_view(comment.text).substr(3);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

}  // namespace omap::ast
