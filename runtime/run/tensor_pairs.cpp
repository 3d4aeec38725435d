#include "runtime/run/tensor_pairs.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "runtime/dtype/element.h"
#include "runtime/run/read_dense.h"
#include "runtime/run/worker_pool.h"

namespace omap {
namespace {

struct Chunk {
  std::size_t pair = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Hands out the chunks of all pairs, in order, until it is closed.
class ChunkQueue {
 public:
  ChunkQueue(std::span<const TensorPair> pairs, std::uint64_t chunk) : pairs_(pairs), chunk_(chunk) {}

  std::optional<Chunk> next() {
    const std::scoped_lock lock(mutex_);
    for (; pair_ < pairs_.size(); ++pair_, offset_ = 0) {
      const std::uint64_t bytes = dense_bytes(*pairs_[pair_].a.tensor);
      if (offset_ == bytes) continue;
      const Chunk chunk{pair_, offset_, std::min(chunk_, bytes - offset_)};
      offset_ += chunk.size;
      return chunk;
    }
    return std::nullopt;
  }

  void close() {
    const std::scoped_lock lock(mutex_);
    pair_ = pairs_.size();
  }

 private:
  std::span<const TensorPair> pairs_;
  std::uint64_t chunk_;
  std::mutex mutex_;
  std::size_t pair_ = 0;
  std::uint64_t offset_ = 0;
};

Result<void> read(const TensorSource& source, std::uint64_t offset, std::span<std::byte> out) {
  return read_dense(*source.reader, *source.tensor, offset, out);
}

std::optional<ElementDifference> differing_elements(std::span<const std::byte> a, std::span<const std::byte> b,
                                                    Dtype dtype, const std::optional<Tolerance>& tolerance) {
  if (tolerance && can_decode(dtype)) return differing_numbers(a, b, dtype, *tolerance);
  return differing_units(a, b, compared_bytes(dtype));
}

}  // namespace

Result<void> compare_tensors(std::span<const TensorPair> pairs, std::span<const BufferPair> buffers,
                             const OnDifference& on_difference, const std::optional<Tolerance>& tolerance) {
  std::uint64_t chunk_bytes = UINT64_MAX;
  for (const BufferPair& pair : buffers)
    chunk_bytes = std::min({chunk_bytes, pair.first().size(), pair.second().size()});
  // Whole elements: none is larger than 16 bytes.
  ChunkQueue chunks(pairs, chunk_bytes - chunk_bytes % 16);
  std::mutex telling;

  return on_workers(static_cast<unsigned>(buffers.size()),
                    [&](unsigned worker, const std::stop_token& stop) -> Result<void> {
                      while (!stop.stop_requested()) {
                        const auto chunk = chunks.next();
                        if (!chunk) break;
                        const TensorPair& pair = pairs[chunk->pair];
                        const std::span a = buffers[worker].first().first(chunk->size);
                        const std::span b = buffers[worker].second().first(chunk->size);
                        if (auto done = read(pair.a, chunk->offset, a); !done) return done;
                        if (auto done = read(pair.b, chunk->offset, b); !done) return done;
                        const Dtype dtype = pair.a.tensor->dtype;
                        auto difference = differing_elements(a, b, dtype, tolerance);
                        if (!difference) continue;
                        difference->first += chunk->offset / compared_bytes(dtype);
                        const std::scoped_lock lock(telling);
                        if (!on_difference(chunk->pair, *difference)) chunks.close();
                      }
                      return {};
                    });
}

}  // namespace omap
