#include "runtime/torch/fresh_memory.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <cstdlib>

namespace omap {
namespace {

constexpr std::uint64_t huge_page = 2 << 20;
/// Larger ones have so many whole huge pages that it does not matter where the first begins.
constexpr std::uint64_t least_unaligned = 64 << 20;

/// Of huge pages that are not filled nothing is asked: the rest of the last would be memory that nobody uses.
void advise_huge_pages(void* memory, std::uint64_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t from = (begin + huge_page - 1) / huge_page * huge_page;
  const std::uintptr_t to = (begin + bytes) / huge_page * huge_page;
  if (to > from) static_cast<void>(madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE));
}

}  // namespace

at::Tensor empty_on_huge_pages(const std::vector<std::int64_t>& shape, const at::TensorOptions& options,
                               std::uint64_t bytes) {
  if (bytes < huge_page) return at::empty(shape, options);
  void* memory = nullptr;
  if (bytes < least_unaligned && posix_memalign(&memory, huge_page, bytes) == 0) {
    advise_huge_pages(memory, bytes);
    return at::from_blob(
        memory, shape, [](void* freed) { std::free(freed); }, options);
  }
  at::Tensor tensor = at::empty(shape, options);
  advise_huge_pages(tensor.data_ptr(), bytes);
  return tensor;
}

}  // namespace omap
