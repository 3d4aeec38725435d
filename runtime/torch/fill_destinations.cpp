#include "runtime/torch/fill_destinations.h"

#include <ATen/ATen.h>
#include <ATen/ThreadLocalState.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "runtime/bind/destination_view.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/run/fill_interval.h"
#include "runtime/run/progress.h"
#include "runtime/run/worker_pool.h"
#include "runtime/torch/destination_queue.h"
#include "runtime/torch/fresh_memory.h"
#include "runtime/torch/no_throw.h"
#include "runtime/torch/scalar_type.h"
#include "runtime/torch/source_uses.h"
#include "runtime/torch/state_headers.h"
#include "runtime/torch/stream_scope.h"
#include "runtime/torch/strided_views.h"

namespace omap {
namespace {

/// What one thread fills before it asks for more. Large enough that asking costs nothing, small enough that the threads
/// end together and that a part's source and destination lie in caches. A huge page, as two threads that first touch
/// the same one would clear it twice.
constexpr std::uint64_t part_bytes = 2 << 20;

class Filling {
 public:
  Filling(const CopyProgram& program, std::vector<at::Tensor> sources, const ConvertOptions& options)
      : program_(program),
        options_(options),
        device_(options.device ? std::optional(with_index(*options.device)) : std::nullopt),
        fallback_(sources.empty() ? c10::Device(c10::kCPU) : sources.front().device()),
        uses_(program, std::move(sources), options.release_sources),
        progress_(options.progress, 0, total_bytes(program)),
        made_(program.destinations.size()) {
    for (std::uint32_t i = 0; i < uses_.size(); ++i) {
      const at::Tensor& tensor = uses_.tensor(i);
      memory_.push_back(tensor.defined() && tensor.is_cpu() ? elements_of(tensor) : nullptr);
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
    if (device_) return *device_;
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
      finished(d);
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
    finished(d);
    return true;
  }

  void finished(std::size_t d) {
    progress_.add(program_.destinations[d].bytes);
    uses_.done(d);
  }

  [[nodiscard]] at::Tensor empty(std::size_t d, c10::Device device) const {
    const Destination& destination = program_.destinations[d];
    const auto options = at::TensorOptions(scalar_type_of(destination.dtype).value()).device(device);
    return device.is_cpu() ? empty_on_huge_pages(destination.shape, options, destination.bytes)
                           : at::empty(destination.shape, options);
  }

  [[nodiscard]] unsigned threads() const {
    if (options_.threads > 0) return options_.threads;
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  }

  /// Allocates a destination. Parts end where huge pages do, so the first may be shorter.
  std::uint64_t begin(std::size_t d) {
    made_[d] = empty(d, targets_[d]);
    if (!made_[d].is_cpu()) return part_bytes;
    return part_bytes - reinterpret_cast<std::uintptr_t>(made_[d].data_ptr()) % part_bytes;
  }

  /// Everything whose sources are on the CPU, wherever it goes.
  Result<void> fill_from_memory() {
    DestinationQueue queue(
        program_, from_memory_, part_bytes, [this](std::size_t d) { return begin(d); },
        [this](std::size_t d) { uses_.done(d); });
    // Gradient and inference modes, and the streams of devices, are the caller's in every thread.
    const at::ThreadLocalState mode;
    const std::vector<c10::Stream> streams = current_streams(targets_);
    return on_workers(threads(), [&](unsigned, const std::stop_token& stop) {
      return no_throw([&]() -> Result<void> {
        const at::ThreadLocalStateGuard guard(mode);
        const c10::MultiStreamGuard on_streams(streams);
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

  void fill_part(const DestinationPart& part, std::vector<std::byte>& staging, at::Tensor& pinned) const {
    const Destination& destination = program_.destinations[part.destination];
    if (part.begin == part.end) return;
    const at::Tensor& made = made_[part.destination];
    const bool computes =
        std::ranges::any_of(destination.boxes, [](const BoxCopy& box) { return box.computed.has_value(); });
    if (computes) staging.resize(std::size_t{256} << 10U);
    const MemoryFill fill{program_, destination, memory_};
    if (made.is_cpu()) {
      auto* const out = static_cast<std::byte*>(made.data_ptr()) + part.begin;
      fill_interval(fill, part.begin, part.end, out, staging);
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

  /// The device where the copies of a destination are done: its own, if a source is there.
  [[nodiscard]] c10::Device working_device(std::size_t d) const {
    std::optional<c10::Device> other;
    for (const std::uint32_t s : uses_.of(d)) {
      const c10::Device device = uses_.tensor(s).device();
      if (device == targets_[d]) return device;
      if (!other && !device.is_cpu()) other = device;
    }
    return other.value_or(targets_[d]);
  }

  /// A source on another device: the memory that it spans, as it lies, so that its strides stay what they were.
  static at::Tensor moved(const at::Tensor& tensor, c10::Device device) {
    std::int64_t span = tensor.numel() == 0 ? 0 : 1;
    for (std::int64_t i = 0; i < tensor.dim() && span > 0; ++i) span += (tensor.size(i) - 1) * tensor.stride(i);
    return tensor.as_strided({span}, {1}).to(device);
  }

  void fill_on_device(std::size_t d) {
    const c10::Device device = working_device(d);
    const c10::DeviceGuard on_device(device);
    at::Tensor made = empty(d, device);
    std::unordered_map<std::uint32_t, at::Tensor> from_elsewhere;
    const SourceOf source = [&](std::uint32_t s) -> at::Tensor {
      const at::Tensor& tensor = uses_.tensor(s);
      if (tensor.device() != device) {
        const auto [place, is_new] = from_elsewhere.try_emplace(s);
        if (is_new) place->second = moved(tensor, device);
        return place->second;
      }
      // The memory is not reused before the stream has read it.
      if (options_.stream && options_.stream->device() == device) tensor.record_stream(*options_.stream);
      return tensor;
    };
    fill_by_views(program_, program_.destinations[d], source, made);
    made_[d] = targets_[d] == device ? made : made.to(targets_[d]);
    finished(d);
  }

  const CopyProgram& program_;
  const ConvertOptions& options_;
  /// The one that was asked for.
  std::optional<c10::Device> device_;
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
