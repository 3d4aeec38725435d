// A distributed checkpoint that nobody vouches for: its metadata, and the files that it names, in the order of their
// names. Before each stands its length, in four bytes, little-endian.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/checkpoint/distributed/distributed_metadata.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/read_checkpoint.h"

using namespace omap;

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t max_files = 16;

/// A length and as many bytes, or those that are left.
Bytes take(Bytes& rest) {
  std::size_t length = 0;
  const std::size_t digits = std::min<std::size_t>(4, rest.size());
  for (std::size_t i = 0; i < digits; ++i) length |= std::size_t{rest[i]} << (8 * i);
  rest = rest.subspan(digits);
  const Bytes taken = rest.first(std::min(length, rest.size()));
  rest = rest.subspan(taken.size());
  return taken;
}

/// The files that metadata names, the first of them.
std::set<std::string> files_of(const DistributedMetadata& metadata) {
  std::set<std::string> names;
  for (const DistributedTensor& tensor : metadata.tensors) {
    for (const DistributedChunk& chunk : tensor.chunks) {
      if (!chunk.place.file.empty()) names.insert(chunk.place.file);
    }
  }
  while (names.size() > max_files) names.erase(std::prev(names.end()));
  return names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::InputFolder folder;
  Bytes rest(data, size);
  const Bytes metadata = take(rest);
  const auto path = folder.write(".metadata", metadata);
  const auto parsed = parse_distributed_metadata(std::vector<char>(metadata.begin(), metadata.end()), "input");
  if (parsed) {
    for (const std::string& name : files_of(*parsed)) {
      const std::string held = "file " + std::to_string(folder.links());
      folder.write(held, take(rest));
      folder.link(held, name);
    }
  } else {
    fuzz::require_explained(parsed.error());
  }
  fuzz::require_readable(path);
  folder.forget_links();
  return 0;
}
