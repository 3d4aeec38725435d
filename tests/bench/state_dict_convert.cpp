// One conversion of a dictionary of tensors in memory, timed. tests/bench/state_dict.py runs it, beside OLMo-core's.
//
// Usage: omap_bench_state_dict MAPPING SHAPE DIRECTION MODE THREADS
//   SHAPE      dense | moe | many (61 layers of 256 experts, one element each: only names)
//   DIRECTION  to_hf | from_hf
//   MODE       copy | views | release | bind | clone (LibTorch's, of each tensor) | memcpy (of each, to huge pages)
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "compiler/load_mapping.h"
#include "runtime/torch/state_converter.h"

namespace {

using namespace omap;

struct Sizes {
  std::int64_t layers, width, hidden, vocab, experts;
};
const std::map<std::string, Sizes> shapes = {
    {"dense", {16, 2048, 8192, 100352, 0}}, {"moe", {8, 1024, 1024, 32768, 64}}, {"many", {61, 1, 1, 1, 256}}};

/// Touched, so that a page of it is there.
at::Tensor filled(std::vector<std::int64_t> shape) {
  at::Tensor tensor = at::empty(shape, at::kBFloat16);
  tensor.view(at::kShort).fill_(0x3C01);
  return tensor;
}

StateDict olmo_state(const Sizes& s) {
  StateDict state;
  const auto add = [&](std::string key, std::vector<std::int64_t> shape) {
    if (!state.insert(std::move(key), filled(std::move(shape)))) std::abort();
  };
  add("embeddings.weight", {s.vocab, s.width});
  add("lm_head.norm.weight", {s.width});
  add("lm_head.w_out.weight", {s.vocab, s.width});
  for (std::int64_t layer = 0; layer < s.layers; ++layer) {
    const std::string block = fmt::format("blocks.{}.", layer);
    for (const char* name : {"w_q", "w_k", "w_v", "w_out"}) {
      add(fmt::format("{}attention.{}.weight", block, name), {s.width, s.width});
    }
    for (const char* name : {"attention.q_norm", "attention.k_norm", "attention_norm", "feed_forward_norm"}) {
      add(block + name + ".weight", {s.width});
    }
    if (s.experts > 0) {
      const std::string moe = block + "feed_forward_moe.";
      add(moe + "router.weight", {s.experts * s.width});
      add(moe + "experts.mlp.w1", {s.experts * s.width, s.hidden});
      add(moe + "experts.mlp.w2", {s.experts * s.hidden, s.width});
      add(moe + "experts.mlp.w3", {s.experts * s.width, s.hidden});
    } else {
      add(block + "feed_forward.w1.weight", {s.hidden, s.width});
      add(block + "feed_forward.w2.weight", {s.width, s.hidden});
      add(block + "feed_forward.w3.weight", {s.hidden, s.width});
    }
  }
  return state;
}

std::uint64_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

/// Lets VmHWM begin again at what is resident now.
std::uint64_t reset_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_bytes("VmRSS");
}

/// Touches as much memory as the result will take, and gives it back. A virtual machine may have to ask its host for
/// pages that were free for a while, which costs several times what is measured here.
void warm_memory(std::uint64_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  munmap(memory, bytes);
}

/// Of all threads so far.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  for (const Diagnostic& error : result.error()) fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}

StateDict clone(const StateDict& state) {
  StateDict made;
  for (const auto& [key, tensor] : state) {
    if (!made.insert(key, tensor.clone())) std::abort();
  }
  return made;
}

/// The least that can be done: every tensor is copied as it lies to fresh memory, on huge pages, by `threads` threads.
/// How many were.
std::size_t copy_to_fresh_memory(const StateDict& state, unsigned threads) {
  std::vector<at::Tensor> tensors;
  for (const auto& [key, tensor] : state) tensors.push_back(tensor);
  std::atomic<std::size_t> next = 0;
  const auto copy = [&] {
    for (std::size_t i = next++; i < tensors.size(); i = next++) {
      const std::size_t bytes = tensors[i].nbytes();
      void* const memory = std::aligned_alloc(2 << 20, (bytes + (2 << 20) - 1) >> 21U << 21U);
      madvise(memory, bytes >> 21U << 21U, MADV_HUGEPAGE);
      std::memcpy(memory, tensors[i].data_ptr(), bytes);  // Kept to the end, as the others keep theirs.
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(copy);
  for (std::thread& worker : workers) worker.join();
  return tensors.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const std::string mode = argv[4];
  const auto threads = static_cast<unsigned>(std::stoul(argv[5]));
  const Sizes& sizes = shapes.at(argv[2]);
  auto loaded = load_mapping(argv[1]);
  if (!loaded.plan) return 1;
  const StateConverter to_hf(*loaded.plan, Direction::right), from_hf(*loaded.plan, Direction::left);
  // What OLMo-core is told too.
  Bounds bounds{{"layer", sizes.layers}};
  if (sizes.experts > 0) bounds.insert({{"expert", sizes.experts}, {"dropless", false}});

  at::set_num_threads(static_cast<int>(threads));
  StateDict state = olmo_state(sizes);
  const bool back = std::string(argv[3]) == "from_hf";
  if (back) state = must(to_hf.convert(std::move(state), bounds, StateType::weight, {.release_sources = true}));
  const StateConverter& converter = back ? from_hf : to_hf;
  std::uint64_t bytes = 0;
  for (const auto& [key, tensor] : state) bytes += tensor.nbytes();
  const std::size_t keys = state.size();

  ConvertOptions options;
  options.threads = threads;
  options.views = mode == "views" ? ConvertOptions::Views::allowed : ConvertOptions::Views::never;
  options.release_sources = mode == "release";
  warm_memory(bytes + (bytes >> 3U));
  const std::uint64_t before = reset_peak();
  const double processor_start = processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::size_t made = 0;
  StateDict result;  // Outlives the time that is taken: what a user keeps is not freed in it.
  if (mode == "bind") {
    made = must(converter.get_mappings(state, bounds)).size();
  } else if (mode == "memcpy") {
    made = copy_to_fresh_memory(state, threads);
  } else if (mode == "clone") {
    result = clone(state);
  } else {
    StateDict given = mode == "release" ? std::move(state) : state;
    result = must(converter.convert(std::move(given), bounds, StateType::weight, options));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double processor = processor_seconds() - processor_start;
  const std::uint64_t peak = status_bytes("VmHWM");
  fmt::print("{{\"seconds\": {}, \"processor\": {}, \"bytes\": {}, \"rise\": {}, \"keys\": {}, \"made\": {}}}\n",
             seconds, processor, bytes, peak > before ? peak - before : 0, keys, made + result.size());
  return 0;
}
