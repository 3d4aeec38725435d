#include "compiler/driver/progress_line.h"

#include <fmt/format.h>

namespace omap::driver {

void ProgressLine::update(std::uint64_t done, std::uint64_t total) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (done == 0 || total == 0 || seconds <= 0) return;
  const double rate = static_cast<double>(done) / seconds;
  console_.progress(fmt::format("{} of {} ({:.0f} %)  {}/s  {:.0f} s left", spell_bytes(done), spell_bytes(total),
                                100 * static_cast<double>(done) / static_cast<double>(total),
                                spell_bytes(static_cast<std::uint64_t>(rate)),
                                static_cast<double>(total - done) / rate));
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) console_.progress("");
  shown_ = false;
}

}  // namespace omap::driver
