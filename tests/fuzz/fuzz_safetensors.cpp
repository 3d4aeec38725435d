// Bytes that nobody vouches for, opened as a safetensors file.
#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/read_checkpoint.h"

using namespace omap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::InputFolder folder;
  fuzz::require_readable(folder.write("model.safetensors", std::span(data, size)));
  return 0;
}
