#include "runtime/templates/template_shapes.h"

#include <algorithm>
#include <utility>

namespace omap {
namespace {

using Kind = AxisExpr::Kind;

AxisExpr of_kind(Kind kind, std::vector<AxisExpr> parts = {}) {
  AxisExpr made;
  made.kind = kind;
  made.parts = std::move(parts);
  return made;
}

AxisExpr axis(const std::string& name, std::optional<std::int64_t> size = {}) {
  AxisExpr made;
  made.name = name;
  made.size = size;
  return made;
}

AxisExpr product(std::vector<AxisExpr> parts) {
  std::vector<AxisExpr> factors;
  for (AxisExpr& part : parts) {
    if (part.kind == Kind::one) continue;
    if (part.kind == Kind::product) {
      factors.insert(factors.end(), part.parts.begin(), part.parts.end());
    } else {
      factors.push_back(std::move(part));
    }
  }
  if (factors.empty()) return of_kind(Kind::one);
  return factors.size() == 1 ? std::move(factors.front()) : of_kind(Kind::product, std::move(factors));
}

/// One tensor of one side.
class Writing {
 public:
  Writing(const Reshaped& reshaped, bool source, std::size_t tensor, bool marked)
      : form_(reshaped.form),
        source_(source),
        tensor_(tensor),
        marked_(marked),
        pieces_(source ? form_.source_pieces : form_.destination_pieces),
        count_(source ? form_.sources : form_.destinations),
        index_(source ? reshaped.source_index : reshaped.destination_index) {}

  Shape write() const {
    Shape shape;
    for (const Dim& dim : source_ ? form_.before : form_.after) {
      shape.dims.push_back(dim.rest ? of_kind(Kind::ellipsis) : write(dim.atoms, 0));
    }
    return shape;
  }

 private:
  [[nodiscard]] const FormAtom& atom(std::size_t id) const { return form_.atoms[id]; }

  /// What the atoms from `begin` make. Those that are enumerated and stand side by side are one sum.
  [[nodiscard]] AxisExpr write(const std::vector<std::size_t>& atoms, std::size_t begin) const {
    std::vector<AxisExpr> parts;
    for (std::size_t i = begin; i < atoms.size(); ++i) {
      if (atom(atoms[i]).enumerated) {
        std::size_t end = i + 1;
        while (end < atoms.size() && atom(atoms[end]).enumerated) ++end;
        parts.push_back(
            pieces({atoms.begin() + static_cast<std::ptrdiff_t>(i), atoms.begin() + static_cast<std::ptrdiff_t>(end)},
                   write(atoms, end)));
        break;
      }
      if (atom(atoms[i]).axis != index_ || atom(atoms[i]).kind != FormAtom::Kind::key)
        parts.push_back(write(atom(atoms[i])));
    }
    return product(std::move(parts));
  }

  [[nodiscard]] AxisExpr write(const FormAtom& atom) const {
    if (atom.kind == FormAtom::Kind::literal) return axis(atom.axis, atom.size);
    if (atom.kind != FormAtom::Kind::joined) return axis(atom.axis);
    if (source_) return axis(atom.pieces[tensor_]);
    std::vector<AxisExpr> parts;
    for (const std::string& piece : atom.pieces) parts.push_back(axis(piece));
    return of_kind(Kind::sum, std::move(parts));
  }

  /// The values of enumerated atoms, read as one number, one by one, each with what follows. The atoms that number the
  /// tensors of this side come first in their dimension, and the tensor has its share of their values.
  [[nodiscard]] AxisExpr pieces(const std::vector<std::size_t>& atoms, const AxisExpr& inner) const {
    const bool numbered = !pieces_.empty() && atoms.front() == pieces_.front();
    std::int64_t all = 1, share = 1;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      all *= atom(atoms[i]).size;
      if (!numbered || i >= pieces_.size()) share *= atom(atoms[i]).size;
    }
    if (numbered) share *= all / share / static_cast<std::int64_t>(count_);
    const std::int64_t first = numbered ? static_cast<std::int64_t>(tensor_) * share : 0;
    std::vector<AxisExpr> parts;
    for (std::int64_t value = first; value < first + share; ++value) {
      parts.push_back(marked_ ? mark(atoms, value) : share > 1 ? inner : of_kind(Kind::one));
    }
    AxisExpr sum = parts.size() == 1 ? std::move(parts.front()) : of_kind(Kind::sum, std::move(parts));
    return marked_ || share == 1 ? product({std::move(sum), inner}) : sum;
  }

  [[nodiscard]] AxisExpr mark(const std::vector<std::size_t>& atoms, std::int64_t value) const {
    std::vector<AxisExpr> marks;
    for (std::size_t i = atoms.size(); i-- > 0; value /= atom(atoms[i]).size) {
      marks.push_back(axis(atom(atoms[i]).marks[static_cast<std::size_t>(value % atom(atoms[i]).size)], 1));
    }
    std::reverse(marks.begin(), marks.end());
    return product(std::move(marks));
  }

  const TensorForm& form_;
  bool source_;
  std::size_t tensor_;
  bool marked_;
  const std::vector<std::size_t>& pieces_;
  std::size_t count_;
  const std::string& index_;
};

}  // namespace

TemplateShapes write_shapes(const Reshaped& reshaped, bool marked) {
  TemplateShapes shapes;
  for (std::size_t i = 0; i < reshaped.form.sources; ++i) {
    shapes.sources.push_back(Writing(reshaped, true, i, marked).write());
  }
  for (std::size_t i = 0; i < reshaped.form.destinations; ++i) {
    shapes.destinations.push_back(Writing(reshaped, false, i, marked).write());
  }
  return shapes;
}

}  // namespace omap
