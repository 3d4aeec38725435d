#include "runtime/bind/tie_claims.h"

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

namespace omap {

void claim_tied(std::span<const TieCheck> ties, std::vector<bool>& claimed) {
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> tied_to;
  std::unordered_set<std::uint32_t> dropped;
  for (const TieCheck& tie : ties) {
    tied_to[tie.second].push_back(tie.first);
    dropped.insert(tie.first);
  }
  // From what is somewhere to what is tied to it.
  std::vector<std::uint32_t> open;
  for (const auto& [kept, others] : tied_to) {
    if (claimed[kept] || !dropped.contains(kept)) open.push_back(kept);
  }
  while (!open.empty()) {
    const auto found = tied_to.find(open.back());
    open.pop_back();
    if (found == tied_to.end()) continue;
    for (const std::uint32_t tensor : found->second) {
      claimed[tensor] = true;
      open.push_back(tensor);
    }
    tied_to.erase(found);
  }
}

}  // namespace omap
