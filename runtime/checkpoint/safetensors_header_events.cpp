#include "runtime/checkpoint/safetensors_header_events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "diagnostics/nearest.h"
#include "runtime/checkpoint/safetensors_header.h"

namespace omap {
namespace {

constexpr std::string_view metadata_name = safetensors_metadata_name;

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// What an entry says of sizes, alone: it fits 64 bits, is whole bytes, and `data_offsets` have room for just that.
std::optional<std::string> size_problem(const TensorInfo& tensor) {
  const std::optional<std::int64_t> elements = element_count(tensor.shape);
  const std::optional<std::int64_t> size = byte_count(tensor.dtype, tensor.shape);
  const std::string what = fmt::format("`{}`, {} {}", tensor.key, name(tensor.dtype), shape_text(tensor.shape));
  if (elements && !size && bits(tensor.dtype) < 8) return fmt::format("{}, is not a whole number of bytes", what);
  if (!size) return fmt::format("the size of {}, overflows 64 bits", what);
  if (static_cast<std::uint64_t>(*size) != tensor.bytes.size) {
    return fmt::format("{}, has {} bytes, but its `data_offsets` span {}", what, *size, tensor.bytes.size);
  }
  return std::nullopt;
}

}  // namespace

SafetensorsHeaderEvents::Next SafetensorsHeaderEvents::key(std::string&& name) {
  if (inside_ == Expected::entry) return field(name);
  if (inside_ == Expected::metadata) {
    const auto [member, added] = metadata.try_emplace(std::move(name));
    metadata_member_ = &*member;
    expected_ = Expected::metadata_text;
    return added ? Next::read : stop(fmt::format("`{}` holds `{}` twice", metadata_name, member->first));
  }
  if (name == metadata_name) {
    expected_ = Expected::metadata;
    return std::exchange(has_metadata_, true) ? stop(fmt::format("`{}` stands twice", metadata_name)) : Next::read;
  }
  tensors.emplace_back().key = std::move(name);
  seen_ = {};
  offsets_.clear();
  expected_ = Expected::entry;
  return Next::read;
}

bool SafetensorsHeaderEvents::begin_object() {
  const bool object = expected_ == Expected::header || expected_ == Expected::entry || expected_ == Expected::metadata;
  if (!object) return unexpected("an object");
  inside_ = expected_;
  return true;
}

bool SafetensorsHeaderEvents::end_object() {
  const bool entry = inside_ == Expected::entry;
  inside_ = Expected::header;
  return !entry || finish_entry();
}

bool SafetensorsHeaderEvents::begin_list() {
  if (expected_ != Expected::shape && expected_ != Expected::offsets) return unexpected("a list");
  expected_ = expected_ == Expected::shape ? Expected::extent : Expected::offset;
  return true;
}

bool SafetensorsHeaderEvents::text(std::string&& value) {
  if (expected_ == Expected::metadata_text) {
    metadata_member_->second = std::move(value);
    return true;
  }
  if (expected_ != Expected::dtype) return unexpected("a string");
  const std::optional<Dtype> dtype = dtype_from_name(value);
  if (!dtype) return refuse_dtype(value);
  tensors.back().dtype = *dtype;
  return true;
}

bool SafetensorsHeaderEvents::number(std::uint64_t value) {
  if (expected_ == Expected::offset) {
    if (offsets_.size() == 2) return refuse(fmt::format("`data_offsets` of `{}` has more than two numbers", key_now()));
    offsets_.push_back(value);
    return true;
  }
  if (expected_ != Expected::extent) return unexpected("a number");
  if (value > static_cast<std::uint64_t>(INT64_MAX)) {
    return refuse(fmt::format("an extent of `{}` overflows 63 bits: {}", key_now(), value));
  }
  tensors.back().shape.push_back(static_cast<std::int64_t>(value));
  return true;
}

bool SafetensorsHeaderEvents::unexpected(std::string_view kind) {
  switch (expected_) {
    case Expected::header:
      return refuse(fmt::format("the header is {}, not an object", kind));
    case Expected::entry:
      return refuse(fmt::format("the entry of `{}` is {}, not an object", key_now(), kind));
    case Expected::metadata:
      return refuse(fmt::format("`{}` is {}, not an object", metadata_name, kind));
    case Expected::metadata_text:
      return refuse(
          fmt::format("`{}` holds {} as `{}`; it may hold strings only", metadata_name, kind, metadata_member_->first));
    case Expected::dtype:
      return refuse(fmt::format("`dtype` of `{}` is {}, not a string", key_now(), kind));
    case Expected::shape:
      return refuse(fmt::format("`shape` of `{}` is {}, not a list", key_now(), kind));
    case Expected::offsets:
      return refuse(fmt::format("`data_offsets` of `{}` is {}, not a list", key_now(), kind));
    case Expected::extent:
      return refuse(fmt::format("`shape` of `{}` holds {}, not a whole number", key_now(), kind));
    case Expected::offset:
      break;
  }
  return refuse(fmt::format("`data_offsets` of `{}` holds {}, not a whole number", key_now(), kind));
}

SafetensorsHeaderEvents::Next SafetensorsHeaderEvents::field(std::string_view name) {
  const auto* const found = std::ranges::find(known_fields, name, &Field::name);
  if (found == known_fields.end()) return Next::skip;
  expected_ = found->value;
  bool& seen = seen_[static_cast<std::size_t>(found - known_fields.begin())];
  if (std::exchange(seen, true)) return stop(fmt::format("the entry of `{}` has `{}` twice", key_now(), name));
  return Next::read;
}

bool SafetensorsHeaderEvents::finish_entry() {
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (!seen_[i]) return refuse(fmt::format("the entry of `{}` has no `{}`", key_now(), known_fields[i].name));
  }
  if (offsets_.size() != 2) {
    return refuse(fmt::format("`data_offsets` of `{}` has {} numbers, not two", key_now(), offsets_.size()));
  }
  if (offsets_[1] < offsets_[0]) {
    return refuse(fmt::format("`{}` ends at byte {}, before it begins at {}", key_now(), offsets_[1], offsets_[0]));
  }
  tensors.back().bytes = {0, offsets_[0], offsets_[1] - offsets_[0]};
  const std::optional<std::string> found = size_problem(tensors.back());
  return !found || refuse(*found);
}

bool SafetensorsHeaderEvents::refuse_dtype(std::string_view spelled) {
  std::vector<std::string> names;
  for (unsigned i = 0; i <= static_cast<unsigned>(Dtype::u64); ++i) {
    names.emplace_back(omap::name(static_cast<Dtype>(i)));
  }
  const std::optional<std::string> meant = nearest(spelled, names);
  help = fmt::format("{}the dtypes are {}", meant ? fmt::format("did you mean `{}`? ", *meant) : "",
                     fmt::join(names, ", "));
  return refuse(fmt::format("`{}` has the dtype `{}`, which safetensors does not have", key_now(), spelled));
}

bool SafetensorsHeaderEvents::refuse(std::string why) {
  problem = std::move(why);
  return false;
}

SafetensorsHeaderEvents::Next SafetensorsHeaderEvents::stop(std::string why) {
  problem = std::move(why);
  return Next::stop;
}

}  // namespace omap
