#include "runtime/run/verify_result.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/run/buffer_pair.h"
#include "runtime/run/fill_slab.h"
#include "runtime/run/progress.h"
#include "runtime/run/read_dense.h"
#include "runtime/run/slab_queue.h"
#include "runtime/run/tie_check.h"
#include "runtime/run/worker_pool.h"

namespace omap {
namespace {

/// No element is larger, and all sizes of elements divide it.
constexpr std::uint64_t max_element = 16;

/// The headers that the program would write.
TensorIndex headers_of(const CopyProgram& program) {
  std::vector<TensorInfo> tensors;
  for (const Destination& made : program.destinations) tensors.push_back({made.key, made.dtype, made.shape, {}});
  return TensorIndex({}, std::move(tensors));
}

/// Each destination is a file of its own, which begins with its first byte: then no slab holds two of them.
CheckpointLayout one_file_each(const CopyProgram& program) {
  CheckpointLayout layout;
  for (std::uint32_t i = 0; i < program.destinations.size(); ++i) layout.places.push_back({i, 0});
  return layout;
}

/// Slabs then hold whole elements: sections, and loops of copies, do, and so does what memory divides into.
RunOptions in_whole_elements(RunOptions options) {
  const std::uint64_t unit = 2 * max_element * std::max(1U, options.threads);
  options.memory -= options.memory % unit;
  return options;
}

/// Compares a filled slab with the bytes that `tensor` has in its place, which pass through `scratch`.
Result<std::optional<ElementDifference>> compare_slab(const Slab& slab, std::span<const std::byte> filled,
                                                      const CheckpointReader& reader, const TensorInfo& tensor,
                                                      std::span<std::byte> scratch) {
  const std::uint64_t unit = compared_bytes(tensor.dtype);
  const std::uint64_t chunk = scratch.size() - scratch.size() % max_element;
  std::optional<ElementDifference> all;
  for (std::uint64_t row = 0; row < slab.rows; ++row) {
    for (std::uint64_t done = 0; done < slab.width; done += chunk) {
      const std::uint64_t at = slab.offset + row * slab.pitch + done;
      const std::span there = scratch.first(std::min(chunk, slab.width - done));
      if (auto read = read_dense(reader, tensor, at, there); !read) return fail(std::move(read.error()));
      auto part = differing_units(filled.subspan(row * slab.width + done, there.size()), there, unit);
      if (!part) continue;
      part->first += at / unit;
      add_part(all, *part);
    }
  }
  return all;
}

}  // namespace

Result<Comparison> verify_result(const CopyProgram& program, const CheckpointReader& source,
                                 const CheckpointReader& result, std::string_view root, RunOptions options) {
  options = in_whole_elements(std::move(options));
  const TensorIndex made = headers_of(program);
  HeaderComparison headers = compare_headers(made, result.index(), root);
  std::vector<std::optional<std::size_t>> alike_of(made.tensors().size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < headers.alike.size(); ++i) {
    alike_of[headers.alike[i].a] = i;
    total += dense_bytes(made.tensors()[headers.alike[i].a]);
  }

  const Sections sections = sections_of(program, one_file_each(program));
  const BufferSizes sizes = buffer_sizes(sections, options);
  const std::vector<BufferPair> buffers = buffer_pairs(sizes.threads, sizes.slab_buffer(), sizes.scratch);
  if (auto equal = check_ties(program.ties, source, buffers); !equal) return fail(std::move(equal.error()));

  std::vector<std::optional<ElementDifference>> differences(headers.alike.size());
  std::mutex adding;
  Progress progress(options.progress, 0, total);
  SlabQueue slabs(sections, sizes);
  auto compared = on_workers(sizes.threads, [&](unsigned worker, const std::stop_token& stop) -> Result<void> {
    while (!stop.stop_requested()) {
      const auto slab = slabs.next(worker);
      if (!slab) break;
      const std::optional<std::size_t> alike = alike_of[slab->file];
      if (!alike) continue;
      const std::span bytes = buffers[worker].first().first(slab->bytes());
      const std::span scratch = buffers[worker].second();
      if (auto done = fill_slab(*slab, sections, source, bytes, scratch); !done) return done;
      const TensorInfo& there = result.index().tensors()[headers.alike[*alike].b];
      const auto part = compare_slab(*slab, bytes, result, there, scratch);
      if (!part) return fail(part.error());
      if (*part) {
        const std::scoped_lock lock(adding);
        add_part(differences[*alike], **part);
      }
      progress.add(slab->bytes());
    }
    return {};
  });
  if (compared) compared = source.check_unchanged();
  if (compared) compared = result.check_unchanged();
  if (!compared) return fail(std::move(compared.error()));
  return with_bits(std::move(headers), made, differences);
}

}  // namespace omap
