#include "runtime/templates/reshape.h"

#include <algorithm>
#include <numeric>

#include "runtime/templates/form_editor.h"
#include "runtime/templates/template_key.h"
#include "runtime/templates/unflatten.h"

namespace omap {
namespace {

TensorForm begin_form(const StateMappingTemplate& mapping) {
  TensorForm form;
  form.sources = mapping.source_template_keys.size();
  form.destinations = mapping.dest_template_keys.size();
  return form;
}

/// It follows from that of the permutation, before what is known of the state.
std::optional<std::size_t> rank_before(const StateMappingTemplate& mapping, std::optional<std::size_t> known) {
  if (!mapping.dims_permutation) return known;
  const std::size_t after = mapping.dims_permutation->size();
  const std::size_t added = mapping.unflatten_dim ? mapping.unflatten_dim->shape.size() - 1 : 0;
  return after - std::min(after, added);
}

class Reshaping {
 public:
  Reshaping(const StateMappingTemplate& mapping, TemplateNames& names, SourceRange range,
            std::optional<std::size_t> rank)
      : mapping_(mapping), editor_(begin_form(mapping), names, range, rank_before(mapping, rank)) {}

  Result<Reshaped> run() {
    const bool done = fits() && concat() && (!mapping_.unflatten_dim || unflatten(editor_, *mapping_.unflatten_dim)) &&
                      permute() && flatten() && chunk() && name_pieces();
    if (!done) return fail(std::move(*editor_.problem));
    made_.form = std::move(editor_.form);
    made_.divides = editor_.divides;
    return std::move(made_);
  }

 private:
  [[nodiscard]] FormAtom& atom(std::size_t id) { return editor_.atom(id); }
  [[nodiscard]] std::vector<std::size_t>& atoms(std::size_t dim) { return editor_.atoms(dim); }
  [[nodiscard]] TensorForm& form() { return editor_.form; }

  /// As `verify` says it, before shapes are written for all of them.
  bool fits() {
    if (form().sources + form().destinations <= PlanLimits::terms) return true;
    return editor_.refuse(Code::plan_limit, "a template has more than {} keys", PlanLimits::terms);
  }

  bool concat() {
    const auto& placeholder = mapping_.source_key_per_placeholder;
    if (!placeholder && form().sources == 1) return true;
    const auto at = editor_.dim(mapping_.source_concat_dim, "source_concat_dim");
    if (!at) return false;
    const std::size_t whole = atoms(*at).front();
    if (placeholder) {
      made_.source_index = std::string(placeholder_name(*placeholder));
      form().replace(whole, {editor_.key(made_.source_index, made_.source_index), whole});
      return true;
    }
    atom(whole).kind = FormAtom::Kind::joined;
    atom(whole).pieces = {atom(whole).axis};
    while (atom(whole).pieces.size() < form().sources) atom(whole).pieces.push_back(editor_.fresh_axis());
    return true;
  }

  bool permute() {
    if (!mapping_.dims_permutation) return true;
    std::vector<Dim> made;
    for (const std::int64_t from : *mapping_.dims_permutation) {
      const auto at = editor_.dim(from, "dims_permutation");
      if (!at) return false;
      made.push_back(form().after[*at]);
    }
    form().after = std::move(made);
    return true;
  }

  bool flatten() {
    if (!mapping_.flatten_dims) return true;
    if (!editor_.dim(mapping_.flatten_dims->first, "flatten_dims")) return false;
    const auto last = editor_.dim(mapping_.flatten_dims->second, "flatten_dims");
    if (!last) return false;
    // Naming the last may have moved the first.
    const std::size_t first = *editor_.dim(mapping_.flatten_dims->first, "flatten_dims");
    if (const auto rest = editor_.rest(); rest && (first < *rest) != (*last < *rest)) return rank_unknown();
    if (*last < first) return editor_.refuse(Code::template_malformed, "`flatten_dims` ends before it begins");
    auto& dims = form().after;
    for (std::size_t i = first + 1; i <= *last; ++i) {
      dims[first].atoms.insert(dims[first].atoms.end(), dims[i].atoms.begin(), dims[i].atoms.end());
    }
    const auto joined = dims.begin() + static_cast<std::ptrdiff_t>(first) + 1;
    dims.erase(joined, dims.begin() + static_cast<std::ptrdiff_t>(*last) + 1);
    return true;
  }

