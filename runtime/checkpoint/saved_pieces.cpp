#include "runtime/checkpoint/saved_pieces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "runtime/checkpoint/findings.h"
#include "runtime/checkpoint/tensor_pieces.h"
#include "runtime/json/json.h"

namespace omap {
namespace {

constexpr std::string_view offsets_name = "saved_offsets";

Diagnostic disagrees(const std::string& subject, std::string what) {
  return Diagnostic(Code::distributed_invalid, "{}", what)
      .help("files of two checkpoints are mixed, or one is missing: copy or save the checkpoint again")
      .in(subject);
}

std::optional<std::vector<std::int64_t>> read_offsets(const Value& entry) {
  const Value* const offsets = entry.object() != nullptr ? entry.member(offsets_name) : nullptr;
  if (offsets == nullptr || offsets->list() == nullptr) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const Value& offset : *offsets->list()) {
    const std::int64_t* const number = offset.integer();
    if (number == nullptr || *number < 0) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

/// All pieces of one key, which agree in dtype and rank.
tl::expected<TensorInfo, std::string> join(const std::vector<SavedPiece>& all, const std::vector<std::size_t>& places) {
  const TensorInfo& first = all[places.front()].tensor;
  std::vector<std::int64_t> shape(first.shape.size(), 0);
  std::vector<TensorPiece> pieces;
  for (const std::size_t place : places) {
    const TensorInfo& tensor = all[place].tensor;
    std::vector<std::int64_t> offsets = all[place].offsets;
    if (offsets.empty()) offsets.resize(tensor.shape.size());
    if (tensor.dtype != first.dtype || tensor.shape.size() != shape.size() || offsets.size() != shape.size()) {
      return tl::unexpected(fmt::format("the pieces of `{}` differ in dtype or number of dimensions", first.key));
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
      std::int64_t end = 0;
      if (__builtin_add_overflow(offsets[i], tensor.shape[i], &end)) {
        return tl::unexpected(
            fmt::format("a piece of `{}` is at [{}], too far out", first.key, fmt::join(offsets, ", ")));
      }
      shape[i] = std::max(shape[i], end);
    }
    pieces.push_back({std::move(offsets), tensor.shape, tensor.bytes, tensor.strides});
  }
  if (pieces.size() > 1 && bits(first.dtype) < 8) {
    return tl::unexpected(fmt::format("`{}` is in pieces of elements that are smaller than a byte", first.key));
  }
  return assemble_tensor(first.key, first.dtype, std::move(shape), std::move(pieces));
}

}  // namespace

Result<SavedOffsets> parse_saved_offsets(std::string_view json, const std::string& file) {
  const auto entries = parse_json(json, file);
  if (!entries || entries->object() == nullptr) {
    return fail(disagrees(file, fmt::format("`{}` in `__metadata__` is no JSON object", sharding_entry)));
  }
  SavedOffsets all;
  for (const auto& [key, entry] : *entries->object()) {
    auto offsets = read_offsets(entry);
    if (!offsets) {
      return fail(
          disagrees(file, fmt::format("`{}` has no `{}` of whole numbers in `{}`", key, offsets_name, sharding_entry)));
    }
    all.emplace(key, *std::move(offsets));
  }
  return all;
}

Result<std::vector<TensorInfo>> join_saved_pieces(std::vector<SavedPiece> pieces, const std::string& subject) {
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_key;
  std::vector<std::string_view> keys;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    auto& places = by_key[pieces[i].tensor.key];
    if (places.empty()) keys.emplace_back(pieces[i].tensor.key);
    places.push_back(i);
  }
  std::vector<TensorInfo> tensors;
  Findings findings;
  for (const std::string_view key : keys) {
    auto joined = join(pieces, by_key[key]);
    if (joined) {
      tensors.push_back(*std::move(joined));
    } else {
      findings.add(disagrees(subject, std::move(joined.error())));
    }
  }
  if (findings.any()) return findings.failure();
  return tensors;
}

}  // namespace omap
