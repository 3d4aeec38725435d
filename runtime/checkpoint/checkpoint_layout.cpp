#include "runtime/checkpoint/checkpoint_layout.h"

#include <utility>

namespace omap {

std::uint64_t CheckpointLayout::total_bytes() const {
  std::uint64_t sum = index ? index->size : 0;
  for (const OutputFile& file : files) sum += file.size;
  return sum;
}

OutputFile text_file(std::string name, std::string text) {
  const std::uint64_t size = text.size();
  OutputFile file{std::move(name), std::move(text), size};
  file.role = FileRole::config;
  return file;
}

}  // namespace omap
