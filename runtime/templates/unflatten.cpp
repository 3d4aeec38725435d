#include "runtime/templates/unflatten.h"

#include <algorithm>
#include <numeric>

#include "runtime/templates/template_key.h"

namespace omap {
namespace {

constexpr std::string_view field = "unflatten_dim";

/// The dimension is one of the sources: open, or joined, or open behind the atom that numbers the sources.
class Unflattener {
 public:
  Unflattener(FormEditor& editor, std::size_t at) : editor_(editor), at_(at) {}

  bool run(const std::vector<std::variant<std::int64_t, std::string>>& shape) {
    const auto open = std::find(shape.begin(), shape.end(), std::variant<std::int64_t, std::string>(std::int64_t{-1}));
    for (auto size = shape.begin(); size != open; ++size) {
      const std::size_t first = taken_;
      if (!take(size_of(*size))) return false;
      made_.push_back(between(first, taken_));
    }
    if (open == shape.end()) {
      if (!nothing_left()) return false;
    } else {
      take_rest({open + 1, shape.end()});
    }
    auto& dims = editor_.form.after;
    const auto where = dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(at_));
    dims.insert(where, made_.begin(), made_.end());
    return true;
  }

 private:
  [[nodiscard]] std::vector<std::size_t>& atoms() { return editor_.atoms(at_); }
  [[nodiscard]] Dim between(std::size_t first, std::size_t last) {
    return {{atoms().begin() + static_cast<std::ptrdiff_t>(first), atoms().begin() + static_cast<std::ptrdiff_t>(last)},
            false};
  }

  [[nodiscard]] Size size_of(const std::variant<std::int64_t, std::string>& entry) const {
    if (const auto* literal = std::get_if<std::int64_t>(&entry)) return {*literal, {}};
    return {std::nullopt, editor_.bound(std::string(placeholder_name(std::get<std::string>(entry))))};
  }

  /// Moves `taken_` behind atoms whose product is `size`, cutting atoms where that is needed.
  bool take(Size size) {
    while (size.literal != 1) {
      if (taken_ == atoms().size()) return editor_.indivisible(field);
      const std::size_t next = atoms()[taken_];
      switch (editor_.atom(next).kind) {
        case FormAtom::Kind::open:
          editor_.form.replace(next, {editor_.sized(size), next});
          ++taken_;
          return true;
        case FormAtom::Kind::joined:
          editor_.make_equal(next);
          break;
        case FormAtom::Kind::key: {
          ++taken_;
          const Expr keys = editor_.atom(next).extent;
          if (!size.literal && size.extent == keys) return true;
          size = {std::nullopt, quotient(size.literal ? number(*size.literal) : size.extent, keys)};
          break;
        }
        default:
          if (!take_pieces(size)) return false;
      }
    }
    return true;
  }

  /// From the atom that numbers the sources: `size` becomes what is still to be taken.
  bool take_pieces(Size& size) {
    const std::size_t next = atoms()[taken_];
    const std::int64_t pieces = editor_.atom(next).size;
    if (!size.literal || *size.literal % pieces == 0) {
      ++taken_;
      size = size.literal ? Size{*size.literal / pieces, {}} : Size{{}, quotient(size.extent, number(pieces))};
      return true;
    }
    // Each source is cut until whole pieces of it make a row: lcm(pieces, size) pieces in all.
    const std::int64_t cuts = *size.literal / std::gcd(pieces, *size.literal);
    const bool can_be_cut =
        taken_ + 1 < atoms().size() && editor_.atom(atoms()[taken_ + 1]).kind == FormAtom::Kind::open;
    if (cuts > 1 && !can_be_cut) return editor_.indivisible(field);
    if (cuts > FormEditor::max_pieces / pieces) return editor_.too_many();
    editor_.atom(next).size = pieces * cuts;
    editor_.cut(next, *size.literal);
    size.literal = 1;
    ++taken_;
    return true;
  }

  /// What is not taken yet, less the sizes behind -1, which come off its end.
  void take_rest(const std::vector<std::variant<std::int64_t, std::string>>& behind) {
    const std::size_t last = atoms().back();
    std::vector<Dim> ends(behind.size());
    for (std::size_t i = behind.size(); i-- > 0;) {
      const Size size = size_of(behind[i]);
      if (size.literal == 1) continue;
      ends[i].atoms = {editor_.sized(size)};
      editor_.form.replace(last, {last, ends[i].atoms.front()});
    }
    const auto end = std::find(atoms().begin(), atoms().end(), last) + 1;
    made_.push_back(between(taken_, static_cast<std::size_t>(end - atoms().begin())));
    made_.insert(made_.end(), ends.begin(), ends.end());
  }

  /// What is left has the size 1.
  bool nothing_left() {
    if (taken_ == atoms().size()) return true;
    const std::size_t last = atoms()[taken_];
    if (taken_ + 1 < atoms().size() || editor_.atom(last).kind != FormAtom::Kind::open)
      return editor_.indivisible(field);
    editor_.form.replace(last, {});
    return true;
  }

  FormEditor& editor_;
  std::size_t at_;
  /// How many atoms of the dimension belong to those that are made.
  std::size_t taken_ = 0;
  std::vector<Dim> made_;
};

}  // namespace

bool unflatten(FormEditor& editor, const Unflattening& unflattening) {
  const auto at = editor.dim(unflattening.dim, field);
  return at && Unflattener(editor, *at).run(unflattening.shape);
}

}  // namespace omap
