#include "tests/fuzz/read_checkpoint.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "diagnostics/render.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/read_dense.h"
#include "tests/fuzz/require.h"

namespace omap::fuzz {
namespace {

/// Strides of 0 make large tensors of small files: of those, the beginning is read.
constexpr std::uint64_t max_read = 1 << 12;
constexpr std::uint64_t max_read_in_all = 1 << 16;

void require_stored(const CheckpointReader& reader, const ByteRange& bytes) {
  require(bytes.file < reader.index().files().size(), "stored bytes are in a file of the checkpoint");
  const std::uint64_t size = std::filesystem::file_size(reader.index().files()[bytes.file]);
  require(bytes.offset <= size && bytes.size <= size - bytes.offset, "stored bytes lie in their file");
  std::array<std::byte, 64> some{};
  const std::uint64_t count = std::min<std::uint64_t>(bytes.size, some.size());
  const std::span<std::byte> out = std::span(some).first(count);
  require(reader.read(bytes.file, bytes.offset, out).has_value(), "the first stored bytes can be read");
  require(reader.read(bytes.file, bytes.offset + bytes.size - count, out).has_value(), "the last ones too");
}

}  // namespace

void require_explained(const Diagnostics& errors) {
  require(has_errors(errors), "what is refused has an error");
  for (const Diagnostic& error : errors) {
    require(!render_text(error, {}, false).empty(), "an error has a text");
    require(!error.helps.empty(), "an error says what to do");
  }
}

void require_readable(const std::filesystem::path& path) {
  const auto reader = open_checkpoint(path);
  if (!reader) return require_explained(reader.error());
  const TensorIndex& index = reader->index();
  std::uint64_t left = max_read_in_all;
  for (std::size_t i = 0; i < index.tensors().size(); ++i) {
    const TensorInfo& tensor = index.tensors()[i];
    require(index.find(tensor.key) == i, "a tensor is found by its key");
    require(tensor.strides.empty() || tensor.strides.size() == tensor.shape.size(), "strides are of all dimensions");
    if (tensor.pieces.empty()) require_stored(*reader, tensor.bytes);
    for (const TensorPiece& piece : tensor.pieces) require_stored(*reader, piece.bytes);
    std::vector<std::byte> dense(std::min({dense_bytes(tensor), max_read, left}));
    left -= dense.size();
    require(read_dense(*reader, tensor, 0, dense).has_value(), "a tensor can be read");
  }
  for (const StoredObject& object : reader->objects()) {
    if (const auto value = read_object(object); !value) require_explained(value.error());
  }
}

}  // namespace omap::fuzz
