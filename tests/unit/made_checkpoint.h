#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap::test {

/// A tensor of 4-byte elements in memory, all of them distinct within a checkpoint.
struct MadeTensor {
  std::vector<std::int64_t> shape;
  std::vector<std::uint32_t> elements;
  friend bool operator==(const MadeTensor&, const MadeTensor&) = default;
};
using MadeCheckpoint = std::map<std::string, MadeTensor>;

inline std::size_t volume(const std::vector<std::int64_t>& shape) {
  std::size_t n = 1;
  for (const std::int64_t extent : shape) n *= static_cast<std::size_t>(extent);
  return n;
}

inline void add(MadeCheckpoint& checkpoint, const std::string& key, std::vector<std::int64_t> shape,
                std::uint32_t& next) {
  MadeTensor tensor{std::move(shape), {}};
  tensor.elements.resize(volume(tensor.shape));
  for (std::uint32_t& element : tensor.elements) element = next++;
  checkpoint[key] = std::move(tensor);
}

inline TensorIndex index_of(const MadeCheckpoint& checkpoint) {
  std::vector<TensorInfo> tensors;
  std::uint64_t offset = 0;
  for (const auto& [key, tensor] : checkpoint) {
    const std::uint64_t bytes = 4 * tensor.elements.size();
    tensors.push_back({key, Dtype::f32, tensor.shape, {0, offset, bytes}});
    offset += bytes;
  }
  return {{"made.safetensors"}, std::move(tensors)};
}

/// Runs a program one byte run at a time, and requires that each byte of a destination is written exactly once.
/// Nothing is returned if one is not.
inline std::optional<MadeCheckpoint> run_slowly(const CopyProgram& program, const MadeCheckpoint& source) {
  const TensorIndex index = index_of(source);
  MadeCheckpoint made;
  for (const Destination& destination : program.destinations) {
    std::vector<std::uint8_t> bytes(destination.bytes), written(destination.bytes, 0);
    for (const BoxCopy& box : destination.boxes) {
      const MadeTensor* from = box.source == BoxCopy::zero ? nullptr : &source.at(index.tensors()[box.source].key);
      std::vector<std::uint64_t> at(box.copy.dims.size(), 0);
      for (bool more = !box.copy.empty(); more;) {
        std::uint64_t src = box.copy.src_offset, dst = box.copy.dst_offset;
        for (std::size_t k = 0; k < at.size(); ++k) {
          src += at[k] * box.copy.dims[k].src_stride;
          dst += at[k] * box.copy.dims[k].dst_stride;
        }
        for (std::uint64_t b = 0; b < box.copy.run_bytes; ++b) {
          if (dst + b >= bytes.size() || written[dst + b]++ != 0) return std::nullopt;
          if (!from) continue;
          if (src + b >= 4 * from->elements.size()) return std::nullopt;
          bytes[dst + b] = reinterpret_cast<const std::uint8_t*>(from->elements.data())[src + b];
        }
        std::size_t k = at.size();
        while (k > 0 && ++at[k - 1] == box.copy.dims[k - 1].extent) at[--k] = 0;
        more = k > 0;
      }
    }
    for (const std::uint8_t times : written) {
      if (times != 1) return std::nullopt;
    }
    MadeTensor tensor{destination.shape, std::vector<std::uint32_t>(bytes.size() / 4)};
    if (!bytes.empty()) std::memcpy(tensor.elements.data(), bytes.data(), bytes.size());
    made[destination.key] = std::move(tensor);
  }
  return made;
}

}  // namespace omap::test
