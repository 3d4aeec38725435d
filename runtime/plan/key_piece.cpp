#include "runtime/plan/key_piece.h"

#include <charconv>

namespace omap {
namespace {

using Op = Expr::Op;

void name_occurrences(Expr& expr, std::size_t copy) {
  if (expr.op == Op::index) expr.name = occurrence(expr.name, copy);
  for (Expr& arg : expr.args) name_occurrences(arg, copy);
  for (KeyPart& part : expr.key.parts) name_occurrences(part.expr, copy);
}

KeyPiece text_piece(std::string text) { return {KeyPiece::Kind::text, std::move(text), {}, {}}; }

KeyPiece placeholder_piece(const Sorts& sorts, const Expr& expr, std::size_t copy) {
  if (expr.op == Op::literal && expr.value.string()) return text_piece(*expr.value.string());
  if (expr.op == Op::literal && expr.value.integer()) return text_piece(std::to_string(*expr.value.integer()));
  KeyPiece piece{KeyPiece::Kind::open, {}, {}, expr};
  const Sort sort = sorts.of(expr);
  if (sort == Sort::integer) piece.kind = KeyPiece::Kind::number;
  if (sort == Sort::text) piece.kind = KeyPiece::Kind::string;
  if (expr.op == Op::index) {
    const Index* index = sorts.index(expr.name);
    if (auto names = index ? sorts.names_of(*index) : std::nullopt) {
      piece.kind = KeyPiece::Kind::choice;
      piece.names = std::move(*names);
    }
  }
  name_occurrences(piece.expr, copy);
  return piece;
}

}  // namespace

std::vector<KeyPiece> key_pieces(const Sorts& sorts, const KeyTemplate& key, std::size_t copy) {
  std::vector<KeyPiece> pieces;
  for (const KeyPart& part : key.parts) {
    KeyPiece piece = part.kind == KeyPart::Kind::placeholder
                         ? placeholder_piece(sorts, part.expr, copy)
                         : text_piece(part.kind == KeyPart::Kind::text ? part.text : part.names.front());
    if (piece.kind != KeyPiece::Kind::text) {
      pieces.push_back(std::move(piece));
    } else if (!pieces.empty() && pieces.back().kind == KeyPiece::Kind::text) {
      pieces.back().text += piece.text;
    } else if (!piece.text.empty()) {
      pieces.push_back(std::move(piece));
    }
  }
  return pieces;
}

std::optional<std::int64_t> number_in_key(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end || std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace omap
