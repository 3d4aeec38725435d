// A text that nobody vouches for, opened as the index of safetensors files, all of which are the same.
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/read_checkpoint.h"
#include "tests/fuzz/require.h"

using namespace omap;

namespace {

constexpr std::size_t max_names = 16;

std::string file_with_two_tensors() {
  const TensorInfo a{"a", Dtype::f32, {2, 3}, {0, 0, 24}, {}, {}};
  const TensorInfo b{"b", Dtype::u8, {4}, {0, 24, 4}, {}, {}};
  return write_safetensors_header({{a, b}}, {{"format", "pt"}}) + std::string(28, 'x');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::InputFolder folder;
  static const auto shard = folder.write("shard", file_with_two_tensors());
  const auto path = folder.write("model.safetensors.index.json", std::span(data, size));
  const auto parsed = parse_safetensors_index({reinterpret_cast<const char*>(data), size}, "input");
  if (parsed) {
    std::set<std::string> names;
    for (const auto& [key, file] : *parsed) {
      if (names.size() < max_names) names.insert(file);
    }
    for (const std::string& name : names) folder.link("shard", name);
    const auto again = parse_safetensors_index(write_safetensors_index(*parsed, 1, 1), "written");
    fuzz::require(again && *again == *parsed, "an index that was written is the one that was read");
  } else {
    fuzz::require_explained(parsed.error());
  }
  fuzz::require_readable(path);
  folder.forget_links();
  return 0;
}
