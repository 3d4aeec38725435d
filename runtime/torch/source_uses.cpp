#include "runtime/torch/source_uses.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <c10/core/InferenceMode.h>

#include <algorithm>

namespace omap {
namespace {

/// glibc keeps what was not mapped on its own: blocks of up to 32 MiB, once one such was freed.
void give_memory_back() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

/// Giving back walks the heap: seldom enough to cost nothing, often enough to be little beside a model.
constexpr std::uint64_t give_back_bytes = 256 << 20;

std::vector<std::uint32_t> sources_of(const CopyProgram& program, const Destination& destination) {
  std::vector<std::uint32_t> sources;
  for (const BoxCopy& box : destination.boxes) {
    if (!box.computed) {
      if (box.source != BoxCopy::zero) sources.push_back(box.source);
      continue;
    }
    const ComputedBox& computed = program.computed[*box.computed];
    if (computed.source) sources.push_back(computed.source->source);
    for (const ComputedBox::Input& operand : computed.operands) sources.push_back(operand.source);
  }
  std::ranges::sort(sources);
  const auto [first, last] = std::ranges::unique(sources);
  sources.erase(first, last);
  return sources;
}

}  // namespace

SourceUses::SourceUses(const CopyProgram& program, std::vector<at::Tensor> sources, bool release)
    : sources_(std::move(sources)), release_(release), uses_(sources_.size(), 0) {
  read_by_.reserve(program.destinations.size());
  for (const Destination& destination : program.destinations) {
    read_by_.push_back(sources_of(program, destination));
    for (const std::uint32_t source : read_by_.back()) ++uses_[source];
  }
  if (!release_) return;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (uses_[i] == 0) sources_[i].reset();
  }
}

bool SourceUses::can_take(std::uint32_t source) const {
  const at::Tensor& tensor = sources_[source];
  // Memory that an allocator did not give (from_blob, shared or mapped memory, other processes') cannot be resized.
  return release_ && uses_[source] == 1 && tensor.use_count() == 1 && tensor.storage().use_count() == 1 &&
         tensor.storage().resizable() && tensor.is_inference() == c10::InferenceMode::is_enabled();
}

void SourceUses::done(std::size_t destination) {
  if (!release_) return;
  // What is freed outlives the lock: giving memory back takes a while.
  std::vector<at::Tensor> freed;
  bool give_back = false;
  {
    const std::scoped_lock lock(mutex_);
    for (const std::uint32_t source : read_by_[destination]) {
      if (--uses_[source] > 0) continue;
      if (sources_[source].is_cpu()) released_ += sources_[source].nbytes();
      freed.push_back(std::move(sources_[source]));
    }
    give_back = released_ >= give_back_bytes;
    if (give_back) released_ = 0;
  }
  freed.clear();
  if (give_back) give_memory_back();
}

}  // namespace omap
