#include "runtime/run/worker_pool.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace omap {
namespace {

/// What stopped the workers. Filling it in does not allocate: memory may be what ran out.
class FirstFailure {
 public:
  void set(Diagnostics errors) noexcept {
    const std::scoped_lock lock(mutex_);
    if (!failed_) errors_ = std::move(errors);
    failed_ = true;
    stop_.request_stop();
  }
  void set(std::exception_ptr exception) noexcept {
    const std::scoped_lock lock(mutex_);
    if (!failed_) exception_ = std::move(exception);
    failed_ = true;
    stop_.request_stop();
  }
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

  /// Once all workers are done.
  [[nodiscard]] Result<void> result() {
    if (!failed_) return {};
    if (!exception_) return fail(std::move(errors_));
    try {
      std::rethrow_exception(exception_);
    } catch (const std::bad_alloc&) {
      return fail(Diagnostic(Code::write_failed, "there is not enough memory to go on")
                      .help("use fewer threads, or smaller buffers"));
    } catch (const std::exception& error) {
      return fail(Diagnostic(Code::write_failed, "the run was stopped: {}", error.what()));
    } catch (...) {
      return fail(Diagnostic(Code::write_failed, "the run was stopped by an unknown exception"));
    }
  }

 private:
  std::mutex mutex_;
  std::stop_source stop_;
  bool failed_ = false;
  Diagnostics errors_;
  std::exception_ptr exception_;
};

}  // namespace

Result<void> on_workers(unsigned workers,
                        const std::function<Result<void>(unsigned worker, const std::stop_token& stop)>& work) {
  FirstFailure failure;
  std::atomic<unsigned> next = 0;
  const auto run_next = [&]() noexcept {
    for (unsigned worker = next++; worker < workers; worker = next++) {
      try {
        if (auto done = work(worker, failure.stop()); !done) failure.set(std::move(done.error()));
      } catch (...) {
        failure.set(std::current_exception());
      }
    }
  };

  {
    std::vector<std::jthread> threads;
    try {
      while (threads.size() + 1 < workers) threads.emplace_back(run_next);
    } catch (const std::exception&) {
      // No more threads can be had: those that run take the remaining workers too.
    }
    run_next();
  }
  return failure.result();
}

}  // namespace omap
