// How destinations are filled: views, memory, devices, threads.
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include "runtime/torch/source_uses.h"
#include "tests/torch/tensor_tests.h"

using namespace omap;
using namespace omap::test;

namespace {

constexpr ConvertOptions::Views views_allowed = ConvertOptions::Views::allowed;

}  // namespace

TEST_CASE("where views are allowed, what can be seen in a source is") {
  const Plan plan = plan_of(R"(
    param q: int = 4
    renamed <-> plain
    rows[(q + k) d] -> upper[q d], lower[k d]
    columns[d (q + k)] -> left_part[d q], right_part[d k]
    square[i o] -> turned[o i]
    heads[(h half=2) d] -> split[h half d]
    apart[h half=2 d] -> joined[(h half) d]
    one[d], two[d] -> stacked[(d + d)]
)");
  std::vector<StateDict::Entry> entries;
  for (const char* key : {"renamed", "rows", "columns", "square", "heads"}) entries.emplace_back(key, counted({8, 8}));
  entries.emplace_back("apart", counted({4, 2, 3}));
  entries.emplace_back("one", counted({2}));
  entries.emplace_back("two", counted({2}) + 2);
  const StateDict state = state_of_entries(entries);
  const StateDict copies = converted(plan, state);
  const StateDict views = converted(plan, state, {.views = views_allowed});
  const auto source_of = std::vector<std::pair<std::string, std::string>>{
      {"plain", "renamed"},      {"upper", "rows"},    {"lower", "rows"},  {"left_part", "columns"},
      {"right_part", "columns"}, {"turned", "square"}, {"split", "heads"}, {"joined", "apart"}};
  for (const auto& [key, source] : source_of) {
    CAPTURE(key);
    REQUIRE(shares_memory(*views.find(key), *state.find(source)));
    REQUIRE_FALSE(shares_memory(*copies.find(key), *state.find(source)));
    REQUIRE(copies.find(key)->is_contiguous());
    REQUIRE(identical(*views.find(key), *copies.find(key)));
  }
  REQUIRE(identical(*views.find("turned"), counted({8, 8}).t()));
  REQUIRE(identical(*views.find("stacked"), counted({4})));
}

TEST_CASE("sources of every layout are read where they lie") {
  const Plan plan = plan_of("w[(x y=2) d] -> v[d x y]\nwhole -> same_whole");
  const auto check = [&](const at::Tensor& w) {
    const StateDict made = converted(plan, state_of_entries({{"w", w}, {"whole", w}}));
    REQUIRE(identical(*made.find("same_whole"), w.contiguous()));
    REQUIRE(made.find("same_whole")->is_contiguous());
    REQUIRE(identical(*made.find("v"), w.contiguous().view({w.size(0) / 2, 2, w.size(1)}).permute({2, 0, 1})));
  };
  check(counted({6, 5}));
  check(counted({5, 6}).t());                                      // transposed
  check(counted({12, 10}).slice(0, 0, 12, 2).slice(1, 1, 10, 2));  // with steps, from an offset
  check(counted({1, 5}).expand({6, 5}));                           // every row is one row
  check(counted({6, 1}).expand({6, 5}));
  check(counted({10}).as_strided({6, 3}, {1, 2}));  // overlapping
  check(counted({6, 0}));
  check(counted({0, 5}));
  check(counted({2, 1}));
}

TEST_CASE("scalars, and tensors without elements, keep their shapes") {
  const Plan plan = plan_of("s[] <-> t[]\nr <-> u\ne[a b] <-> f[b a]");
  const StateDict made = converted(
      plan, state_of_entries({{"s", at::full({}, 3.5)}, {"r", at::full({}, 2, at::kLong)}, {"e", at::empty({0, 7})}}));
  REQUIRE(made.find("t")->dim() == 0);
  REQUIRE(made.find("t")->item<float>() == 3.5F);
  REQUIRE(made.find("u")->item<std::int64_t>() == 2);
  REQUIRE(made.find("f")->sizes() == at::IntArrayRef({7, 0}));
}

