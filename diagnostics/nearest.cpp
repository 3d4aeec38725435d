#include "diagnostics/nearest.h"

#include <algorithm>
#include <vector>

namespace omap {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The distance of `a` and `b` (each letter is moved by one swap at most), or anything above `limit` if it is above.
/// With d[i][j] the distance of the first i letters of `a` from the first j of `b`, three rows of d suffice.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> one_back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) one_back[j] = j;
  std::size_t least_before = 0;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = one_back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({one_back[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    // A later row is built from the two before it, so two rows above the limit cannot lead below it again.
    if (least > limit && least_before > limit) return limit + 1;
    least_before = least;
    std::swap(two_back, one_back);
    std::swap(one_back, row);
  }
  return one_back[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view wanted, std::span<const std::string> candidates) {
  const std::string wanted_lower = lower(wanted);
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    std::size_t limit = std::max(wanted.size(), candidate.size()) / 3;
    if (best != nullptr) {
      if (best_distance == 0) break;
      limit = std::min(limit, best_distance - 1);
    }
    const std::size_t found = distance(wanted_lower, lower(candidate), limit);
    if (found > limit) continue;
    best = &candidate;
    best_distance = found;
  }
  return best != nullptr ? std::optional(*best) : std::nullopt;
}

}  // namespace omap
