#include "runtime/bind/stored_destination.h"

#include "runtime/dtype/element.h"

namespace omap {

std::vector<std::int64_t> element_strides(const TensorInfo& tensor) {
  return tensor.strides.empty() ? dense_strides(tensor.shape) : tensor.strides;
}

BoxLoops whole_loops(const TensorInfo& tensor) {
  const auto source = element_strides(tensor);
  const auto destination = dense_strides(tensor.shape);
  BoxLoops loops;
  for (std::size_t i = 0; i < source.size(); ++i) {
    loops.loops.push_back({"", tensor.shape[i], source[i], destination[i]});
  }
  return loops;
}

Destination same_destination(const TensorInfo& source, std::uint32_t place) {
  Destination destination;
  destination.dtype = source.dtype;
  destination.shape = source.shape;
  destination.bytes = static_cast<std::uint64_t>(byte_count(source.dtype, source.shape).value_or(0));
  if (destination.bytes == 0) return destination;
  destination.boxes.push_back({place, source.strides.empty()
                                          ? StridedCopy{0, 0, destination.bytes, {}}
                                          : move_elements(whole_loops(source), bits(source.dtype) / 8)});
  return destination;
}

BoundInstance stored_destination(const TensorInfo& source, std::uint32_t place, Dtype dtype) {
  BoundInstance made;
  const auto bytes = byte_count(dtype, source.shape);
  if (!bytes && bits(dtype) % 8 == 0) {
    made.problem = InstanceProblem{Code::size_overflow, source.key, "would become a dense tensor, too large", {}};
    return made;
  }
  Destination& destination = made.destinations.emplace_back(same_destination(source, place));
  if (dtype == source.dtype) return made;
  destination.dtype = dtype;
  destination.bytes = static_cast<std::uint64_t>(*bytes);
  if (destination.boxes.empty()) return made;
  const BoxLoops loops = whole_loops(source);
  destination.boxes = {{BoxCopy::zero, scatter_elements(loops, bits(dtype) / 8), 0}};
  ComputedBox& box = made.computed.emplace_back();
  box.computation.source = source.dtype;
  box.computation.destination = dtype;
  box.source = {place, {gather_elements(loops, bits(source.dtype) / 8)}};
  made.inexact = !holds_all(dtype, source.dtype);
  return made;
}

}  // namespace omap
