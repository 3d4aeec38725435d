// Devices: what they do by strided copies, held against the CPU's copy engine. On CUDA where a device is there.
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "runtime/bind/bind.h"
#include "runtime/torch/state_headers.h"
#include "runtime/torch/strided_views.h"
#include "tests/torch/tensor_tests.h"

using namespace omap;
using namespace omap::test;

namespace {

/// Cuts, joins, permutes, stacks, repeats, computes, casts, scales blocks and fills.
const char* const everything = R"(
    param q: int = 2
    index e in 0..3
    plain <-> renamed
    rows[(q + k) d] -> upper[q d], lower[d k]
    one.{e}[h d] -> stacked[e d h]
    fused[(x=2 (h + h) d=4)] -> left_half[x h d], right_half[h x d]
    halves[(h half=2) d] -> turned[(half h) d]
    bias[d] -> table[n d q]
    param n: int = 3
    norm <-> norm_less_one + 1
    wide as f64 <-> narrow as bf16
    ties as f64 <-> rounded_once as bf16
    scaled[r c] * scale[r/2 c/3] -> unscaled[r c] as f32
    padded[a b] -> with_zeros[(a + _=2) b]
    fill 0.5 -> made[n q] as bf16
    reals[a b] -> truncated[b a] as i8
    counts -> rounded as bf16
    flags -> numbers as f32
)";

Plan everything_plan() { return plan_of(everything); }

/// Float64 beside the middle of two bfloat16, by less than float32 tells; and what float32 cannot hold.
at::Tensor near_ties() {
  std::vector<double> numbers{1e300, -1e300, 3.4028235e38, 3.4028236e38, 1e-46, -1e-46, 0.0, -0.0};
  for (const double sign : {1.0, -1.0}) {
    for (const double nudge : {-0x1p-40, 0.0, 0x1p-40}) {
      for (const double middle : {1 + 0x1p-8, 1 + 0x3p-8, 2 - 0x1p-8}) numbers.push_back(sign * (middle + nudge));
    }
  }
  return at::tensor(numbers, at::kDouble);
}

StateDict everything_state() {
  std::vector<StateDict::Entry> entries{{"plain", counted({3, 2})},
                                        {"rows", counted({5, 3})},
                                        {"fused", counted({2 * (3 + 3) * 4})},
                                        {"halves", counted({6, 4})},
                                        {"bias", counted({4})},
                                        {"norm", counted({7}) / 3},
                                        {"wide", counted({5}).to(at::kDouble) / 7},
                                        {"ties", near_ties()},
                                        {"scaled", counted({5, 7}).to(at::kBFloat16)},
                                        {"scale", counted({3, 3}) / 9},
                                        {"padded", counted({2, 3})},
                                        {"reals", (counted({4, 5}) - 9) * 30.3},
                                        {"counts", at::arange(-3, 4, at::kLong) * 1234567890123456789},
                                        {"flags", counted({3}).to(at::kBool)}};
  for (int e = 0; e < 3; ++e) entries.emplace_back("one." + std::to_string(e), counted({2, 4}) + 10 * e);
  return state_of_entries(std::move(entries));
}

StateDict on(const StateDict& state, at::Device device) {
  std::vector<StateDict::Entry> entries;
  for (const auto& [key, tensor] : state) entries.emplace_back(key, tensor.to(device));
  return state_of_entries(std::move(entries));
}

void require_same(const StateDict& made, const StateDict& wanted) {
  REQUIRE(made.size() == wanted.size());
  for (const auto& [key, tensor] : wanted) {
    CAPTURE(key);
    REQUIRE(made.contains(key));
    REQUIRE(identical(*made.find(key), tensor));
  }
}

at::Device cuda() { return {at::kCUDA, 0}; }

}  // namespace

TEST_CASE("strided copies make what the copy engine makes") {
  const Plan plan = everything_plan();
  const StateDict state = everything_state();
  const StateDict wanted = converted(plan, state);
  const TensorIndex index = value_of(headers_of(state));
  const BoundMapping bound = value_of(bind_plan(plan, index, {}, {}));
  const SourceOf source = [&](std::uint32_t place) { return state.entries()[place].second; };
  for (const Destination& destination : bound.program.destinations) {
    CAPTURE(destination.key);
    const at::Tensor made = at::full_like(*wanted.find(destination.key), 77);
    fill_by_views(bound.program, destination, source, made);
    REQUIRE(identical(made, *wanted.find(destination.key)));
  }
}

