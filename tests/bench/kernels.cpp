// The copy kernels beside memcpy and LibTorch's copy_, on one thread, over memory that is there. tests/bench/kernels.py
// runs it and makes a table; by itself it takes Google Benchmark's options.
//
// A benchmark's name is WORK/SIZE/WHO, WHO being omap, torch or memcpy: of as many bytes as the work moves. The counter
// `bytes` is what is read and written together, a second of processor time.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <stdexcept>

#include "runtime/copy/computation.h"
#include "runtime/copy/copy_kernel.h"
#include "tests/bench/kernel_cases.h"

namespace omap {
namespace {

/// The copy that makes a dense tensor of a view, counted from the view's first element.
StridedCopy copy_of(const at::Tensor& view) {
  const auto size = static_cast<std::uint64_t>(view.element_size());
  StridedCopy copy{0, 0, size, {}};
  std::uint64_t dense = size;
  for (std::int64_t k = view.dim(); k-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(view.size(k));
    copy.dims.push_back({extent, static_cast<std::uint64_t>(view.stride(k)) * size, dense});
    dense *= extent;
  }
  normalize(copy);
  return copy;
}

/// Bytes that tell their places apart.
at::Tensor numbered(const std::vector<std::int64_t>& shape, at::ScalarType type) {
  at::Tensor tensor = at::empty(shape, type);
  auto* const bytes = static_cast<std::uint8_t*>(tensor.data_ptr());
  for (std::size_t i = 0; i < tensor.nbytes(); ++i) bytes[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 13U);
  return tensor;
}

std::byte* bytes_of(const at::Tensor& tensor) { return static_cast<std::byte*>(tensor.data_ptr()); }
std::span<std::byte> span_of(const at::Tensor& tensor) { return {bytes_of(tensor), tensor.nbytes()}; }

/// What the sides of a benchmark work on: made for the first, and dropped when another work begins.
struct Work {
  std::string name;
  at::Tensor source, view, made;
  StridedCopy copy;
};

const Work& work_of(const std::string& name, const CopyCase& wanted) {
  static Work work;
  if (work.name == name) return work;
  work = {};
  work.source = numbered(wanted.shape, wanted.type);
  work.view = wanted.view(work.source);
  work.made = at::zeros(work.view.sizes(), work.view.options());
  work.copy = copy_of(work.view);
  execute(work.copy, bytes_of(work.view), bytes_of(work.made));
  const at::Tensor expected = work.view.contiguous();
  if (std::memcmp(expected.data_ptr(), work.made.data_ptr(), expected.nbytes()) != 0) {
    throw std::runtime_error(name + ": LibTorch makes something else of it");
  }
  work.name = name;
  return work;
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& run) {
  benchmark::RegisterBenchmark(name.c_str(), run);
}

/// Turns of `once`, which moves so many bytes, after one that does not count.
template <class Once>
void take_turns(benchmark::State& state, std::uint64_t bytes, const Once& once) {
  once();
  for (auto turn : state) {
    once();
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] =
      benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsIterationInvariantRate);
}

void add_copy(const std::string& name, const CopyCase& wanted) {
  add(name + "/omap", [=](benchmark::State& state) {
    const Work& work = work_of(name, wanted);
    take_turns(state, 2 * work.made.nbytes(), [&] { execute(work.copy, bytes_of(work.view), bytes_of(work.made)); });
  });
  add(name + "/torch", [=](benchmark::State& state) {
    const Work& work = work_of(name, wanted);
    take_turns(state, 2 * work.made.nbytes(), [&] { work.made.copy_(work.view); });
  });
  add(name + "/memcpy", [=](benchmark::State& state) {
    const at::Tensor made = work_of(name, wanted).made, source = at::ones_like(made);
    take_turns(state, 2 * made.nbytes(), [&] { std::memcpy(made.data_ptr(), source.data_ptr(), made.nbytes()); });
  });
}

void add_computation(const std::string& name, const ComputeCase& wanted) {
  const auto tensors = [=] {
    return std::pair(at::ones({wanted.elements}, wanted.from), at::empty({wanted.elements}, wanted.to));
  };
  add(name + "/omap", [=](benchmark::State& state) {
    const auto [source, made] = tensors();
    take_turns(state, source.nbytes() + made.nbytes(),
               [&, from = source, to = made] { compute(wanted.computation, span_of(from), {}, span_of(to)); });
  });
  add(name + "/torch", [=](benchmark::State& state) {
    const auto [source, made] = tensors();
    take_turns(state, source.nbytes() + made.nbytes(), [&, from = source, to = made] { wanted.peer(from, to); });
  });
  add(name + "/memcpy", [=](benchmark::State& state) {
    const std::int64_t bytes =
        wanted.elements * static_cast<std::int64_t>(at::elementSize(wanted.from) + at::elementSize(wanted.to)) / 2;
    const at::Tensor source = at::ones({bytes}, at::kByte), made = at::empty({bytes}, at::kByte);
    take_turns(state, 2 * made.nbytes(), [&] { std::memcpy(made.data_ptr(), source.data_ptr(), made.nbytes()); });
  });
}

}  // namespace
}  // namespace omap

int main(int argc, char** argv) {
  at::set_num_threads(1);
  for (const auto& [size, bytes] :
       {std::pair("256 KiB", std::int64_t{256} << 10), {"64 MiB", std::int64_t{64} << 20}}) {
    for (const omap::CopyCase& wanted : omap::copy_cases(bytes)) omap::add_copy(wanted.name + "/" + size, wanted);
    for (const omap::ComputeCase& wanted : omap::compute_cases(bytes)) {
      omap::add_computation(wanted.name + "/" + size, wanted);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
