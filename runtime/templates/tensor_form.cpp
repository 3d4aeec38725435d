#include "runtime/templates/tensor_form.h"

#include <algorithm>

namespace omap {
namespace {

void replace_in(std::vector<std::size_t>& list, std::size_t atom, const std::vector<std::size_t>& parts) {
  const auto at = std::find(list.begin(), list.end(), atom);
  if (at == list.end()) return;
  list.insert(list.erase(at), parts.begin(), parts.end());
}

}  // namespace

std::size_t TensorForm::add(FormAtom atom) {
  atoms.push_back(std::move(atom));
  return atoms.size() - 1;
}

void TensorForm::replace(std::size_t atom, const std::vector<std::size_t>& parts) {
  for (auto* dims : {&before, &after}) {
    for (Dim& dim : *dims) replace_in(dim.atoms, atom, parts);
  }
  replace_in(source_pieces, atom, parts);
  replace_in(destination_pieces, atom, parts);
}

}  // namespace omap
