// Values from a file, some bytes of a destination at a time and through small buffers, as a run computes large tensors:
// the same as the reference makes at once.
#include <doctest/doctest.h>

#include <algorithm>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/copy/clip.h"
#include "runtime/copy/copy_kernel.h"
#include "runtime/run/compute_part.h"
#include "runtime/run/gather.h"
#include "tests/reference/check.h"
#include "tests/reference/convert.h"
#include "tests/reference/interpret.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/random_mapping.h"
#include "tests/reference/settings.h"
#include "tests/unit/checkpoint_folder.h"

using namespace omap;
using namespace omap::test;

namespace {

CheckpointReader written(const CheckpointFolder& folder, const Tensors& tensors) {
  std::vector<MadeTensor> made;
  std::uint64_t offset = 0;
  for (const auto& [key, tensor] : tensors) {
    made.push_back({{key, tensor.dtype, tensor.shape, {0, offset, tensor.bytes.size()}}, tensor.bytes});
    offset += tensor.bytes.size();
  }
  auto reader = open_checkpoint(folder.write("source.safetensors", made));
  REQUIRE(reader);
  return std::move(*reader);
}

/// The bytes [begin, end) of a destination.
void fill_piece(const CopyProgram& program, const Destination& destination, const CheckpointReader& source,
                std::uint64_t begin, std::uint64_t end, std::span<std::byte> scratch, std::byte* bytes) {
  const auto staging = scratch.first(scratch.size() / 2);
  const MoveInput move = [&](std::uint32_t place, std::uint32_t piece, const StridedCopy& copy, std::byte* out) {
    const ByteRange& tensor = stored_bytes(source.index().tensors()[place], piece);
    const ReadSource read = [&](std::uint64_t offset, std::span<std::byte> to) {
      return source.read(tensor.file, tensor.offset + offset, to);
    };
    return gather(copy, read, out, scratch.subspan(staging.size()));
  };
  for (const BoxCopy& box : destination.boxes) {
    clip(box.copy, begin, end, [&](const StridedCopy& part) {
      if (box.computed) {
        REQUIRE(compute_part(program.computed[*box.computed], part, move, bytes, staging));
      } else if (box.source == BoxCopy::zero) {
        fill_zero(part, bytes);
      } else {
        const ByteRange& tensor = source.index().tensors()[box.source].bytes;
        std::vector<std::byte> whole(tensor.size);
        REQUIRE(source.read(tensor.file, tensor.offset, whole));
        execute(part, whole.data(), bytes);
      }
    });
  }
}

Tensor in_pieces(Random& random, const CopyProgram& program, const Destination& destination,
                 const CheckpointReader& source) {
  Tensor made{destination.dtype, destination.shape, std::vector<std::byte>(destination.bytes, std::byte{0xa5})};
  std::vector<std::byte> scratch(256 + random.below(1024));
  for (std::uint64_t begin = 0; begin < destination.bytes;) {
    const std::uint64_t end = std::min<std::uint64_t>(destination.bytes, begin + 1 + random.below(200));
    fill_piece(program, destination, source, begin, end, scratch, made.bytes.data());
    begin = end;
  }
  return made;
}

}  // namespace

TEST_CASE("values that are computed in small pieces are those that the reference makes") {
  const Run run = run_settings(250);
  std::map<std::string, std::size_t> refused;
  std::size_t computed = 0;
  for (std::uint64_t seed = run.seed; seed < run.seed + run.cases; ++seed) {
    Random random(seed);
    const Mapping mapping = random_mapping(random, refused, 100);
    CAPTURE(seed);
    CAPTURE(spell(mapping));
    const Compiled compilation = compiled(mapping);
    REQUIRE(compilation.plan);
    const CheckpointFolder folder;
    for (const Direction direction : {Direction::right, Direction::left}) {
      const auto rules = flatten(mapping);
      if (std::none_of(rules.begin(), rules.end(), [&](const FlatRule& flat) { return flat.rule.runs(direction); }))
        continue;
      const Tensors sources = made_sources(mapping, direction, Alternative::first);
      const CheckpointReader reader = written(folder, sources);
      const auto bound = bind_plan(*compilation.plan, reader.index(), Configs{}, bind_options(mapping, direction));
      REQUIRE(bound);
      Tensors made;
      for (const Destination& destination : bound->program.destinations) {
        made[destination.key] = in_pieces(random, bound->program, destination, reader);
      }
      computed += bound->program.computed.size();
      const Interpretation wanted = interpret(mapping, direction, sources);
      REQUIRE(first_difference(made, wanted.made, wanted.computed) == "");
    }
  }
  CHECK(computed >= run.cases);
}
