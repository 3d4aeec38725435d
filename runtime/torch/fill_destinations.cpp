#include "runtime/torch/fill_destinations.h"

#include <ATen/ATen.h>
#include <ATen/ThreadLocalState.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "runtime/bind/destination_view.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/run/fill_interval.h"
#include "runtime/run/progress.h"
#include "runtime/run/worker_pool.h"
#include "runtime/torch/destination_queue.h"
#include "runtime/torch/no_throw.h"
#include "runtime/torch/scalar_type.h"
#include "runtime/torch/source_uses.h"
#include "runtime/torch/strided_views.h"

namespace omap {
namespace {

/// What one thread fills before it asks for more. Large enough that asking costs nothing, small enough that the threads
/// end together and that a part's source and destination lie in caches.
constexpr std::uint64_t part_bytes = 1 << 20;

/// Where memory is fresh, the pages cost more than the bytes (each is cleared by the system when it is first touched):
/// large ones are asked for where a tensor has several.
constexpr std::uint64_t huge_page = 2 << 20;

void advise_huge_pages(const at::Tensor& tensor) {
  if (tensor.nbytes() < 2 * huge_page) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(tensor.data_ptr());
  const std::uintptr_t begin = (first + page - 1) / page * page;
  const std::uintptr_t end = (first + tensor.nbytes()) / page * page;
  // Advice: without it everything works the same.
  static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
}

class Filling {
 public:
  Filling(const CopyProgram& program, std::vector<at::Tensor> sources, const ConvertOptions& options)
      : program_(program),
        options_(options),
        fallback_(sources.empty() ? c10::Device(c10::kCPU) : sources.front().device()),
        uses_(program, std::move(sources), options.release_sources),
        progress_(options.progress, 0, total_bytes(program)),
        made_(program.destinations.size()) {
    for (std::uint32_t i = 0; i < uses_.size(); ++i) {
      const at::Tensor& tensor = uses_.tensor(i);
      memory_.push_back(tensor.defined() && tensor.is_cpu() ? static_cast<const std::byte*>(tensor.data_ptr())
                                                            : nullptr);
    }
  }

  Result<std::vector<at::Tensor>> run() {
    for (std::size_t d = 0; d < made_.size(); ++d) {
      if (auto sorted = sort(d); !sorted) return fail(std::move(sorted.error()));
    }
    if (auto filled = fill_from_memory(); !filled) return fail(std::move(filled.error()));
    for (const std::size_t d : on_devices_) {
      if (options_.stop.stop_requested()) return fail(cancelled());
      fill_on_device(d);
    }
    return std::move(made_);
  }

 private:
  static std::uint64_t total_bytes(const CopyProgram& program) {
    std::uint64_t total = 0;
    for (const Destination& destination : program.destinations) total += destination.bytes;
    return total;
  }
  static Diagnostic cancelled() {
    return Diagnostic(Code::conversion_cancelled, "the conversion was cancelled")
        .help("sources that were released are gone: start again from the checkpoint");
  }

  /// Whether all sources of a destination are on `device`.
  [[nodiscard]] bool all_on(std::size_t d, c10::Device device) const {
    return std::ranges::all_of(uses_.of(d), [&](std::uint32_t s) { return uses_.tensor(s).device() == device; });
  }

  /// Where a destination goes.
  [[nodiscard]] Result<c10::Device> device_of(std::size_t d) const {
    if (options_.device) return *options_.device;
    const std::vector<std::uint32_t>& sources = uses_.of(d);
    if (sources.empty()) return fallback_;
    const c10::Device device = uses_.tensor(sources.front()).device();
    if (all_on(d, device)) return device;
    return fail(
        Diagnostic(Code::devices_differ, "the sources of `{}` are on several devices", program_.destinations[d].key)
            .help("say in the options on which one the result is wanted"));
  }

  /// Decides how a destination is made; views are made at once.
  Result<void> sort(std::size_t d) {
    const Destination& destination = program_.destinations[d];
    const auto device = device_of(d);
    if (!device) return fail(device.error());
    if (!scalar_type_of(destination.dtype)) {
      return fail(Diagnostic(Code::dtype_not_computable, "`{}` would be {}, which this LibTorch does not have",
                             destination.key, name(destination.dtype))
                      .help("set the dtype of `as` to one that it has"));
    }
    targets_.push_back(*device);
    if (view(d, *device)) return {};
    if (device->is_meta()) {
      made_[d] = empty(d, *device);
      return {};
    }
    for (const std::uint32_t s : uses_.of(d)) {
      if (!uses_.tensor(s).is_meta()) continue;
      return fail(Diagnostic(Code::tensor_unsupported, "a source of `{}` is on the device `meta` and has no elements",
                             destination.key)
                      .help("load the state first, or convert to `meta`"));
    }
    (all_on(d, c10::kCPU) ? from_memory_ : on_devices_).push_back(d);
    return {};
  }