  bool rank_unknown() {
    editor_.refuse(Code::template_rank_unknown, "`flatten_dims` joins dimensions whose number is not known");
    editor_.problem->helps.emplace_back(
        "say the rank by a permutation, if only of nothing: `dims_permutation=(0, 1, 2)`");
    return false;
  }

  bool chunk() {
    const auto& placeholder = mapping_.dest_key_per_placeholder;
    if (!placeholder && form().destinations == 1) return true;
    const auto at = editor_.dim(mapping_.dest_chunk_dim, field);
    if (!at) return false;
    return placeholder ? chunk_per(*at, std::string(placeholder_name(*placeholder)))
                       : chunk_into(*at, static_cast<std::int64_t>(form().destinations));
  }

  /// The dimension comes to begin with `destination_pieces`, whose product is a multiple of `count`.
  bool chunk_into(std::size_t at, std::int64_t count) {
    std::int64_t pieces = 1;
    while (pieces % count != 0) {
      const std::size_t place = form().destination_pieces.size();
      if (place == atoms(at).size()) return editor_.indivisible(field);
      const std::int64_t needed = count / std::gcd(pieces, count);
      if (!begin_with(at, place, needed)) return false;
      const std::size_t piece = atoms(at)[place];
      if (atom(piece).size > FormEditor::max_pieces / pieces) return editor_.too_many();
      atom(piece).enumerated = true;
      pieces *= atom(piece).size;
      form().destination_pieces.push_back(piece);
    }
    return true;
  }

  /// Makes the atom at `place` a literal, of `needed` if it can be cut so.
  bool begin_with(std::size_t at, std::size_t place, std::int64_t needed) {
    const std::size_t next = atoms(at)[place];
    switch (atom(next).kind) {
      case FormAtom::Kind::open:
        form().replace(next, {editor_.literal(needed), next});
        return true;
      case FormAtom::Kind::named: {
        const Expr left = quotient(atom(next).extent, number(needed));
        form().replace(next, {editor_.literal(needed), editor_.named(left)});
        return true;
      }
      case FormAtom::Kind::key:
        return editor_.across_keys(field, made_.source_index);
      case FormAtom::Kind::joined:
        editor_.make_equal(next);
        return begin_with(at, place, needed);
      case FormAtom::Kind::literal:
        if (atom(next).size > needed && atom(next).size % needed == 0) editor_.cut(next, needed);
    }
    return true;
  }

  /// The dimension comes to begin with the index of the destinations' keys.
  bool chunk_per(std::size_t at, const std::string& placeholder) {
    made_.destination_index = placeholder;
    if (atoms(at).empty()) return editor_.indivisible(field);
    const std::size_t next = atoms(at).front();
    const bool same = placeholder == made_.source_index;
    if (atom(next).kind == FormAtom::Kind::key) {
      if (!same) return editor_.across_keys(field, made_.source_index);
      form().replace(next, {});
      return true;
    }
    if (atom(next).kind == FormAtom::Kind::joined || atom(next).enumerated)
      return editor_.across_keys(field, placeholder);
    if (same) made_.destination_index = editor_.second_index(placeholder);
    const std::size_t piece = editor_.key(made_.destination_index, placeholder);
    if (atom(next).kind == FormAtom::Kind::open) {
      form().replace(next, {piece, next});
    } else if (atom(next).kind == FormAtom::Kind::named && atom(next).extent == atom(piece).extent) {
      form().replace(next, {piece});
    } else {
      const Expr all = atom(next).kind == FormAtom::Kind::literal ? number(atom(next).size) : atom(next).extent;
      const std::size_t left = editor_.named(quotient(all, atom(piece).extent));
      form().replace(next, {piece, left});
    }
    return true;
  }

  /// Names for the values of what is enumerated.
  bool name_pieces() {
    for (FormAtom& each : form().atoms) {
      if (!each.enumerated) continue;
      if (each.size > FormEditor::max_pieces) return editor_.too_many();
      for (std::int64_t i = 0; i < each.size; ++i) each.marks.push_back(editor_.fresh_axis());
    }
    return true;
  }

  static constexpr std::string_view field = "dest_chunk_dim";

  const StateMappingTemplate& mapping_;
  FormEditor editor_;
  Reshaped made_;
};

}  // namespace

Result<Reshaped> reshape(const StateMappingTemplate& mapping, TemplateNames& names, SourceRange range,
                         std::optional<std::size_t> rank) {
  names.begin_rule();
  return Reshaping(mapping, names, range, rank).run();
}

}  // namespace omap
