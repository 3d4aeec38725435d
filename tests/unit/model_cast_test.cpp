// `--dtype`: a model is cast on its way, and what differs from it stays.
#include "runtime/bind/model_cast.h"

#include <doctest/doctest.h>

#include "compiler/driver/commands.h"
#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

using Floats = std::vector<float>;
using Halves = std::vector<std::uint16_t>;

constexpr Direction left = Direction::left;
constexpr Direction right = Direction::right;

Conversion cast_to(Dtype dtype, Direction direction = right, std::vector<std::string> settings = {}) {
  Conversion how{direction, std::move(settings), {}, {}};
  how.dtype = dtype;
  return how;
}

MadeTensor singles(const std::string& key, std::int64_t rows, std::int64_t columns, float first) {
  Floats numbers;
  for (std::int64_t i = 0; i < rows * columns; ++i) numbers.push_back(first + 0.3f * static_cast<float>(i));
  return tensor_of(key, Dtype::f32, {rows, columns}, numbers);
}

Halves rounded(const MadeTensor& made) {
  Halves halves;
  for (const float number : elements_of<float>(made)) halves.push_back(bf16_of(number));
  return halves;
}

std::optional<Dtype> model_of(std::vector<TensorInfo> infos, const std::string& root = "") {
  const TensorIndex index({}, std::move(infos));
  return model_dtype(SourceKeys(index, root));
}

}  // namespace

TEST_CASE("the model's dtype is the float with the most bytes under the root") {
  const TensorInfo f32{"m.a", Dtype::f32, {4}, {}}, bf16{"m.b", Dtype::bf16, {9}, {}},
      f8{"m.c", Dtype::f8_e4m3, {18}, {}};
  const TensorInfo i64{"m.d", Dtype::i64, {100}, {}}, optimizer{"optim.a", Dtype::f32, {100}, {}};
  CHECK(model_of({f32, bf16, i64}) == Dtype::bf16);
  CHECK(model_of({f32, bf16, optimizer}) == Dtype::f32);
  CHECK(model_of({f32, bf16, optimizer}, "m.") == Dtype::bf16);
  // Of two with as many bytes the narrowest.
  CHECK(model_of({bf16, f8}) == Dtype::f8_e4m3);
  CHECK(model_of({f8, bf16}) == Dtype::f8_e4m3);
  CHECK_FALSE(model_of({i64}));
  CHECK_FALSE(model_of({}));
}

TEST_CASE("a cast goes to what has the model's dtype, and to nothing else") {
  const Plan plan = plan_of(
      "param q: int\n wq[q d], wk[k d] <-> qk[d (q + k)]\n plain <-> kept\n router <-> gate\n ids <-> ids2\n"
      "own <-> own2 as f16\n norm[d] <-> norm2[d] + 1\n same extra.*");
  const MadeTensor wq = singles("wq", 2, 3, 1), wk = singles("wk", 1, 3, 9), plain = singles("plain", 4, 5, -2);
  const MadeTensor own = singles("own", 1, 2, 1), norm = tensor_of("norm", Dtype::f32, {2}, Floats{0.3f, 70000});
  const MadeTensor router = tensor_of("router", Dtype::f64, {2}, std::vector<double>{0.1, 1e30});
  const MadeTensor ids = tensor_of("ids", Dtype::i64, {1}, std::vector<std::int64_t>{77});
  const MadeTensor extra = singles("extra.w", 2, 2, 5);
  const auto made =
      converted(plan, {wq, wk, plain, own, norm, router, ids, extra}, cast_to(Dtype::bf16, right, {"q=2"}));
  CHECK(made.at("kept").info.dtype == Dtype::bf16);
  CHECK(elements_of<std::uint16_t>(made.at("kept")) == rounded(plain));
  CHECK(elements_of<std::uint16_t>(made.at("extra.w")) == rounded(extra));
  CHECK(made.at("gate").info.dtype == Dtype::f64);
  CHECK(made.at("gate").bytes == router.bytes);
  CHECK(made.at("ids2").bytes == ids.bytes);
  CHECK(made.at("own2").info.dtype == Dtype::f16);
  // Arithmetic is rounded once, to what is written.
  CHECK(elements_of<std::uint16_t>(made.at("norm2")) == Halves{bf16_of(0.3f - 1), bf16_of(69999)});
  Halves joined;
  const Halves q = rounded(wq), k = rounded(wk);
  for (std::size_t d = 0; d < 3; ++d) joined.insert(joined.end(), {q[d], q[3 + d], k[d]});
  CHECK(elements_of<std::uint16_t>(made.at("qk")) == joined);

  // Back to float32: the bits that were left stay, whatever was written as it was.
  std::vector<MadeTensor> back;
  for (const char* key : {"qk", "kept", "gate", "ids2", "own2", "norm2"}) back.push_back(made.at(key));
  const auto wide = converted(plan, back, cast_to(Dtype::f32, left, {"q=2"}));
  CHECK(wide.at("plain").info.dtype == Dtype::f32);
  CHECK(elements_of<float>(wide.at("plain"))[7] == float_of_bf16(rounded(plain)[7]));
  CHECK(wide.at("own").info.dtype == Dtype::f16);
  CHECK(wide.at("router").bytes == router.bytes);
}

