#include "tests/reference/read_rule.h"

#include <string>

#include "tests/reference/draw_shapes.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  MadeRule rule() {
    MadeRule rule;
    rule.left = terms();
    const bool left = take("<");
    take("-");
    const bool right = take(">");
    rule.arrow = left && right ? Arrow::both : left ? Arrow::left : Arrow::right;
    rule.right = terms();
    return rule;
  }

 private:
  bool take(std::string_view word) {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string until(std::string_view ends) {
    const std::size_t size = std::min(text_.find_first_of(ends), text_.size());
    const std::string word(text_.substr(0, size));
    text_.remove_prefix(size);
    return word;
  }

  std::vector<MadeTerm> terms() {
    std::vector<MadeTerm> all;
    do {
      take(" ");
      all.push_back({key(), std::nullopt, 0});
      all.back().shape = shape();
      while (at_step()) all.back().steps.push_back(step());
      if (take("as ")) all.back().as = until(" ,");
    } while (take(","));
    return all;
  }

  std::optional<Shape> shape() {
    if (!take("[")) return std::nullopt;
    Shape shape;
    while (!take("]")) shape.dims.push_back(axis());
    return shape;
  }

  /// `-` begins an arrow too.
  bool at_step() {
    take("");
    return !text_.empty() && !text_.starts_with("->") &&
           std::string_view("+-*/").find(text_[0]) != std::string_view::npos;
  }
  MadeStep step() {
    MadeStep step;
    step.sign = text_[0];
    text_.remove_prefix(1);
    take("");
    if (text_[0] >= '0' && text_[0] <= '9') {
      step.number = std::stod(until(" "));
    } else {
      Key tensor = key();
      step.tensor = MadeOperand{std::move(tensor), shape().value(), Dtype::f32};
    }
    return step;
  }

  Key key() {
    Key key;
    while (!text_.empty() && !text_.starts_with('[') && !text_.starts_with(' ')) {
      key.pieces.push_back({KeyPiece::Kind::text, until("{[ ")});
      if (!text_.starts_with('{')) break;
      take("{");
      KeyPiece piece{KeyPiece::Kind::index, until(" }")};
      if (take("+")) {
        take(" ");
        piece.offset = std::stoll(until("}"));
      }
      take("}");
      key.pieces.push_back(piece);
    }
    return key;
  }

  AxisExpr axis() {
    if (take("(")) return sum();
    if (take("...")) return node_of(Kind::ellipsis, {});
    take(" ");
    const std::string name = until(" )]=/");
    AxisExpr made = axis_of(name);
    if (name == "1") made = node_of(Kind::one, {});
    if (name == "_") made = node_of(Kind::dropped, {});
    if (take("=")) made.size = std::stoll(until(" )]"));
    if (take("/")) {
      made.kind = Kind::divided;
      made.size = std::stoll(until(" )]"));
    }
    return made;
  }

  AxisExpr sum() {
    AxisExpr sum = node_of(Kind::sum, {node_of(Kind::product, {})});
    while (!take(")")) {
      if (take("+")) sum.parts.push_back(node_of(Kind::product, {}));
      AxisExpr part = axis();
      sum.parts.back().parts.push_back(std::move(part));
    }
    simplify(sum);
    return sum;
  }

  std::string_view text_;
};

}  // namespace

MadeRule read_rule(std::string_view line) { return Reader(line).rule(); }

}  // namespace omap::test
