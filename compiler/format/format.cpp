#include "compiler/format/format.h"

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/format/layout.h"
#include "compiler/format/rows.h"
#include "compiler/format/statements.h"

namespace omap {
namespace {

using layout::InnerComment;

/// A statement's lines, and where its comments went.
struct Printed {
  std::vector<ast::Comment> above;
  std::string lines;
  /// It is one line, that may share columns with its neighbours.
  std::optional<layout::Row> row;
};

class Printer {
 public:
  explicit Printer(const SourceMap& sources) : sources_(sources) {}

  std::string print(const ast::Module& module) {
    body(module.statements, 0);
    for (const ast::Comment& comment : module.at_end) own_line(comment, 0);
    return std::move(out_);
  }

 private:
  // ---- blocks

  void body(const std::vector<ast::Statement>& statements, std::size_t indent) {
    std::vector<Printed> printed;
    printed.reserve(statements.size());
    for (const ast::Statement& statement : statements) printed.push_back(print(statement, indent));
    align(statements, printed, indent);
    for (std::size_t i = 0; i < statements.size(); ++i) write(statements[i], printed[i], indent);
  }

  void write(const ast::Statement& statement, const Printed& printed, std::size_t indent) {
    const std::size_t leading = leading_comments(statement);
    for (std::size_t i = 0; i < printed.above.size(); ++i) {
      if (i == leading) blank_line(statement.after_blank_line);
      own_line(printed.above[i], indent);
    }
    if (printed.above.size() == leading) blank_line(statement.after_blank_line);
    line(printed.lines, statement.behind, indent);
    std::visit([&](const auto& node) { blocks(node, statement, indent); }, statement.node);
  }

  template <class Node>
  void blocks(const Node& node, const ast::Statement& statement, std::size_t indent) {
    if constexpr (requires { node.body; }) {
      inside(node.body, statement.at_end, indent);
      line("}", statement.behind_end, indent);
    }
  }
  void blocks(const ast::When& when, const ast::Statement& statement, std::size_t indent) {
    inside(when.body, when.has_else ? when.at_body_end : statement.at_end, indent);
    if (when.has_else) {
      line("} else {", when.behind_else, indent);
      inside(when.else_body, statement.at_end, indent);
    }
    line("}", statement.behind_end, indent);
  }

  void inside(const std::vector<ast::Statement>& statements, const std::vector<ast::Comment>& at_end,
              std::size_t indent) {
    at_start_ = true;
    body(statements, indent + layout::block_indent);
    for (const ast::Comment& comment : at_end) own_line(comment, indent + layout::block_indent);
  }

  // ---- statements

  /// Those above it; the others stand between its words.
  static std::size_t leading_comments(const ast::Statement& statement) {
    std::size_t count = 0;
    while (count < statement.before.size() && statement.before[count].range.begin < statement.range.begin) ++count;
    return count;
  }

  [[nodiscard]] Printed print(const ast::Statement& statement, std::size_t indent) const {
    Printed printed{statement.before, {}, std::nullopt};
    const std::size_t leading = leading_comments(statement);
    std::vector<InnerComment> inner;
    for (std::size_t i = leading; i < statement.before.size(); ++i) {
      inner.push_back({statement.before[i], begins_line(statement.before[i])});
    }
    layout::Layout layout = layout::statement(statement, sources_, inner);
    if (layout.complete()) {
      printed.above.resize(leading);
    } else {
      inner.clear();  // one of them stands inside a key: they go above, all, in their order
      layout = layout::statement(statement, sources_, {});
    }
    if (inner.empty() && indent + layout::columns(layout.flat()) <= layout::line_columns) printed.row = layout.row();
    printed.lines = layout.lines(indent);
    return printed;
  }

  [[nodiscard]] bool begins_line(const ast::Comment& comment) const {
    const std::string& text = sources_.files[comment.range.file].text();
    const std::size_t last = text.find_last_not_of(" \t", comment.range.begin - 1);
    return last == std::string::npos || text[last] == '\n';
  }

  /// Pads the rows of each run: neighbours without an empty line or a comment between them. One that needs several
  /// lines has no row, and does not end the run.
  static void align(const std::vector<ast::Statement>& statements, std::vector<Printed>& printed, std::size_t indent) {
    const auto goes_on = [&](std::size_t i) {
      return printed[i].above.empty() && !statements[i].after_blank_line &&
             layout::share_columns(statements[i - 1], statements[i]);
    };
    for (std::size_t begin = 0, end = 0; begin < statements.size(); begin = end) {
      for (end = begin + 1; end < statements.size() && goes_on(end);) ++end;
      std::vector<layout::Row> rows;
      for (std::size_t i = begin; i < end; ++i) {
        if (printed[i].row) rows.push_back(*printed[i].row);
      }
      const std::vector<std::string> lines = layout::align(rows, indent);
      for (std::size_t i = begin, row = 0; i < end; ++i) {
        if (printed[i].row) printed[i].lines = lines[row++];
      }
    }
  }

  // ---- lines

  void own_line(const ast::Comment& comment, std::size_t indent) {
    blank_line(comment.after_blank_line);
    line(comment.text, std::nullopt, indent);
  }

  void line(std::string_view text, const std::optional<ast::Comment>& behind, std::size_t indent) {
    out_.append(indent, ' ');
    out_ += text;
    if (behind) out_ += "  " + behind->text;
    out_ += '\n';
    at_start_ = false;
  }

  /// One for any number of them, and none where a block begins.
  void blank_line(bool wanted) {
    if (wanted && !at_start_) out_ += '\n';
  }

  const SourceMap& sources_;
  std::string out_;
  bool at_start_ = true;  ///< of a block, or the file
};

}  // namespace

std::string format(const ast::Module& module, const SourceMap& sources) { return Printer(sources).print(module); }

}  // namespace omap
