#include "runtime/run/conversion_digest.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "runtime/plan/version.h"

// The library's code in this unit: nothing to link.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace omap {
namespace {

/// Takes in numbers and texts, each so that none runs into the next: lists and texts begin with their lengths.
class Digest {
 public:
  Digest() { XXH3_128bits_reset(&state_); }

  void add(std::uint64_t number) { XXH3_128bits_update(&state_, &number, sizeof number); }
  void add(std::int64_t number) { add(static_cast<std::uint64_t>(number)); }
  void add(std::uint32_t number) { add(std::uint64_t{number}); }
  void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  void add(Dtype dtype) { add(name(dtype)); }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    XXH3_128bits_update(&state_, text.data(), text.size());
  }
  template <class Element>
  void add(const std::vector<Element>& list) {
    add(std::uint64_t{list.size()});
    for (const Element& element : list) add(element);
  }
  template <class Value>
  void add(const std::optional<Value>& value) {
    add(std::uint64_t{value.has_value()});
    if (value) add(*value);
  }

  void add(const CopyDim& dim) { add(dim.extent), add(dim.src_stride), add(dim.dst_stride); }
  void add(const StridedCopy& copy) { add(copy.src_offset), add(copy.dst_offset), add(copy.run_bytes), add(copy.dims); }
  void add(const BoxCopy& box) { add(box.source), add(box.copy), add(box.computed), add(box.piece); }
  void add(const Destination& made) {
    add(made.key), add(made.dtype), add(made.shape), add(made.bytes), add(made.boxes);
  }
  void add(const ComputedBox::Input& input) { add(input.source), add(input.copies), add(input.pieces); }
  void add(const ValueStep& step) { add(static_cast<std::uint64_t>(step.op)), add(step.number), add(step.operand); }
  void add(const ComputedBox& box) {
    const Computation& how = box.computation;
    add(how.source), add(how.start), add(how.destination), add(how.operands), add(how.steps);
    add(box.source), add(box.operands);
  }

  void add(const ByteRange& bytes) { add(bytes.file), add(bytes.offset), add(bytes.size); }
  void add(const TensorPiece& piece) { add(piece.offsets), add(piece.sizes), add(piece.bytes), add(piece.strides); }
  void add(const TensorInfo& tensor) {
    add(tensor.key), add(tensor.dtype), add(tensor.shape), add(tensor.bytes), add(tensor.strides), add(tensor.pieces);
  }
  void add(const FileStamp& stamp) { add(stamp.size), add(stamp.modified_ns); }
  void add(const FixedBytes& fixed) { add(fixed.offset), add(fixed.bytes); }
  void add(const DataChecksum& sum) { add(sum.begin), add(sum.end), add(sum.places); }
  void add(const OutputFile& file) {
    add(file.name), add(file.head), add(file.size), add(file.fixed), add(file.checksums);
  }
  void add(const TensorPlace& place) { add(place.file), add(place.offset); }

  [[nodiscard]] std::string text() const {
    const XXH128_hash_t sum = XXH3_128bits_digest(&state_);
    return fmt::format("{:016x}{:016x}", sum.high64, sum.low64);
  }

 private:
  XXH3_state_t state_;
};

}  // namespace

std::string conversion_digest(const CopyProgram& program, const CheckpointReader& source,
                              const CheckpointLayout& layout) {
  Digest digest;
  digest.add(omap_version);
  digest.add(program.destinations), digest.add(program.computed);
  for (const std::filesystem::path& path : source.index().files()) {
    std::error_code ignored;
    digest.add(std::filesystem::absolute(path, ignored).string());
  }
  digest.add(source.stamps()), digest.add(source.index().tensors());
  digest.add(layout.files), digest.add(layout.places), digest.add(layout.index);
  return digest.text();
}

}  // namespace omap
