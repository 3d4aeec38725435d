#pragma once

#include <functional>
#include <stop_token>

#include "diagnostics/diagnostic.h"

namespace omap {

/// Calls `work(worker, stop)` once for each worker in [0, workers), on as many threads at once as can be had, the
/// calling one among them. The first error, or exception, asks the others to stop, and is returned when all have.
[[nodiscard]] Result<void> on_workers(
    unsigned workers, const std::function<Result<void>(unsigned worker, const std::stop_token& stop)>& work);

}  // namespace omap
