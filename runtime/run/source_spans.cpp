#include "runtime/run/source_spans.h"

#include <algorithm>
#include <functional>

namespace omap {

SourceSpans source_spans(const StridedCopy& copy) {
  SourceSpans spans;
  for (std::size_t k = 0; k < copy.dims.size(); ++k) {
    if (copy.dims[k].src_stride != 0) spans.loops.push_back(k);
  }
  std::ranges::stable_sort(spans.loops, std::ranges::greater{}, [&](std::size_t k) { return copy.dims[k].src_stride; });

  spans.span = copy.run_bytes;
  spans.outside = spans.loops.size();
  while (spans.outside > 0) {
    const CopyDim& dim = copy.dims[spans.loops[spans.outside - 1]];
    if (dim.src_stride > spans.span + read_cost) break;
    spans.span += (dim.extent - 1) * dim.src_stride;
    --spans.outside;
  }
  for (std::size_t k = 0; k < spans.outside; ++k) spans.count *= copy.dims[spans.loops[k]].extent;
  return spans;
}

bool reads_well(const StridedCopy& copy) {
  const SourceSpans spans = source_spans(copy);
  return 3 * copy.bytes() >= spans.count * (spans.span + read_cost);
}

}  // namespace omap
