#include "compiler/format/terms.h"

#include <cmath>
#include <string>

#include "compiler/format/expressions.h"

namespace omap::layout {
namespace {

using Kind = ast::Axis::Kind;

class TermLayout {
 public:
  TermLayout(Layout& out, const SourceMap& sources) : out_(out), sources_(sources) {}

  void write(const ast::Term& term) {
    out_.at(term.range.begin);
    if (term.fill) {
      out_.text("fill ");
      number(*term.fill, term.fill_range);
    } else {
      tensor(term);
    }
    for (const ast::ValueOp& op : term.ops) {
      out_.at(op.range.begin);
      out_.text(std::string{' ', op.op, ' '});
      out_.goes_on();
      if (op.number) {
        out_.at(op.number_range.begin);
        number(*op.number, op.number_range);
      } else {
        out_.at(op.operand[0].key.range.begin);
        tensor(op.operand[0]);
      }
    }
    if (term.as) out_.text(" as " + term.as->text);
  }

 private:
  void number(double value, SourceRange range) {
    out_.text((std::signbit(value) ? "-" : "") + std::string(sources_.text(range)));
  }

  void tensor(const ast::Term& term) {
    out_.text(key(term.key, sources_));
    if (!term.shape) return;
    out_.open_bracket("[");
    out_.begin();
    axes(term.shape->dims);
    out_.at(term.shape->range.end);
    out_.end();
    out_.close_bracket("]");
  }

  /// `a b c`
  void axes(const std::vector<ast::Axis>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i > 0) out_.fill(continuation_indent, " ");
      axis(all[i]);
    }
  }

  void axis(const ast::Axis& axis) {
    out_.at(axis.range.begin);
    switch (axis.kind) {
      case Kind::named:
        if (axis.extent) return out_.text(axis.text + "=" + axis.extent->text);
        return out_.text(axis.value ? axis.text + "=" + std::to_string(*axis.value) : axis.text);
      case Kind::divided:
        return out_.text(axis.text + "/" + std::to_string(axis.value.value_or(1)));
      case Kind::literal:
        return out_.text(std::to_string(axis.value.value_or(1)));
      case Kind::ellipsis:
        return out_.text("...");
      case Kind::product:
        out_.open_bracket("(");
        axes(axis.parts);
        return out_.close_bracket(")");
      case Kind::sum:
        out_.open_bracket("(");
        pieces(axis.parts);
        return out_.close_bracket(")");
    }
  }

  /// `a + b c`: a piece that is a product needs no parentheses.
  void pieces(const std::vector<ast::Axis>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i > 0) {
        out_.text(" +");
        out_.fill(continuation_indent, " ");
      }
      if (all[i].kind == Kind::product) {
        axes(all[i].parts);
      } else {
        axis(all[i]);
      }
    }
  }

  Layout& out_;
  const SourceMap& sources_;
};

}  // namespace

void terms(Layout& out, const std::vector<ast::Term>& terms, int indent, const SourceMap& sources) {
  TermLayout term(out, sources);
  out.begin();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i > 0) {
      out.text(",");
      out.goes_on();
      out.line(indent, " ");
    }
    term.write(terms[i]);
  }
  out.end();
}

}  // namespace omap::layout
