#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"

namespace omap {

struct CompareOptions {
  unsigned threads = 2;
  /// Upper bound for all buffers together, in bytes; at least 128 KiB a thread is taken.
  std::uint64_t memory = 16ull << 20;
};

/// A tensor of both checkpoints whose headers say different things.
template <class Property>
struct HeaderDifference {
  std::string key;
  Property a{};
  Property b{};
  friend bool operator==(const HeaderDifference&, const HeaderDifference&) = default;
};

/// A tensor of both checkpoints, of one dtype and one shape, whose bits differ.
struct BitDifference {
  std::string key;
  /// Elements that differ; for types smaller than a byte, bytes that differ.
  std::uint64_t count = 0;
  /// The indices of the first of them; for types smaller than a byte, of the element that the byte begins in.
  std::vector<std::int64_t> first;
  friend bool operator==(const BitDifference&, const BitDifference&) = default;
};

/// How two checkpoints differ; keys stand in the order of `a`, those of `b` alone in the order of `b`.
/// Bits are compared, not values: NaNs of equal bits are equal, 0 and -0 are not.
struct Comparison {
  std::vector<std::string> only_a;
  std::vector<std::string> only_b;
  std::vector<HeaderDifference<Dtype>> dtypes;
  std::vector<HeaderDifference<std::vector<std::int64_t>>> shapes;
  std::vector<BitDifference> bits;
  /// Tensors that are the same in both, name, dtype, shape and bits.
  std::uint64_t equal = 0;

  [[nodiscard]] bool same() const;
  friend bool operator==(const Comparison&, const Comparison&) = default;
};

[[nodiscard]] Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b,
                                         const CompareOptions& options);

}  // namespace omap
