#include "runtime/torch/fresh_memory.h"

#include <ATen/ATen.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace omap {
namespace {

constexpr std::uint64_t huge_page = 2 << 20;
/// Larger ones have so many whole huge pages that it does not matter where the first begins.
constexpr std::uint64_t least_unaligned = 64 << 20;

struct Pages {
  void* begin = nullptr;
  std::size_t bytes = 0;
};

/// Those of some size that lie in [begin, begin + bytes) as a whole.
Pages whole_pages(const void* begin, std::uint64_t bytes, std::uintptr_t page) {
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t from = (first + page - 1) / page * page;
  const std::uintptr_t to = (first + bytes) / page * page;
  return to > from ? Pages{reinterpret_cast<void*>(from), to - from} : Pages{};
}

/// Of huge pages that are not filled nothing is asked: the rest of the last would be memory that nobody uses.
void advise_huge_pages(void* begin, std::uint64_t bytes) {
  const Pages pages = whole_pages(begin, bytes, huge_page);
  if (pages.bytes > 0) static_cast<void>(madvise(pages.begin, pages.bytes, MADV_HUGEPAGE));
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

void populate(const std::byte* begin, std::uint64_t bytes) {
#ifdef MADV_POPULATE_WRITE
  const Pages pages = whole_pages(begin, bytes, static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)));
  if (pages.bytes > 0) static_cast<void>(madvise(pages.begin, pages.bytes, MADV_POPULATE_WRITE));
#endif
}

}  // namespace omap
