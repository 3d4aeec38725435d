// A plan that nobody vouches for, bound to tensors of the names that it reads.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "diagnostics/render.h"
#include "runtime/bind/bind.h"
#include "runtime/plan/plan_json.h"
#include "tests/fuzz/require.h"

using namespace omap;

namespace {

/// Tensors of so many are enough to bind most of what a plan says.
constexpr std::size_t max_tensors = 200;
/// Plans with large numbers take their time, and are not what is looked for.
constexpr std::size_t max_plan_bytes = 64 << 10;

std::string key_text(const KeyTemplate& key, std::string_view number) {
  std::string text;
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::text) text += part.text;
    if (part.kind == KeyPart::Kind::placeholder) text += number;
    if (part.kind == KeyPart::Kind::alternatives) text += part.names.front();
  }
  return text;
}

/// A tensor for each key that the plan reads, for one or two values of its indexes; all dimensions are `extent`.
TensorIndex tensors_for(const Plan& plan, Direction direction, std::int64_t extent) {
  std::vector<TensorInfo> tensors;
  std::set<std::string> keys;
  std::uint64_t offset = 0;
  for (const Rule& rule : plan.rules) {
    for (const Term& term : rule.sources(direction)) {
      if (!term.is_tensor()) continue;
      for (const std::string_view number : {"0", "1"}) {
        const std::string key = key_text(term.key, number);
        if (keys.size() == max_tensors || !keys.insert(key).second) continue;
        const std::vector<std::int64_t> shape(term.shape ? std::min<std::size_t>(term.shape->dims.size(), 4) : 1,
                                              extent);
        const auto bytes = static_cast<std::uint64_t>(byte_count(Dtype::f32, shape).value());
        tensors.push_back({key, Dtype::f32, shape, {0, offset, bytes}});
        offset += bytes;
      }
    }
  }
  return TensorIndex({"made"}, std::move(tensors));
}

void require_inside(const TensorIndex& index, std::uint32_t source, const StridedCopy& copy) {
  fuzz::require(source < index.tensors().size(), "a source is in the checkpoint");
  fuzz::require(src_end(copy) <= index.tensors()[source].bytes.size, "what is read lies in its tensor");
}

void require_tiled(const CopyProgram& program, const TensorIndex& index) {
  for (const Destination& destination : program.destinations) {
    std::uint64_t bytes = 0;
    for (const BoxCopy& box : destination.boxes) {
      fuzz::require(dst_end(box.copy) <= destination.bytes, "what is written lies in its tensor");
      bytes += box.copy.bytes();
      if (!box.computed && box.source != BoxCopy::zero) require_inside(index, box.source, box.copy);
    }
    fuzz::require(bytes == destination.bytes, "boxes have as many bytes as their tensor");
  }
  for (const ComputedBox& box : program.computed) {
    if (!box.source) continue;
    for (const StridedCopy& copy : box.source->copies) require_inside(index, box.source->source, copy);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > max_plan_bytes) return 0;
  const auto plan = read_plan({reinterpret_cast<const char*>(data), size}, "input");
  if (!plan) return 0;
  for (const Direction direction : {Direction::right, Direction::left}) {
    for (const std::int64_t extent : {1, 6, 24}) {
      const TensorIndex index = tensors_for(*plan, direction, extent);
      BindOptions options;
      options.direction = direction;
      const auto bound = bind_plan(*plan, index, {}, options);
      if (bound) {
        require_tiled(bound->program, index);
        continue;
      }
      fuzz::require(has_errors(bound.error()), "what is refused has an error");
      for (const Diagnostic& error : bound.error()) {
        fuzz::require(!render_text(error, {}, false).empty(), "an error has a text");
      }
    }
  }
  return 0;
}
