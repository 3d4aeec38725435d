#include "runtime/templates/form_editor.h"

#include <algorithm>

namespace omap {
namespace {

std::optional<std::size_t> rest_in(const std::vector<Dim>& dims) {
  const auto rest = std::find_if(dims.begin(), dims.end(), [](const Dim& dim) { return dim.rest; });
  return rest == dims.end() ? std::nullopt : std::optional(static_cast<std::size_t>(rest - dims.begin()));
}

}  // namespace

Expr number(std::int64_t value) {
  Expr expr;
  expr.value = Value(value);
  return expr;
}

Expr quotient(Expr a, Expr b) {
  Expr expr;
  expr.op = Expr::Op::divide;
  expr.args = {std::move(a), std::move(b)};
  return expr;
}

FormEditor::FormEditor(TensorForm begun, TemplateNames& names, SourceRange range, std::optional<std::size_t> rank)
    : form(std::move(begun)), names_(names), range_(range) {
  if (rank) {
    for (std::size_t i = 0; i < *rank; ++i) form.before.push_back({{open()}, false});
  } else {
    form.before.push_back({{}, true});
  }
  form.after = form.before;
}

std::size_t FormEditor::open() {
  FormAtom made;
  made.axis = names_.fresh_axis();
  return form.add(std::move(made));
}

std::size_t FormEditor::literal(std::int64_t size) {
  FormAtom made;
  made.kind = FormAtom::Kind::literal;
  made.axis = names_.fresh_axis();
  made.size = size;
  return form.add(std::move(made));
}

std::size_t FormEditor::named(const Expr& extent) {
  divides = divides || extent.op == Expr::Op::divide;
  FormAtom made;
  made.kind = FormAtom::Kind::named;
  made.axis = names_.axis_of(extent);
  made.extent = extent;
  return form.add(std::move(made));
}

std::size_t FormEditor::key(std::string index, const std::string& placeholder) {
  FormAtom made;
  made.kind = FormAtom::Kind::key;
  made.axis = std::move(index);
  made.extent = bound(placeholder);
  return form.add(std::move(made));
}

Expr FormEditor::bound(const std::string& placeholder) const {
  Expr expr;
  expr.op = Expr::Op::param;
  expr.name = names_.bound(placeholder);
  return expr;
}

void FormEditor::make_equal(std::size_t joined) {
  const std::size_t pieces = literal(static_cast<std::int64_t>(form.sources));
  atom(pieces).enumerated = true;
  atom(joined).kind = FormAtom::Kind::open;
  atom(joined).axis = atom(joined).pieces.front();
  form.replace(joined, {pieces, joined});
  form.source_pieces = {pieces};
}

void FormEditor::cut(std::size_t whole, std::int64_t size) {
  const std::size_t left = literal(atom(whole).size / size);
  atom(left).enumerated = atom(whole).enumerated;
  atom(whole).size = size;
  form.replace(whole, {whole, left});
}

std::optional<std::size_t> FormEditor::rest() const { return rest_in(form.after); }

/// Names one more dimension of those whose number is not known: the first of them, or the last.
void FormEditor::name_one(bool first) {
  const std::size_t axis = open();
  for (auto* dims : {&form.before, &form.after}) {
    const auto at = static_cast<std::ptrdiff_t>(*rest_in(*dims) + (first ? 0 : 1));
    dims->insert(dims->begin() + at, Dim{{axis}, false});
  }
}

std::optional<std::size_t> FormEditor::dim(std::int64_t at, std::string_view field) {
  constexpr auto most = static_cast<std::int64_t>(PlanLimits::rank);
  const bool fits = -most <= at && at < most;
  while (fits && rest()) {
    const auto before = static_cast<std::int64_t>(*rest());
    const auto behind = static_cast<std::int64_t>(form.after.size()) - 1 - before;
    if (at >= 0 ? at < before : -at <= behind) break;
    name_one(at >= 0);
  }
  const auto rank = static_cast<std::int64_t>(form.after.size());
  if (fits && -rank <= at && at < rank) return static_cast<std::size_t>(at < 0 ? at + rank : at);
  refuse(Diagnostic(Code::template_malformed, range_, "`{}` names dimension {}, which is not there", field, at)
             .note("the tensor has {} dimensions at this step", rank));
  return std::nullopt;
}

bool FormEditor::refuse(Diagnostic diagnostic) {
  problem = std::move(diagnostic);
  return false;
}

bool FormEditor::indivisible(std::string_view field) {
  return refuse(Diagnostic(Code::template_inexpressible, range_, "`{}` cuts what sizes do not divide", field)
                    .note("pieces are equal here, and never left out")
                    .help("give sizes that divide one another"));
}

bool FormEditor::across_keys(std::string_view field, const std::string& placeholder) {
  return refuse(
      Diagnostic(Code::template_inexpressible, range_, "`{}` cuts across the keys of `[{}]`, however many they are",
                 field, placeholder)
          .label("a key for each value, and pieces that are other ones")
          .help("write the keys out: `(a.0, a.1)` in the place of `a.[{}]`; or lower for a known bound", placeholder));
}

bool FormEditor::too_many() {
  return refuse(Code::plan_limit, "a template cuts a tensor into more than {} pieces", max_pieces);
}

}  // namespace omap
