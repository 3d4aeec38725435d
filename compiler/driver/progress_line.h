#pragma once

#include <chrono>
#include <cstdint>

#include "compiler/driver/console.h"

namespace omap::driver {

/// Bytes, rate and time left, on one line of a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}

  void update(std::uint64_t done, std::uint64_t total);
  void clear();

 private:
  const Console& console_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool shown_ = false;
};

}  // namespace omap::driver
