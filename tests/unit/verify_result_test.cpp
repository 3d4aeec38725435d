#include "runtime/run/verify_result.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "runtime/run/compare.h"
#include "tests/unit/conversion.h"

namespace omap {
namespace {

/// The tensors that a made program should give, or other ones.
std::vector<MadeTensor> wanted_tensors(const MadeProgram& made) {
  std::vector<MadeTensor> tensors;
  for (std::size_t i = 0; i < made.wanted.size(); ++i) {
    const Destination& to = made.program.destinations[i];
    tensors.push_back({{to.key, to.dtype, to.shape, {0, 0, to.bytes}}, made.wanted[i]});
  }
  return tensors;
}

Comparison held_against(const CheckpointFolder& folder, const CopyProgram& program,
                        const std::vector<MadeTensor>& sources, const std::vector<MadeTensor>& result,
                        const RunOptions& options = {}, std::string_view root = {}) {
  const auto from = open_checkpoint(folder.write("from.safetensors", sources));
  const auto to = open_checkpoint(folder.write("to.safetensors", result));
  REQUIRE(from);
  REQUIRE(to);
  auto found = verify_result(program, *from, *to, root, options);
  REQUIRE(found);
  return *std::move(found);
}

/// Changes elements of a tensor, and returns how that is reported.
BitDifference change(Draw& draw, MadeTensor& tensor) {
  const std::uint64_t size = compared_bytes(tensor.info.dtype);
  std::set<std::uint64_t> changed;
  for (std::uint64_t n = draw.from(1, 20); n > 0; --n) changed.insert(draw.from(0, tensor.bytes.size() / size - 1));
  for (const std::uint64_t element : changed) tensor.bytes[element * size + draw.from(0, size - 1)] ^= std::byte{4};
  return {tensor.info.key, changed.size(), element_index(tensor.info, *changed.begin())};
}

TEST_CASE("a source or a result that changes while they are compared is noticed") {
  const CheckpointFolder folder;
  Draw draw(32);
  MadeProgram made;
  add_random_destination(draw, made, 2000);
  for (const char* changed : {"from.safetensors", "to.safetensors"}) {
    const auto from = open_checkpoint(folder.write("from.safetensors", made.sources));
    const auto to = open_checkpoint(folder.write("to.safetensors", wanted_tensors(made)));
    REQUIRE(from);
    REQUIRE(to);
    CHECK(verify_result(made.program, *from, *to, "", {}));
    const auto path = folder.path() / changed;
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(1));
    const auto result = verify_result(made.program, *from, *to, "", {});
    REQUIRE_FALSE(result);
    CHECK(result.error().front().code == Code::source_changed);
  }
}

TEST_CASE("what random programs give is told from what differs in any elements") {
  const CheckpointFolder folder;
  Draw draw(31);
  std::size_t told = 0;
  for (int i = 0; i < 60; ++i) {
    MadeProgram made;
    for (std::uint64_t n = draw.from(1, 8); n > 0; --n) add_random_destination(draw, made, i < 56 ? 20000 : 2000000);
    const RunOptions options{.threads = static_cast<unsigned>(draw.from(1, 4)), .memory = draw.from(0, 5'000'001)};
    std::vector<MadeTensor> result = wanted_tensors(made);
    CAPTURE(i);
    const Comparison same = held_against(folder, made.program, made.sources, result, options);
    CHECK(same.same());
    CHECK(same.equal == result.size());
    std::vector<BitDifference> differences;
    for (MadeTensor& tensor : result) {
      if (!tensor.bytes.empty() && draw.from(0, 1) == 0) differences.push_back(change(draw, tensor));
    }
    told += differences.size();
    CHECK(held_against(folder, made.program, made.sources, result, options).bits == differences);
  }
  CHECK(told > 50);
}

TEST_CASE("values that are computed, and matrices that are transposed in windows, are held against what is there") {
  const CheckpointFolder folder;
  Draw draw(32);
  const Plan plan = test::plan_of("x[r c] -> y[c r] as bf16\n z[r c] -> w[c r]");
  const std::vector<MadeTensor> sources{random_tensor(draw, "x", Dtype::u8, {700, 900}),
                                        random_tensor(draw, "z", Dtype::f32, {1500, 1300})};
  const auto from = open_checkpoint(folder.write("source.safetensors", sources));
  REQUIRE(from);
  const auto bound = test::bound_to(plan, from->index());
  REQUIRE(bound);
  std::vector<MadeTensor> result;
  for (auto& [key, tensor] : test::converted(plan, sources)) result.push_back(std::move(tensor));
  REQUIRE(result.size() == 2);
  for (const unsigned threads : {1U, 3U}) {
    const RunOptions options{.threads = threads, .memory = 0};
    CHECK(held_against(folder, bound->program, sources, result, options).same());
    std::vector<MadeTensor> other = result;
    std::vector<BitDifference> differences;
    for (MadeTensor& tensor : other) differences.push_back(change(draw, tensor));
    auto found = held_against(folder, bound->program, sources, other, options).bits;
    std::ranges::sort(found, {}, &BitDifference::key);
    std::ranges::sort(differences, {}, &BitDifference::key);
    CHECK(found == differences);
  }
}

TEST_CASE("headers that differ are told, and keys outside the root are nobody's business") {
  const CheckpointFolder folder;
  Draw draw(33);
  const Plan plan = test::plan_of("x <-> m.x\n y <-> m.y\n z <-> m.z\n v <-> m.v");
  std::vector<MadeTensor> sources;
  for (const char* key : {"x", "y", "z", "v"}) sources.push_back(random_tensor(draw, key, Dtype::f32, {4, 2}));
  std::vector<TensorInfo> infos;
  for (const MadeTensor& source : sources) infos.push_back(source.info);
  const auto bound = test::bound_to(plan, TensorIndex({"from.safetensors"}, infos));
  REQUIRE(bound);
  std::vector<MadeTensor> result = sources;
  for (MadeTensor& tensor : result) tensor.info.key = "m." + tensor.info.key;
  result[0].info.shape = {2, 4};
  result[1].info.dtype = Dtype::i32;
  result[2].info.key = "m.extra";
  result.push_back(random_tensor(draw, "optim.x", Dtype::f32, {3}));
  Comparison wanted;
  wanted.only_a = {"m.z"};
  wanted.only_b = {"m.extra"};
  wanted.dtypes = {{"m.y", Dtype::f32, Dtype::i32}};
  wanted.shapes = {{"m.x", {4, 2}, {2, 4}}};
  wanted.equal = 1;
  CHECK(held_against(folder, bound->program, sources, result, {}, "m.") == wanted);
  wanted.only_b.emplace_back("optim.x");
  CHECK(held_against(folder, bound->program, sources, result) == wanted);
}

TEST_CASE("a tie that does not hold is an error, as of a run") {
  const CheckpointFolder folder;
  Draw draw(34);
  const std::vector<MadeTensor> sources{random_tensor(draw, "x", Dtype::f32, {4}),
                                        random_tensor(draw, "y", Dtype::f32, {4})};
  CopyProgram program;
  program.ties.push_back({0, 1, {}});
  const auto from = open_checkpoint(folder.write("from.safetensors", sources));
  REQUIRE(from);
  const auto found = verify_result(program, *from, *from, {}, {});
  REQUIRE_FALSE(found);
  CHECK(found.error().front().code == Code::tie_differs);
}

}  // namespace
}  // namespace omap
