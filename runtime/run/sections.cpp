#include "runtime/run/sections.h"

#include <algorithm>
#include <tuple>

namespace omap {

Sections sections_of(const CopyProgram& program, const CheckpointLayout& layout) {
  Sections all;
  for (std::size_t i = 0; i < program.destinations.size(); ++i) {
    const TensorPlace& place = layout.places[i];
    for (const BoxCopy& box : program.destinations[i].boxes) {
      if (box.copy.empty()) continue;
      const ComputedBox* computed = box.computed ? &program.computed[*box.computed] : nullptr;
      all.boxes.push_back({&box, computed, place.file, place.offset, place.offset + box.copy.dst_offset,
                           place.offset + dst_end(box.copy)});
    }
  }
  std::ranges::sort(all.boxes, {}, [](const PlacedBox& box) { return std::tuple(box.file, box.begin); });

  for (std::size_t i = 0; i < all.boxes.size(); ++i) {
    const PlacedBox& box = all.boxes[i];
    if (!all.sections.empty() && all.sections.back().file == box.file && box.begin < all.sections.back().end) {
      all.sections.back().end = std::max(all.sections.back().end, box.end);
      all.sections.back().last = i + 1;
    } else {
      all.sections.push_back({box.file, box.begin, box.end, i, i + 1});
    }
  }
  return all;
}

}  // namespace omap
