#pragma once

#include <cstddef>
#include <utility>

#include "diagnostics/diagnostic.h"

namespace omap {

/// What is wrong with a checkpoint, all of it, but for a list that nobody would read to its end.
class Findings {
 public:
  void add(Diagnostic diagnostic) {
    if (listed_.size() < most) {
      listed_.push_back(std::move(diagnostic));
    } else {
      ++unlisted_;
    }
  }
  void add(Diagnostics diagnostics) {
    for (Diagnostic& diagnostic : diagnostics) add(std::move(diagnostic));
  }
  [[nodiscard]] bool any() const { return !listed_.empty(); }
  [[nodiscard]] tl::unexpected<Diagnostics> failure() {
    if (unlisted_ > 0) listed_.back().notes.push_back(fmt::format("{} more errors like these", unlisted_));
    return fail(std::move(listed_));
  }

 private:
  static constexpr std::size_t most = 20;
  Diagnostics listed_;
  std::size_t unlisted_ = 0;
};

}  // namespace omap
