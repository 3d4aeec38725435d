#include "runtime/run/slab_queue.h"

#include <span>

namespace omap {

SlabQueue::SlabQueue(const Sections& sections, const BufferSizes& sizes) : at_(sizes.threads, nullptr) {
  const std::span all(sections.sections);
  for (std::size_t first = 0; first < all.size();) {
    std::size_t last = first + 1;
    while (last < all.size() && all[last].file == all[first].file) ++last;
    files_.emplace_back(SlabCutter(sections, all.subspan(first, last - first), sizes));
    first = last;
  }
}

std::optional<Slab> SlabQueue::next(unsigned worker) {
  if (at_[worker] == nullptr) enter_another(worker);
  while (File* file = at_[worker]) {
    {
      const std::scoped_lock lock(file->cutting);
      if (auto slab = file->cutter.next()) return slab;
    }
    enter_another(worker);
  }
  return std::nullopt;
}

void SlabQueue::enter_another(unsigned worker) {
  const std::scoped_lock lock(mutex_);
  if (File* left = at_[worker]) {
    left->exhausted = true;
    --left->workers;
  }
  File* entered = unopened_ < files_.size() ? &files_[unopened_++] : nullptr;
  if (entered == nullptr) {
    for (File* file : at_) {
      if (file == nullptr || file->exhausted) continue;
      if (entered == nullptr || file->workers < entered->workers) entered = file;
    }
  }
  if (entered != nullptr) ++entered->workers;
  at_[worker] = entered;
}

}  // namespace omap
