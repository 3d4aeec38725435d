#include "runtime/torch/destination_queue.h"

#include <algorithm>

namespace omap {

DestinationQueue::DestinationQueue(const CopyProgram& program, std::span<const std::size_t> order,
                                   std::uint64_t part_bytes, Begin begin, Done done)
    : program_(program),
      order_(order),
      part_bytes_(part_bytes),
      begin_(std::move(begin)),
      done_(std::move(done)),
      unfinished_(program.destinations.size(), 0) {}

std::optional<DestinationPart> DestinationQueue::next() {
  const std::scoped_lock lock(mutex_);
  if (at_ == order_.size()) return std::nullopt;
  const std::size_t destination = order_[at_];
  const std::uint64_t bytes = program_.destinations[destination].bytes;
  if (offset_ == 0) {
    bytes_ = begin_(destination);
    const std::uint64_t others = bytes > bytes_ ? bytes - bytes_ : 0;
    unfinished_[destination] = 1 + (others + part_bytes_ - 1) / part_bytes_;
  }
  const DestinationPart part{destination, offset_, std::min(bytes, offset_ + bytes_)};
  bytes_ = part_bytes_;
  offset_ = part.end;
  if (part.end == bytes) {
    ++at_;
    offset_ = 0;
  }
  return part;
}

void DestinationQueue::finish(const DestinationPart& part) {
  {
    const std::scoped_lock lock(mutex_);
    if (--unfinished_[part.destination] > 0) return;
  }
  done_(part.destination);
}

}  // namespace omap
