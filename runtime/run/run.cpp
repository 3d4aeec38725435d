#include "runtime/run/run.h"

#include <vector>

#include "runtime/run/buffer_pair.h"
#include "runtime/run/fill_slab.h"
#include "runtime/run/progress.h"
#include "runtime/run/slab_queue.h"
#include "runtime/run/tie_check.h"
#include "runtime/run/worker_pool.h"

namespace omap {
namespace {

/// Bytes of the source that a box needs: repeats are read once.
std::uint64_t source_bytes(StridedCopy copy) {
  if (!copy.empty()) std::erase_if(copy.dims, [](const CopyDim& dim) { return dim.src_stride == 0; });
  return copy.bytes();
}

std::uint64_t source_bytes(const ComputedBox::Input& input) {
  std::uint64_t bytes = 0;
  for (const StridedCopy& copy : input.copies) bytes += source_bytes(copy);
  return bytes;
}

std::uint64_t source_bytes(const CopyProgram& program, const BoxCopy& box) {
  if (box.computed) {
    const ComputedBox& computed = program.computed[*box.computed];
    std::uint64_t bytes = computed.source ? source_bytes(*computed.source) : 0;
    for (const ComputedBox::Input& operand : computed.operands) bytes += source_bytes(operand);
    return bytes;
  }
  return box.source == BoxCopy::zero ? 0 : source_bytes(box.copy);
}

/// Those of files that an earlier run has not finished.
Sections unfinished(Sections all, const StagedOutput& output) {
  std::erase_if(all.sections, [&output](const Section& section) { return output.is_finished(section.file); });
  return all;
}

std::vector<std::uint64_t> bytes_by_file(const Sections& sections, const CheckpointLayout& layout) {
  std::vector<std::uint64_t> bytes(layout.files.size(), 0);
  for (const Section& section : sections.sections) bytes[section.file] += section.bytes();
  return bytes;
}

}  // namespace

RunEstimate estimate(const CopyProgram& program, const TensorIndex& source, const CheckpointLayout& layout,
                     const RunOptions& options) {
  RunEstimate result;
  result.tensors = program.destinations.size();
  for (const Destination& destination : program.destinations) {
    for (const BoxCopy& box : destination.boxes) result.bytes_read += source_bytes(program, box);
  }
  for (const TieCheck& tie : program.ties) {
    result.bytes_read += dense_bytes(source.tensors()[tie.first]) + dense_bytes(source.tensors()[tie.second]);
  }
  result.bytes_written = layout.total_bytes();
  result.buffer_bytes = buffer_sizes(sections_of(program, layout), options).total();
  return result;
}

Result<void> run(const CopyProgram& program, const CheckpointReader& source, const CheckpointLayout& layout,
                 StagedOutput& output, const RunOptions& options) {
  const Sections sections = unfinished(sections_of(program, layout), output);
  output.expect(bytes_by_file(sections, layout));
  const BufferSizes sizes = buffer_sizes(sections, options);
  const std::vector<BufferPair> buffers = buffer_pairs(sizes.threads, sizes.slab_buffer(), sizes.scratch);
  if (auto equal = check_ties(program.ties, source, buffers); !equal) return equal;

  std::uint64_t data = 0;
  for (const Section& section : sections.sections) data += section.bytes();
  Progress progress(options.progress, layout.total_bytes() - data, layout.total_bytes());
  SlabQueue slabs(sections, sizes);
  auto written = on_workers(sizes.threads, [&](unsigned worker, const std::stop_token& stop) -> Result<void> {
    while (!stop.stop_requested()) {
      const auto slab = slabs.next(worker);
      if (!slab) break;
      const std::span bytes = buffers[worker].first().first(slab->bytes());
      if (auto done = fill_slab(*slab, sections, source, bytes, buffers[worker].second()); !done) return done;
      if (auto done = write_slab(*slab, bytes, output); !done) return done;
      progress.add(slab->bytes());
    }
    return {};
  });
  return written ? source.check_unchanged() : written;
}

}  // namespace omap
