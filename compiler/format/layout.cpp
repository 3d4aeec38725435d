#include "compiler/format/layout.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace omap::layout {

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Layout::text(std::string_view words) {
  pieces_.push_back({Piece::Kind::text, std::string(words), 0, false, nullptr});
  may_end_ = false;
}

void Layout::at(std::uint32_t offset, bool begins_line) {
  const bool may_end = may_end_ || begins_line || open_brackets_ > 0;
  while (may_end && !comments_.empty() && comments_.front().comment.range.begin < offset) {
    const InnerComment& next = comments_.front();
    pieces_.push_back({next.own_line ? Piece::Kind::comment_above : Piece::Kind::comment_behind, next.comment.text, 0,
                       false, nullptr});
    for (const std::size_t group : open_groups_) pieces_[group].broken = true;
    comments_ = comments_.subspan(1);
  }
}

void Layout::open_bracket(std::string_view words) {
  text(words);
  ++open_brackets_;
}

void Layout::close_bracket(std::string_view words) {
  --open_brackets_;
  text(words);
}

void Layout::begin() {
  open_groups_.push_back(pieces_.size());
  pieces_.push_back({Piece::Kind::begin, {}, 0, false, nullptr});
}

void Layout::end() {
  open_groups_.pop_back();
  pieces_.push_back({Piece::Kind::end, {}, 0, false, nullptr});
}

void Layout::line(int indent, std::string_view flat) {
  pieces_.push_back({Piece::Kind::line, std::string(flat), indent, false, nullptr});
}

void Layout::fill(int indent, std::string_view flat) {
  pieces_.push_back({Piece::Kind::fill, std::string(flat), indent, false, nullptr});
}

void Layout::comma_if_broken() { pieces_.push_back({Piece::Kind::comma_if_broken, {}, 0, false, nullptr}); }

void Layout::cell(std::string Row::*cell) { pieces_.push_back({Piece::Kind::cell, {}, 0, false, cell}); }

std::string Layout::flat() const {
  using Kind = Piece::Kind;
  std::string text;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::text || piece.kind == Kind::line || piece.kind == Kind::fill) text += piece.text;
  }
  return text;
}

Row Layout::row() const {
  using Kind = Piece::Kind;
  Row row;
  std::string Row::*cell = &Row::left;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::cell) cell = piece.cell;
    if (piece.kind == Kind::text || piece.kind == Kind::line || piece.kind == Kind::fill) row.*cell += piece.text;
  }
  for (std::string* text : {&row.left, &row.arrow, &row.right, &row.when}) {
    text->erase(text->find_last_not_of(' ') + 1);
    text->erase(0, text->find_first_not_of(' '));
  }
  return row;
}

/// Writes the pieces of a layout as lines.
class Lines {
 public:
  Lines(const Layout& layout, std::size_t indent) : pieces_(layout.pieces_), indent_(indent), column_(indent) {}

  std::string write() {
    for (std::size_t i = 0; i < pieces_.size(); ++i) write(i);
    return std::move(out_);
  }

 private:
  using Piece = Layout::Piece;
  using Kind = Layout::Piece::Kind;

  /// A group that has begun and not ended.
  struct Group {
    bool broken = false;
    std::size_t indent = 0;  ///< of the line that it began on
  };

  void write(std::size_t i) {
    const Piece& piece = pieces_[i];
    switch (piece.kind) {
      case Kind::text:
        return put(piece.text);
      case Kind::begin:
        groups_.push_back({piece.broken || !fits(i + 1, true, column()), indent()});
        return;
      case Kind::end:
        groups_.pop_back();
        return;
      case Kind::line:
        return groups_.back().broken ? end_line(piece.indent) : put(piece.text);
      case Kind::fill:
        if (groups_.back().broken && (next_indent_ || !fits(i + 1, false, column() + columns(piece.text)))) {
          return end_line(piece.indent);
        }
        return put(piece.text);
      case Kind::comma_if_broken:
        if (groups_.back().broken) put(",");
        return;
      case Kind::cell:
        return;
      case Kind::comment_above:
      case Kind::comment_behind:
        return comment(piece);
    }
  }

  /// Whether what comes from `i` on fits behind `column`, up to the first place where the line ends anyhow. `in_group`:
  /// a group has just begun.
  [[nodiscard]] bool fits(std::size_t i, bool in_group, std::size_t column) const {
    std::size_t flat_groups = in_group ? 1 : 0;
    std::size_t outer = groups_.size();
    const auto broken = [&] { return flat_groups == 0 && outer > 0 && groups_[outer - 1].broken; };
    for (; i < pieces_.size() && column <= line_columns; ++i) {
      const Piece& piece = pieces_[i];
      switch (piece.kind) {
        case Kind::text:
          column += columns(piece.text);
          break;
        case Kind::begin:
          ++flat_groups;
          break;
        case Kind::end:
          --(flat_groups > 0 ? flat_groups : outer);
          break;
        case Kind::line:
        case Kind::fill:
          if (broken()) return true;
          column += columns(piece.text);
          break;
        case Kind::comma_if_broken:
          column += broken() ? 1U : 0U;
          break;
        case Kind::cell:
          break;
        case Kind::comment_above:
        case Kind::comment_behind:
          return true;
      }
    }
    return column <= line_columns;
  }

  [[nodiscard]] std::size_t indent() const { return next_indent_.value_or(indent_); }
  [[nodiscard]] std::size_t column() const { return next_indent_.value_or(column_); }

  /// The next word begins a line. Nothing is written yet: a comment may still come behind this one.
  void end_line(int indent) {
    const std::size_t base = groups_.empty() ? indent_ : groups_.back().indent;
    next_indent_ = base + static_cast<std::size_t>(indent);
  }

  void start_line() {
    out_.erase(out_.find_last_not_of(' ') + 1);
    out_ += '\n';
    indent_ = column_ = *std::exchange(next_indent_, std::nullopt);
    out_.append(indent_, ' ');
  }

  void put(std::string_view text) {
    if (text.empty()) return;
    if (next_indent_) {
      start_line();
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    out_ += text;
    column_ += columns(text);
    behind_comment_ = false;
  }

  void comment(const Piece& piece) {
    if (!next_indent_) end_line(continuation_indent);
    const std::size_t indent = *next_indent_;
    if (piece.kind == Kind::comment_above || behind_comment_) {
      start_line();
    } else {
      out_.erase(out_.find_last_not_of(' ') + 1);
      out_ += "  ";
    }
    out_ += piece.text;
    next_indent_ = indent;
    behind_comment_ = true;
  }

  const std::vector<Piece>& pieces_;
  std::string out_;
  std::vector<Group> groups_;
  std::size_t indent_;  ///< of the line that is being written
  std::size_t column_;
  std::optional<std::size_t> next_indent_;  ///< of the line that the next word begins
  bool behind_comment_ = false;             ///< the last thing written is a comment
};

std::string Layout::lines(std::size_t indent) const { return Lines(*this, indent).write(); }

}  // namespace omap::layout