TEST_CASE("every dtype that LibTorch makes is moved, cut and transposed") {
  const Plan plan = plan_of("param q: int = 1\nw[(q + k) d] -> v[d q], x[d k]");
  int moved = 0;
  for (int i = 0; i < static_cast<int>(at::ScalarType::NumOptions); ++i) {
    const auto type = static_cast<at::ScalarType>(i);
    at::Tensor w;
    try {
      w = at::empty({3, 2}, at::TensorOptions(type));
      static_cast<void>(w.element_size());
    } catch (const std::exception&) {
      continue;
    }
    if (w.is_quantized()) continue;
    const auto size = static_cast<std::size_t>(w.element_size());
    auto* bytes = static_cast<unsigned char*>(w.data_ptr());
    // Ones and zeros, which are elements of every dtype, bool too: of each element one byte is one.
    for (std::size_t e = 0; e < 6; ++e) std::memset(bytes + e * size, 0, size), bytes[e * size] = e % 2;
    const StateDict made = converted(plan, state_of_entries({{"w", w}}));
    const auto byte_at = [&](const at::Tensor& t, std::size_t e) {
      return static_cast<const unsigned char*>(t.data_ptr())[e * size];
    };
    REQUIRE((made.find("x")->scalar_type() == type));
    // x[d k] = w[1 + k, d]: elements 2, 4, 3, 5 of w.
    for (const auto& [at, e] : {std::pair<std::size_t, std::size_t>{0, 2}, {1, 4}, {2, 3}, {3, 5}}) {
      REQUIRE(byte_at(*made.find("x"), at) == e % 2);
    }
    ++moved;
  }
  REQUIRE(moved >= 12);
}

TEST_CASE("tensors that require gradients give plain ones") {
  const Plan plan = plan_of("w <-> v\nx[i o] <-> y[o i]");
  const at::Tensor w = counted({2, 3}).requires_grad_();
  const at::Tensor x = (counted({2, 3}).requires_grad_() * 2);
  for (const auto views : {ConvertOptions::Views::never, views_allowed}) {
    const StateDict made = converted(plan, state_of_entries({{"w", w}, {"x", x}}), {.views = views});
    REQUIRE_FALSE(made.find("v")->requires_grad());
    REQUIRE_FALSE(made.find("y")->requires_grad());
    REQUIRE(identical(*made.find("v"), w.detach()));
    REQUIRE(identical(*made.find("y"), x.detach().t()));
  }
}

TEST_CASE("results are inference tensors in inference mode, and only there") {
  const Plan plan = plan_of("w[i o] <-> v[o i]");
  const at::Tensor w = counted({512, 1024});
  REQUIRE_FALSE(converted(plan, state_of_entries({{"w", w}}), {.threads = 2}).find("v")->is_inference());
  const c10::InferenceMode inference;
  const StateDict made = converted(plan, state_of_entries({{"w", w}}), {.threads = 2});
  REQUIRE(made.find("v")->is_inference());
  REQUIRE(identical(*made.find("v"), w.t()));
}

TEST_CASE("lazily conjugated and negated tensors are made plain") {
  const Plan plan = plan_of("c[i o] <-> d[o i]\nn <-> m");
  const at::Tensor c = at::complex(counted({2, 3}), counted({2, 3}) + 1).conj();
  const at::Tensor n = at::imag(c);
  REQUIRE(c.is_conj());
  REQUIRE(n.is_neg());
  for (const auto views : {ConvertOptions::Views::never, views_allowed}) {
    const StateDict made = converted(plan, state_of_entries({{"c", c}, {"n", n}}), {.views = views});
    REQUIRE(identical(*made.find("d"), c.resolve_conj().t()));
    REQUIRE(identical(*made.find("m"), n.resolve_neg()));
  }
}

TEST_CASE("released sources are gone when a conversion is done, and what somebody else holds is not") {
  const Plan plan = plan_of("index i in 0..3\nw.{i}[a b] -> v.{i}[b a]\nheld[a] -> rest[a]");
  std::vector<c10::weak_intrusive_ptr<c10::StorageImpl>> storages;
  std::vector<StateDict::Entry> entries;
  for (int i = 0; i < 3; ++i) entries.emplace_back("w." + std::to_string(i), at::rand({300, 700}));
  for (auto& [key, tensor] : entries) storages.emplace_back(tensor.storage().getWeakStorageImpl());
  const at::Tensor held = counted({4});
  entries.emplace_back("held", held);
  REQUIRE(converted(plan, state_of_entries(std::move(entries)), {.release_sources = true}).size() == 4);
  for (const auto& storage : storages) REQUIRE(storage.expired());
  REQUIRE(identical(held, counted({4})));
}

