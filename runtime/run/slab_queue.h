#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/run/sections.h"
#include "runtime/run/slab.h"

namespace omap {

/// Hands the slabs of a run to its workers: to each those of a file of its own, in order, as long as there are files; a
/// worker that finds none helps with the file that has the fewest. A file system lets one thread at a time write to a
/// file, so workers in the same file wait for each other.
class SlabQueue {
 public:
  /// Refers to `sections`. Workers are numbered from 0 to below `sizes.threads`.
  SlabQueue(const Sections& sections, const BufferSizes& sizes);

  /// What `worker` is to do next; nothing once all is handed out. May be called from many threads, each with a worker
  /// of its own.
  [[nodiscard]] std::optional<Slab> next(unsigned worker);

 private:
  struct File {
    explicit File(const SlabCutter& slabs) : cutter(slabs) {}

    std::mutex cutting;
    SlabCutter cutter;
    unsigned workers = 0;
    /// All of its slabs are handed out.
    bool exhausted = false;
  };

  /// Has `worker` leave its file, which is exhausted, for another, if one is left.
  void enter_another(unsigned worker);

  std::deque<File> files_;
  std::mutex mutex_;
  /// Files before this one were begun.
  std::size_t unopened_ = 0;
  /// Where each worker is. Others look, under `mutex_`, so only the worker itself may read its own without.
  std::vector<File*> at_;
};

}  // namespace omap
