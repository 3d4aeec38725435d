#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace omap {

/// Adds up what workers have written, and tells it about ten times a second and at the end, to one caller at a time.
class Progress {
 public:
  using Report = std::function<void(std::uint64_t done, std::uint64_t total)>;

  /// `done` of `total` bytes are there already. `report` outlives this.
  Progress(const Report& report, std::uint64_t done, std::uint64_t total);

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  const Report& report_;
  const std::uint64_t total_;
  std::atomic<std::uint64_t> done_;
  std::mutex mutex_;
  Clock::time_point last_;
};

}  // namespace omap