TEST_CASE("a released source that is only renamed hands its memory over") {
  const Plan plan =
      plan_of("w <-> v\nheld <-> kept\nx[a b] <-> y[b a]\nhalf[(q + k)] -> first[q], second[k]\nparam q: int = 2");
  const at::Tensor held = counted({3});
  std::vector<StateDict::Entry> entries{
      {"w", counted({5})}, {"held", held}, {"x", counted({2, 3})}, {"half", counted({4})}};
  const void* const memory = entries[0].second.data_ptr();
  const void* const other = entries[2].second.data_ptr();
  StateDict state = state_of_entries(std::move(entries));
  const StateDict made = converted(plan, std::move(state), {.release_sources = true});
  REQUIRE(made.find("v")->data_ptr() == memory);
  REQUIRE(identical(*made.find("v"), counted({5})));
  // Somebody else holds it, it is turned, it is cut: memory of their own.
  REQUIRE(made.find("kept")->data_ptr() != held.data_ptr());
  REQUIRE(made.find("y")->data_ptr() != other);
  REQUIRE(made.find("first")->storage().data() != made.find("second")->storage().data());
  REQUIRE(identical(*made.find("y"), counted({2, 3}).t()));
}

TEST_CASE("memory that is not LibTorch's own is never handed over") {
  std::vector<float> memory{1, 2, 3};
  StateDict state = state_of_entries({{"w", at::from_blob(memory.data(), {3}, at::kFloat)}});
  const StateDict made = converted(plan_of("w <-> v"), std::move(state), {.release_sources = true});
  memory.assign(3, 0);
  REQUIRE(identical(*made.find("v"), counted({3}) + 1));
}

TEST_CASE("a source is held until the last destination that reads it is done, and no longer") {
  CopyProgram program;
  program.destinations.resize(2);
  program.destinations[0].boxes = {{0, {}}, {1, {}}};
  program.destinations[1].boxes = {{1, {}}};
  std::vector<at::Tensor> sources{counted({2}), counted({2}), counted({2})};
  std::vector<c10::weak_intrusive_ptr<c10::StorageImpl>> storages;
  for (const at::Tensor& tensor : sources) storages.emplace_back(tensor.storage().getWeakStorageImpl());
  SourceUses uses(program, std::move(sources), /*release=*/true);
  REQUIRE(storages[2].expired());
  uses.done(0);
  REQUIRE(storages[0].expired());
  REQUIRE_FALSE(storages[1].expired());
  uses.done(1);
  REQUIRE(storages[1].expired());
}

TEST_CASE("a conversion reports its progress, and stops when it is asked to") {
  const Plan plan = plan_of("w[a b] -> v[b a]");
  const StateDict state = state_of_entries({{"w", at::rand({2048, 2048})}});
  std::uint64_t last = 0, total = 0;
  ConvertOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t all) { last = done, total = all; };
  REQUIRE(converted(plan, state, options).size() == 1);
  REQUIRE(last == 2048 * 2048 * 4);
  REQUIRE(total == last);

  std::stop_source stop;
  stop.request_stop();
  options.stop = stop.get_token();
  REQUIRE(code_of(StateConverter(plan).convert(state, {}, StateType::weight, options)) == Code::conversion_cancelled);
}

TEST_CASE("memory that cannot be had is an error, not an exception") {
  // More than any address space: an allocation that fails whatever the system promises.
  const Plan plan = plan_of("param n: int\nw[a] -> v[n a]");
  const auto made =
      StateConverter(plan).convert(state_of_entries({{"w", counted({4})}}), {{"n", std::int64_t{1} << 55}});
  REQUIRE(code_of(made) == Code::torch_failed);
  REQUIRE_FALSE(made.error().front().helps.empty());
}

TEST_CASE("headers convert to headers on the device meta, and give no data") {
  const Plan plan = plan_of("w[a b] -> v[b a]");
  const StateDict meta = state_of_entries({{"w", at::empty({3, 2}, at::TensorOptions(at::kFloat).device(at::kMeta))}});
  const StateDict made = converted(plan, meta);
  REQUIRE(made.find("v")->is_meta());
  REQUIRE(made.find("v")->sizes() == at::IntArrayRef({2, 3}));
  REQUIRE(code_of(StateConverter(plan).convert(meta, {}, StateType::weight, {.device = at::Device(at::kCPU)})) ==
          Code::tensor_unsupported);
  REQUIRE(converted(plan, state_of_entries({{"w", counted({3, 2})}}), {.device = at::Device(at::kMeta)})
              .find("v")
              ->is_meta());
}

TEST_CASE("sources on several devices need a device to go to") {
  const Plan plan = plan_of("w[a], x[b] -> v[(a + b)]");
  const StateDict state =
      state_of_entries({{"w", counted({3})}, {"x", at::empty({2}, at::TensorOptions(at::kFloat).device(at::kMeta))}});
  REQUIRE(code_of(StateConverter(plan).convert(state)) == Code::devices_differ);
}
