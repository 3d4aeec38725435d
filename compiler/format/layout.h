#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/format/rows.h"
#include "compiler/syntax/ast.h"

namespace omap::layout {

/// Columns of a line; only comments, and words that cannot be parted, reach beyond.
inline constexpr std::size_t line_columns = 120;
inline constexpr std::size_t block_indent = 4;
/// What the later lines of a statement stand behind its first.
inline constexpr int continuation_indent = 8;

/// Code points, as `Position` counts columns.
[[nodiscard]] std::size_t columns(std::string_view text);

/// A comment between the words of a statement.
struct InnerComment {
  ast::Comment comment;
  /// On a line of its own; else behind words.
  bool own_line = false;
};

/// What is printed of a statement: words, the places where its lines may end, and the comments between its words.
/// Places form groups. A group that fits on the line stays there; one that does not ends the line at each of its
/// `line`s, and at those `fill`s behind which the next piece would not fit.
class Layout {
 public:
  Layout() = default;
  /// `comments` in the order of the text. A comment goes before the first word behind it where a line may end.
  explicit Layout(std::span<const InnerComment> comments) : comments_(comments) {}

  void text(std::string_view words);
  /// The source offset of the word that comes next. `begins_line`: it is an arrow, `??`, `then` or `else`.
  void at(std::uint32_t offset, bool begins_line = false);
  /// A line may end here: the last word was an arrow, a comma or an operator.
  void goes_on() { may_end_ = true; }
  void open_bracket(std::string_view words);
  void close_bracket(std::string_view words);

  void begin();
  void end();
  /// `flat` where the line does not end here; else the next line is `indent` deeper than the one its group began on.
  void line(int indent, std::string_view flat);
  void fill(int indent, std::string_view flat);
  void comma_if_broken();

  /// What follows belongs to that cell of the statement's row.
  void cell(std::string Row::*cell);

  /// Whether every comment has found its place.
  [[nodiscard]] bool complete() const { return comments_.empty(); }
  /// All on one line, without comments.
  [[nodiscard]] std::string flat() const;
  /// The same in cells, without the blanks between them.
  [[nodiscard]] Row row() const;
  /// Without the indentation of the first line, and without a line end.
  [[nodiscard]] std::string lines(std::size_t indent) const;

 private:
  friend class Lines;
  struct Piece {
    enum class Kind : std::uint8_t {
      text,
      line,
      fill,
      begin,
      end,
      comma_if_broken,
      cell,
      comment_above,
      comment_behind
    };
    Kind kind = Kind::text;
    std::string text;  ///< of a `line` or `fill`: where it does not end a line
    int indent = 0;
    bool broken = false;  ///< of a group: there is a comment in it
    std::string Row::*cell = nullptr;
  };

  std::span<const InnerComment> comments_;
  std::vector<Piece> pieces_;
  std::vector<std::size_t> open_groups_;
  std::size_t open_brackets_ = 0;
  bool may_end_ = false;
};

}  // namespace omap::layout
