#include "runtime/checkpoint/torch/rebuild_tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "runtime/checkpoint/tensor_index.h"
#include "runtime/checkpoint/torch/torch_dtype.h"

namespace omap {
namespace {

using Unreadable = tl::unexpected<std::string>;

constexpr std::string_view rebuild_prefix = "torch._utils._rebuild_";
constexpr std::string_view rebuild_from_type = "torch._tensor._rebuild_from_type_v2";
/// More than any tensor of a model has. Sizes may be shared: each is read as often as it is referred to.
constexpr std::size_t max_dimensions = 64;
/// Subclasses nest in each other at most so deep: a parameter of a subclass of a tensor.
constexpr int max_nesting = 8;

/// torch/_weights_only_unpickler.py, `_get_allowed_globals`; dtypes and storages have rules of their own.
constexpr std::array<std::string_view, 24> allowed_globals = {
    "collections.OrderedDict",
    "collections.Counter",
    "collections.defaultdict",
    "builtins.bytearray",
    "builtins.set",
    "builtins.complex",
    "_codecs.encode",
    "torch.Size",
    "torch.Tensor",
    "torch.device",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "torch.serialization._get_layout",
    rebuild_from_type,
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_meta_tensor_no_storage",
    "torch._utils._rebuild_device_tensor_from_numpy",
    "torch._utils._rebuild_wrapper_subclass",
};

/// Nothing behind the last.
std::optional<PickleValue> argument(PickleValue arguments, std::size_t i) {
  return i < arguments.size() ? std::optional(arguments[i]) : std::nullopt;
}

/// What stands as storage, offset, size and stride, and the dtype if one is said.
struct RebuildCall {
  PickleValue arguments;
  std::optional<std::string_view> dtype;
  std::optional<PickleValue> metadata;
};

tl::expected<RebuildCall, std::string> find_call(std::string_view function, PickleValue arguments, int nesting) {
  if (nesting == max_nesting) return Unreadable("is wrapped too often");
  if (function == rebuild_from_type) {
    // (function, class, arguments, state)
    if (arguments.size() != 4) return Unreadable("is a subclass with other arguments than PyTorch gives them");
    return find_call(arguments[0].name(), arguments[2], nesting + 1);
  }
  if (!function.starts_with(rebuild_prefix)) return Unreadable("is no tensor");
  const std::string_view kind = function.substr(rebuild_prefix.size());
  if (kind == "parameter" || kind == "parameter_with_state") {
    const auto data = argument(arguments, 0);
    if (!data || !is_tensor(*data)) return Unreadable("is a parameter without a tensor");
    return find_call(data->name(), *data->arguments(), nesting + 1);
  }
  if (kind == "tensor") return RebuildCall{arguments, std::nullopt, std::nullopt};
  if (kind == "tensor_v2") return RebuildCall{arguments, std::nullopt, argument(arguments, 6)};
  if (kind == "tensor_v3") {
    const auto dtype = argument(arguments, 6);
    if (!dtype) return Unreadable("has no dtype");
    return RebuildCall{arguments, dtype->name(), argument(arguments, 7)};
  }
  if (kind == "qtensor") return Unreadable("is quantized, which is not read");
  if (kind == "sparse_tensor") return Unreadable("is sparse, which is not read");
  if (kind == "meta_tensor_no_storage") return Unreadable("is on the device `meta`: it has no elements");
  return Unreadable(fmt::format("is made by `{}`, which is not read", function));
}

/// Conjugated and negated views hold other numbers than their bytes say.
bool is_lazy(const std::optional<PickleValue>& metadata) {
  if (!metadata) return false;
  for (const std::string_view bit : {"conj", "neg"}) {
    const auto set = metadata->find(bit);
    if (set && set->boolean() != false) return true;
  }
  return false;
}

std::string spell(const std::vector<std::int64_t>& numbers) { return fmt::format("[{}]", fmt::join(numbers, ", ")); }

/// Elements from the first to behind the last, or nothing where that overflows.
std::optional<std::int64_t> element_span(const std::vector<std::int64_t>& shape,
                                         const std::vector<std::int64_t>& strides) {
  std::int64_t span = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(shape[i] - 1, strides[i], &reach) || __builtin_add_overflow(span, reach, &span)) {
      return std::nullopt;
    }
  }
  return span;
}

/// Strides along extents of 1 are never taken.
bool is_dense(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  const auto dense = dense_strides(shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && strides[i] != dense[i]) return false;
  }
  return true;
}

/// Two elements of 4 bits stand in a byte, which PyTorch counts as one element.
tl::expected<void, std::string> count_halves(StoredTensor& tensor) {
  if (tensor.shape.empty() || !tensor.strides.empty()) return Unreadable("has elements of 4 bits that are not dense");
  if (__builtin_mul_overflow(tensor.shape.back(), std::int64_t{2}, &tensor.shape.back())) {
    return Unreadable(fmt::format("has the shape {}, too large", spell(tensor.shape)));
  }
  return {};
}