  /// Where views are allowed, or where the whole memory of a source that is released becomes the destination's.
  bool view(std::size_t d, c10::Device device) {
    const Destination& destination = program_.destinations[d];
    const auto view = view_of(destination);
    if (!view || uses_.tensor(view->source).device() != device) return false;
    const at::Tensor& source = uses_.tensor(view->source);
    const bool whole = view->offset == 0 && view->strides == dense_strides(destination.shape) &&
                       source.storage_offset() == 0 && source.storage().nbytes() == destination.bytes;
    if (options_.views == ConvertOptions::Views::never && !(whole && uses_.can_take(view->source))) return false;
    made_[d] = source.as_strided(destination.shape, view->strides, source.storage_offset() + view->offset);
    progress_.add(destination.bytes);
    uses_.done(d);
    return true;
  }

  [[nodiscard]] at::Tensor empty(std::size_t d, c10::Device device) const {
    const Destination& destination = program_.destinations[d];
    return at::empty(destination.shape, at::TensorOptions(scalar_type_of(destination.dtype).value()).device(device));
  }

  [[nodiscard]] unsigned threads() const {
    if (options_.threads > 0) return options_.threads;
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  }

  /// Everything whose sources are on the CPU, wherever it goes.
  Result<void> fill_from_memory() {
    DestinationQueue queue(
        program_, from_memory_, part_bytes, [this](std::size_t d) { begin(d); },
        [this](std::size_t d) { uses_.done(d); });
    // Gradient and inference modes are the caller's in every thread.
    const at::ThreadLocalState mode;
    return on_workers(threads(), [&](unsigned, const std::stop_token& stop) {
      return no_throw([&]() -> Result<void> {
        const at::ThreadLocalStateGuard guard(mode);
        c10::OptionalStreamGuard on_stream;
        if (options_.stream) on_stream.reset_stream(*options_.stream);
        std::vector<std::byte> staging;
        at::Tensor pinned;
        while (!stop.stop_requested()) {
          if (options_.stop.stop_requested()) return fail(cancelled());
          const auto part = queue.next();
          if (!part) break;
          fill_part(*part, staging, pinned);
          queue.finish(*part);
          progress_.add(part->end - part->begin);
        }
        return {};
      });
    });
  }

  void begin(std::size_t d) {
    made_[d] = empty(d, targets_[d]);
    if (targets_[d].is_cpu()) advise_huge_pages(made_[d]);
  }

  void fill_part(const DestinationPart& part, std::vector<std::byte>& staging, at::Tensor& pinned) const {
    const Destination& destination = program_.destinations[part.destination];
    if (part.begin == part.end) return;
    const at::Tensor& made = made_[part.destination];
    const bool computes =
        std::ranges::any_of(destination.boxes, [](const BoxCopy& box) { return box.computed.has_value(); });
    if (computes) staging.resize(std::size_t{256} << 10U);
    const MemoryFill fill{program_, destination, memory_};
    if (made.is_cpu()) {
      fill_interval(fill, part.begin, part.end, static_cast<std::byte*>(made.data_ptr()) + part.begin, staging);
      return;
    }
    if (!pinned.defined()) {
      pinned = at::empty({static_cast<std::int64_t>(part_bytes)},
                         at::TensorOptions(at::kByte).pinned_memory(made.is_cuda()));
    }
    fill_interval(fill, part.begin, part.end, static_cast<std::byte*>(pinned.data_ptr()), staging);
    const auto begin = static_cast<std::int64_t>(part.begin), end = static_cast<std::int64_t>(part.end);
    // Waits for the copy, as the buffer is filled again: meanwhile the other threads fill theirs.
    made.view({-1}).view(at::kByte).slice(0, begin, end).copy_(pinned.slice(0, 0, end - begin));
  }

  /// On the device of the first source that is not on the CPU.
  void fill_on_device(std::size_t d) {
    c10::Device device = targets_[d];
    for (const std::uint32_t s : uses_.of(d)) {
      if (!uses_.tensor(s).is_cpu()) device = uses_.tensor(s).device();
    }
    c10::OptionalStreamGuard on_stream;
    if (options_.stream) on_stream.reset_stream(*options_.stream);
    const c10::DeviceGuard on_device(device);
    at::Tensor made = empty(d, device);
    const SourceOf source = [&](std::uint32_t s) {
      const at::Tensor& tensor = uses_.tensor(s);
      return tensor.device() == device ? tensor : tensor.to(device);
    };
    fill_by_views(program_, program_.destinations[d], source, made);
    made_[d] = targets_[d] == device ? made : made.to(targets_[d]);
    progress_.add(program_.destinations[d].bytes);
    uses_.done(d);
  }

  const CopyProgram& program_;
  const ConvertOptions& options_;
  /// Of destinations without sources.
  c10::Device fallback_;
  SourceUses uses_;
  Progress progress_;
  /// Of sources on the CPU.
  std::vector<const std::byte*> memory_;
  std::vector<c10::Device> targets_;
  std::vector<std::size_t> from_memory_, on_devices_;
  std::vector<at::Tensor> made_;
};

}  // namespace

Result<std::vector<at::Tensor>> fill_destinations(const CopyProgram& program, std::vector<at::Tensor> sources,
                                                  const ConvertOptions& options) {
  return no_throw([&]() { return Filling(program, std::move(sources), options).run(); });
}

}  // namespace omap
