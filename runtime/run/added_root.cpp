#include "runtime/run/added_root.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace omap {

std::string added_root(const TensorIndex& with, const TensorIndex& without) {
  // By prefix, how many keys of `without` stand behind it; the empty one, first in order, wins where none has more.
  std::map<std::string, std::size_t, std::less<>> found{{"", 0}};
  for (const TensorInfo& tensor : with.tensors()) {
    const std::string_view key = tensor.key;
    std::size_t begin = 0;
    do {
      if (without.find(key.substr(begin))) ++found[std::string(key.substr(0, begin))];
      begin = key.find('.', begin) + 1;
    } while (begin != 0);
  }
  const auto best = std::ranges::max_element(found, {}, [](const auto& entry) { return entry.second; });
  const auto& [root, matches] = *best;
  if (2 * matches <= without.tensors().size()) return "";
  const bool clashes = std::ranges::any_of(with.tensors(), [&](const TensorInfo& tensor) {
    return !root.empty() && tensor.key.starts_with(root) && with.find(std::string_view(tensor.key).substr(root.size()));
  });
  return clashes ? "" : root;
}

TensorIndex without_root(const TensorIndex& index, std::string_view root) {
  std::vector<TensorInfo> tensors = index.tensors();
  for (TensorInfo& tensor : tensors) {
    if (tensor.key.starts_with(root)) tensor.key.erase(0, root.size());
  }
  return TensorIndex(index.files(), std::move(tensors));
}

}  // namespace omap
