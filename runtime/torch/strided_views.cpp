#include "runtime/torch/strided_views.h"

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "runtime/torch/scalar_type.h"

namespace omap {
namespace {

std::optional<at::ScalarType> integer_of_size(std::size_t bytes) {
  switch (bytes) {
    case 1:
      return at::kByte;
    case 2:
      return at::kShort;
    case 4:
      return at::kInt;
    case 8:
      return at::kLong;
    default:
      return std::nullopt;
  }
}

at::Tensor view_along(const at::Tensor& tensor, const StridedCopy& copy, std::uint64_t offset,
                      std::uint64_t CopyDim::*stride) {
  const auto size = static_cast<std::uint64_t>(tensor.element_size());
  std::vector<std::int64_t> extents, strides;
  for (const CopyDim& dim : copy.dims) {
    extents.push_back(static_cast<std::int64_t>(dim.extent));
    strides.push_back(static_cast<std::int64_t>(dim.*stride / size));
  }
  extents.push_back(static_cast<std::int64_t>(copy.run_bytes / size));
  strides.push_back(1);
  return tensor.as_strided(extents, strides, tensor.storage_offset() + static_cast<std::int64_t>(offset / size));
}

void move(const at::Tensor& from, const at::Tensor& to, const StridedCopy& copy) {
  destination_view(as_bits(to), copy).copy_(source_view(as_bits(from), copy), /*non_blocking=*/true);
}

/// The elements of an input, densely.
at::Tensor gathered(const ComputedBox::Input& input, std::int64_t elements, const SourceOf& source) {
  const at::Tensor from = source(input.source);
  at::Tensor dense = at::empty({elements}, from.options());
  for (const StridedCopy& copy : input.copies) move(from, dense, copy);
  return dense;
}

/// A cast as the copy engine does it, in the CPU's memory: what floats beyond an integer become differs between
/// devices, and LibTorch does not have all dtypes on all of them.
at::Tensor cast_on_cpu(const Computation& cast, const at::Tensor& dense, at::ScalarType type) {
  const at::Tensor from = dense.cpu();
  const at::Tensor made = at::empty(from.sizes(), from.options().dtype(type));
  const auto* const source = static_cast<const std::byte*>(from.data_ptr());
  compute(cast, {source, from.nbytes()}, {}, {static_cast<std::byte*>(made.data_ptr()), made.nbytes()});
  return made.to(dense.device());
}

at::Tensor apply(ValueStep::Op op, const at::Tensor& value, const at::Tensor& operand) {
  switch (op) {
    case ValueStep::Op::add:
      return value + operand;
    case ValueStep::Op::subtract:
      return value - operand;
    case ValueStep::Op::multiply:
      return value * operand;
    case ValueStep::Op::divide:
      return value / operand;
  }
  return value;
}

/// In float32, to whichever neighbour is odd: what is then rounded to fewer bits is rounded once in effect, as float32
/// has two bits more than it needs. LibTorch casts to floats of 16 and 8 bits by way of a float32 that is rounded to
/// even.
at::Tensor rounded_to_odd(const at::Tensor& value) {
  const at::Tensor nearest = value.to(at::kFloat);
  const at::Tensor back = nearest.to(at::kDouble);
  // Bits of a float are its sign and its magnitude: one less is the next towards zero.
  const at::Tensor towards_zero = nearest.view(at::kInt) - (back.abs() > value.abs()).to(at::kInt);
  return towards_zero.bitwise_or((back != value).to(at::kInt)).view(at::kFloat);
}

void compute_box(const ComputedBox& box, const StridedCopy& scatter, const SourceOf& source, const at::Tensor& made) {
  const auto elements = static_cast<std::int64_t>(scatter.bytes()) / made.element_size();
  if (box.computation.casts_integers()) {
    const at::Tensor dense = gathered(*box.source, elements, source);
    return move(cast_on_cpu(box.computation, dense, made.scalar_type()), made, scatter);
  }
  const at::ScalarType type = box.computation.in_double() ? at::kDouble : at::kFloat;
  const auto options = made.options().dtype(type);
  at::Tensor value = box.source ? gathered(*box.source, elements, source).to(type)
                                : at::full({elements}, box.computation.start, options);
  for (const ValueStep& step : box.computation.steps) {
    // A number is a tensor too: LibTorch may divide by a scalar as it multiplies by its inverse, which rounds twice.
    const at::Tensor operand = step.operand ? gathered(box.operands[*step.operand], elements, source).to(type)
                                            : at::full({1}, step.number, options);
    value = apply(step.op, value, operand);
  }
  const bool narrows_twice = type == at::kDouble && at::isFloatingType(made.scalar_type()) && made.element_size() < 4;
  move((narrows_twice ? rounded_to_odd(value) : value).to(made.scalar_type()), made, scatter);
}

}  // namespace

at::Tensor as_bits(const at::Tensor& tensor) {
  const auto integer = integer_of_size(static_cast<std::size_t>(tensor.element_size()));
  return integer ? tensor.view(*integer) : tensor;
}

at::Tensor source_view(const at::Tensor& tensor, const StridedCopy& copy) {
  return view_along(tensor, copy, copy.src_offset, &CopyDim::src_stride);
}

at::Tensor destination_view(const at::Tensor& tensor, const StridedCopy& copy) {
  return view_along(tensor, copy, copy.dst_offset, &CopyDim::dst_stride);
}

void fill_by_views(const CopyProgram& program, const Destination& destination, const SourceOf& source,
                   const at::Tensor& made) {
  for (const BoxCopy& box : destination.boxes) {
    if (box.computed) {
      compute_box(program.computed[*box.computed], box.copy, source, made);
    } else if (box.source == BoxCopy::zero) {
      destination_view(as_bits(made), box.copy).zero_();
    } else {
      move(source(box.source), made, box.copy);
    }
  }
}

}  // namespace omap