TEST_CASE("CUDA: a state is converted on the device that it is on" * doctest::skip(!at::hasCUDA())) {
  const StateDict wanted = converted(everything_plan(), everything_state());
  const StateDict made = converted(everything_plan(), on(everything_state(), cuda()));
  for (const auto& [key, tensor] : made) REQUIRE(tensor.is_cuda());
  require_same(made, wanted);
  require_same(converted(everything_plan(), on(everything_state(), cuda()), {.views = ConvertOptions::Views::allowed}),
               wanted);
}

TEST_CASE("CUDA: a state on the CPU is converted to a device, through pinned memory" * doctest::skip(!at::hasCUDA())) {
  const StateDict wanted = converted(everything_plan(), everything_state());
  for (const unsigned threads : {1U, 2U}) {
    const StateDict made = converted(everything_plan(), everything_state(), {.device = cuda(), .threads = threads});
    for (const auto& [key, tensor] : made) REQUIRE(tensor.is_cuda());
    require_same(made, wanted);
  }
  // Larger than any buffer.
  const at::Tensor large = at::rand({3000, 1000});
  const StateDict made = converted(plan_of("w[a b] -> v[b a]"), state_of_entries({{"w", large}}), {.device = cuda()});
  REQUIRE(identical(*made.find("v"), large.t()));
}

TEST_CASE("CUDA: a state on a device is converted to the CPU" * doctest::skip(!at::hasCUDA())) {
  const StateDict made = converted(everything_plan(), on(everything_state(), cuda()), {.device = at::Device(at::kCPU)});
  for (const auto& [key, tensor] : made) REQUIRE(tensor.is_cpu());
  require_same(made, converted(everything_plan(), everything_state()));
}

TEST_CASE("CUDA: sources on both sides meet where they are asked to" * doctest::skip(!at::hasCUDA())) {
  std::vector<StateDict::Entry> entries;
  for (const auto& [key, tensor] : everything_state()) {
    entries.emplace_back(key, entries.size() % 2 == 0 ? tensor : tensor.to(cuda()));
  }
  const StateDict wanted = converted(everything_plan(), everything_state());
  for (const at::Device device : {cuda(), at::Device(at::kCPU)}) {
    require_same(converted(everything_plan(), state_of_entries(entries), {.device = device}), wanted);
  }
}

TEST_CASE("CUDA: sources with gaps and overlaps cross devices as they lie" * doctest::skip(!at::hasCUDA())) {
  const Plan plan = plan_of("param q: int = 2\nw[(q + k) d], x[n d] -> v[(q + n) d], rest[k d]");
  const at::Tensor x = counted({3, 5}).to(cuda());
  for (const at::Tensor& w : {counted({10, 10}).slice(1, 0, 5), counted({12}).as_strided({6, 5}, {1, 1})}) {
    const StateDict made = converted(plan, state_of_entries({{"w", w}, {"x", x}}), {.device = cuda()});
    REQUIRE(identical(*made.find("v"), at::cat({w.slice(0, 0, 2), x.cpu()})));
    REQUIRE(identical(*made.find("rest"), w.slice(0, 2)));
  }
}

TEST_CASE("CUDA: copies go to the stream that is given" * doctest::skip(!at::hasCUDA())) {
  const c10::impl::VirtualGuardImpl guard(at::kCUDA);
  const c10::Stream stream = guard.getStreamFromGlobalPool(cuda());
  const StateDict made = converted(everything_plan(), on(everything_state(), cuda()), {.stream = stream});
  stream.synchronize();
  require_same(made, converted(everything_plan(), everything_state()));
}

TEST_CASE("CUDA: released sources are gone" * doctest::skip(!at::hasCUDA())) {
  StateDict state = on(everything_state(), cuda());
  const c10::weak_intrusive_ptr<c10::StorageImpl> storage(state.find("rows")->storage().getWeakStorageImpl());
  const StateDict made = converted(everything_plan(), std::move(state), {.release_sources = true});
  REQUIRE(storage.expired());
  require_same(made, converted(everything_plan(), everything_state()));
}

TEST_CASE("CUDA: tied tensors are compared there" * doctest::skip(!at::hasCUDA())) {
  const Plan plan = plan_of("w <-> v\ntie a:head = a:w");
  const at::Tensor w = counted({4}).to(cuda());
  REQUIRE(converted(plan, state_of_entries({{"w", w}, {"head", w.clone()}})).size() == 1);
  REQUIRE(code_of(StateConverter(plan).convert(state_of_entries({{"w", w}, {"head", w + 1}}))) == Code::tie_differs);
}