TEST_CASE("what a cast rounds is said, and what it widens is not") {
  const Plan plan = plan_of("x <-> y\n same z");
  const auto inexact = [&](Dtype from, Dtype to) {
    const TensorIndex index({"made"}, {{"x", from, {2}, {}}, {"z", from, {2}, {}}});
    const auto bound = bound_to(plan, index, cast_to(to));
    REQUIRE(bound);
    return std::ranges::any_of(bound->notes, [](const Diagnostic& note) {
      return note.code == Code::result_inexact && note.message.starts_with("`y`, `z`");
    });
  };
  CHECK(inexact(Dtype::f32, Dtype::bf16));
  CHECK(inexact(Dtype::bf16, Dtype::f16));
  CHECK_FALSE(inexact(Dtype::bf16, Dtype::f32));
  CHECK_FALSE(inexact(Dtype::bf16, Dtype::bf16));
}

TEST_CASE("a model without elements or floats has nothing to cast") {
  const Plan plan = plan_of("x <-> y\n same z");
  const MadeTensor empty = tensor_of("x", Dtype::f32, {0, 3}, Floats{});
  const auto made = converted(plan, {empty, tensor_of("z", Dtype::f32, {0}, Floats{})}, cast_to(Dtype::f16));
  CHECK(made.at("y").info.dtype == Dtype::f16);
  CHECK(made.at("z").info.dtype == Dtype::f16);
  const MadeTensor ids = tensor_of("x", Dtype::u8, {1}, std::vector<std::uint8_t>{3});
  CHECK(converted(plan, {ids}, cast_to(Dtype::f16)).at("y").bytes == ids.bytes);
  CHECK(refusals(plan, {ids}, cast_to(Dtype::i8)) == std::vector<Code>{Code::dtype_not_computable});
}

TEST_CASE("a config tells the tensors that are written") {
  const Plan plan = plan_of(R"(param n: int
    param stored: dtype = "f32"
    param seen: int = extent(b:y.0, 0) ?? 7
    index i in 0..n
    x.{i} <-> y.{i}
    config {
        b.dtype = dtype(b:y.0)
        b.stored = stored
        b.either = if present(b:z) then stored else dtype(b:y.1)
        b.rows = extent(b:y.0, 0)
        b.layers = count(b:y.{_})
        b.bias = present(b:z)
        b.none = dtype(b:z)
        b.seen = seen
        a.dtype = dtype(a:x.0)
    }
)");
  const std::vector<TensorInfo> infos{{"x.0", Dtype::f32, {5, 2}, {}}, {"x.1", Dtype::f32, {3}, {}}};
  const auto bound = bound_to(plan, TensorIndex({"made"}, infos), cast_to(Dtype::bf16, right, {"n=2"}));
  REQUIRE(bound);
  CHECK(dump_json(bound->configs.at("config.json")) ==
        R"({"dtype":"bfloat16","stored":"float32","either":"bfloat16","rows":5,"layers":2,"bias":false})");
}

TEST_CASE("`--dtype` takes floats that can be cast to") {
  driver::Console console;
  console.quiet = true;
  const CheckpointFolder folder;
  const auto source = folder.write("source.safetensors", {singles("x", 2, 2, 1)});
  const auto mapping = folder.path() / "made.omap";
  std::ofstream(mapping) << two_sides << "mapping m: a <-> b {\n    x <-> y\n}\n";
  driver::RunArguments arguments;
  arguments.mapping = mapping.string();
  arguments.from = "a=" + source.string();
  arguments.to = "b=" + (folder.path() / "out.safetensors").string();
  for (const char* no : {"i8", "int8", "f4", "f8_e8m0", "half", ""}) {
    arguments.dtype = no;
    CHECK(driver::run(console, arguments) == driver::wrong_usage);
  }
  arguments.dtype = "torch.bfloat16";
  CHECK(driver::run(console, arguments) == driver::done);
  driver::VerifyArguments verified{arguments.mapping, arguments.from, arguments.to, {}, "bf16", {}};
  CHECK(driver::verify(console, verified) == driver::done);
  verified.dtype = std::nullopt;
  CHECK(driver::verify(console, verified) == driver::wrong_input);
}
