#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "runtime/bind/copy_program.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

// Copies as views of LibTorch tensors, for memory that the CPU does not see. Offsets and strides of copies are whole
// elements.

/// The same memory as elements that are only moved: integers of the same size, where LibTorch has one. Not every dtype
/// has kernels on every device, and moving needs none of its own.
[[nodiscard]] at::Tensor as_bits(const at::Tensor& tensor);

/// What a copy reads of `tensor`, as a view whose dimensions are the copy's loops and its run.
[[nodiscard]] at::Tensor source_view(const at::Tensor& tensor, const StridedCopy& copy);
/// What it writes.
[[nodiscard]] at::Tensor destination_view(const at::Tensor& tensor, const StridedCopy& copy);

/// The source tensors, by place in the TensorIndex; those that a destination reads are on its device.
using SourceOf = std::function<at::Tensor(std::uint32_t source)>;

/// Fills `made`, dense and row-major, by LibTorch's own operations on the device that it is on: one strided copy for
/// each box. Boxes that are computed take temporaries of their own size.
void fill_by_views(const CopyProgram& program, const Destination& destination, const SourceOf& source,
                   const at::Tensor& made);

}  // namespace omap