/// The dtype of a call's elements, which its storage agrees with.
tl::expected<Dtype, std::string> dtype_of(const RebuildCall& call, const StorageReference& storage) {
  const bool untyped = storage.type == untyped_storage;
  if (untyped && !call.dtype) return Unreadable("has a storage without a dtype, and says none itself");
  const auto dtype = call.dtype ? dtype_of_torch(*call.dtype) : dtype_of_storage(storage.type);
  if (!dtype) return Unreadable(fmt::format("has `{}`, which is not read", call.dtype.value_or(storage.type)));
  if (!untyped && dtype_of_storage(storage.type) != dtype) {
    return Unreadable(fmt::format("has the dtype `{}` and a `{}`", *call.dtype, storage.type));
  }
  return *dtype;
}

tl::expected<void, std::string> place_elements(StoredTensor& tensor, std::int64_t offset) {
  const auto count = element_count(tensor.shape);
  // A zero extent hides a product that overflows; nothing is read of such a tensor.
  if (!count || !byte_count(Dtype::c64, tensor.shape)) {
    return Unreadable(fmt::format("has the shape {}, too large", spell(tensor.shape)));
  }
  if (*count == 0) {
    tensor.strides.clear();
    return {};
  }
  const std::uint64_t element = tensor.dtype == Dtype::f4 ? 1 : bits(tensor.dtype) / 8;
  const auto span = element_span(tensor.shape, tensor.strides);
  const std::uint64_t held = tensor.storage.bytes / element;
  const auto first = static_cast<std::uint64_t>(offset);
  if (!span || first > held || static_cast<std::uint64_t>(*span) > held - first) {
    return Unreadable(
        fmt::format("has the shape {}, the strides {} and the offset {}: more than the {} elements of its "
                    "storage",
                    spell(tensor.shape), spell(tensor.strides), offset, held));
  }
  tensor.begin = first * element;
  tensor.size = static_cast<std::uint64_t>(*span) * element;
  if (is_dense(tensor.shape, tensor.strides)) tensor.strides.clear();
  return {};
}

}  // namespace

std::optional<std::vector<std::int64_t>> read_sizes(PickleValue value) {
  if (value.name() == "torch.Size" && value.arguments() && value.arguments()->size() == 1) {
    value = (*value.arguments())[0];
  }
  if (!value.is(PickleKind::tuple) && !value.is(PickleKind::list)) return std::nullopt;
  if (value.size() > max_dimensions) return std::nullopt;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto size = value[i].integer();
    if (!size || *size < 0) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

tl::expected<StorageReference, std::string> read_storage(PickleValue persistent) {
  const Unreadable other("refers to something that is no storage");
  if (!persistent.is(PickleKind::persistent)) return other;
  const PickleValue id = persistent[0];
  if (id.size() < 5 || id.size() > 6 || id[0].text() != "storage") return other;
  const std::string_view type = id[1].name();
  const auto key = id[2].text();
  const auto count = id[4].integer();
  if (!is_torch_storage(type) || !key || !count || *count < 0) return other;

  StorageReference storage{*key, type, 0};
  std::uint64_t element = 1;
  if (type != untyped_storage) {
    const auto dtype = dtype_of_storage(type);
    if (!dtype) return Unreadable(fmt::format("has a `{}`, which is not read", type));
    element = bits(*dtype) / 8;
  }
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(*count), element, &storage.bytes)) return other;
  if (id.size() == 5 || id[5].is(PickleKind::none)) return storage;
  // (key, offset, size): `torch.save` has long written None.
  return Unreadable("has a storage that is a view of another one, as PyTorch 0.3 wrote them");
}

bool is_tensor(PickleValue value) {
  if (!value.is(PickleKind::object)) return false;
  return value.name().starts_with(rebuild_prefix) || value.name() == rebuild_from_type;
}

tl::expected<StoredTensor, std::string> rebuild_tensor(PickleValue value) {
  if (!is_tensor(value)) return Unreadable("is no tensor");
  const auto call = find_call(value.name(), *value.arguments(), 0);
  if (!call) return Unreadable(call.error());
  if (is_lazy(call->metadata)) return Unreadable("is a conjugated or negated view, which is not read");
  const PickleValue arguments = call->arguments;
  if (arguments.size() < 4) return Unreadable("is rebuilt of too few arguments");

  StoredTensor tensor;
  const auto storage = read_storage(arguments[0]);
  if (!storage) return Unreadable(storage.error());
  tensor.storage = *storage;
  const auto dtype = dtype_of(*call, *storage);
  if (!dtype) return Unreadable(dtype.error());
  tensor.dtype = *dtype;
  const auto offset = arguments[1].integer();
  const auto shape = read_sizes(arguments[2]);
  const auto strides = read_sizes(arguments[3]);
  if (!offset || *offset < 0 || !shape || !strides || shape->size() != strides->size()) {
    return Unreadable("has an offset, a shape or strides that are none");
  }
  tensor.shape = *shape;
  tensor.strides = *strides;
  if (auto placed = place_elements(tensor, *offset); !placed) return Unreadable(placed.error());
  if (tensor.dtype == Dtype::f4) {
    if (auto counted = count_halves(tensor); !counted) return Unreadable(counted.error());
  }
  return tensor;
}

bool is_checkpoint_global(std::string_view name) {
  return std::ranges::find(allowed_globals, name) != allowed_globals.end() || is_torch_dtype(name) ||
         is_torch_storage(name);
}

}  // namespace omap
