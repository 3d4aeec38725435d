#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// A box in an output file: `begin` and `end` enclose the bytes that it writes, `tensor` is where the offsets of its
/// copy count from. All three are offsets in the file.
struct PlacedBox {
  const BoxCopy* box = nullptr;
  /// What computes its elements, if something does.
  const ComputedBox* computed = nullptr;
  std::uint32_t file = 0;
  std::uint64_t tensor = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// The smallest ranges [begin, end) of an output file that hold whole boxes: boxes [first, last) and no others write
/// them. Usually a section is one box; boxes that interleave share one.
struct Section {
  std::uint32_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::size_t first = 0;
  std::size_t last = 0;

  [[nodiscard]] std::uint64_t bytes() const { return end - begin; }
};

/// All that a program writes, ordered by file and offset. Sections cover the data of every file, without overlap.
/// Refers to the program.
struct Sections {
  std::vector<PlacedBox> boxes;
  std::vector<Section> sections;
};

[[nodiscard]] Sections sections_of(const CopyProgram& program, const CheckpointLayout& layout);

}  // namespace omap
