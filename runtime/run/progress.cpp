#include "runtime/run/progress.h"

namespace omap {
namespace {

constexpr std::chrono::milliseconds interval{100};

}  // namespace

Progress::Progress(const Report& report, std::uint64_t done, std::uint64_t total)
    : report_(report), total_(total), done_(done), last_(Clock::now()) {}

void Progress::add(std::uint64_t bytes) {
  const bool complete = done_.fetch_add(bytes) + bytes == total_;
  if (!report_) return;
  std::unique_lock lock(mutex_, std::defer_lock);
  if (complete) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return;  // Somebody else is reporting.
  }
  const Clock::time_point now = Clock::now();
  if (!complete && now - last_ < interval) return;
  last_ = now;
  report_(done_, total_);
}

}  // namespace omap
