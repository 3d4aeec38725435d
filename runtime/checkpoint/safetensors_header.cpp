#include "runtime/checkpoint/safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <utility>

#include "runtime/checkpoint/json_events.h"
#include "runtime/checkpoint/little_endian.h"
#include "runtime/checkpoint/safetensors_header_events.h"

namespace omap {
namespace {

constexpr std::string_view damaged = SafetensorsHeaderEvents::damaged;
constexpr std::string_view cut_off =
    "the file is cut off or not safetensors: compare its size with the original, copy it again";

/// What is wrong with a header, and the mend.
struct Problem {
  std::string message;
  std::string help = std::string(damaged);
};

Diagnostic invalid(std::string_view file, const Problem& problem) {
  return Diagnostic(Code::header_invalid, "{}", problem.message).help("{}", problem.help).in(std::string(file));
}

std::optional<Problem> repeated_key(std::span<const TensorInfo> tensors) {
  std::unordered_set<std::string_view> keys;
  keys.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    if (!keys.insert(tensor.key).second) return Problem{fmt::format("`{}` stands twice", tensor.key)};
  }
  return std::nullopt;
}

/// The tensors, in the order of their data, tile its `size` bytes: no overlap, no hole, nothing behind the last.
std::optional<Problem> tiling_problem(std::span<const TensorInfo> tensors, std::uint64_t size) {
  std::uint64_t end = 0;
  const TensorInfo* before = nullptr;
  for (const TensorInfo& tensor : tensors) {
    const std::uint64_t begin = tensor.bytes.offset;
    if (begin > end) {
      return Problem{
          fmt::format("a hole before `{}`: bytes {} to {} of the data belong to no tensor", tensor.key, end, begin)};
    }
    if (begin < end) {
      return Problem{fmt::format("`{}` begins at byte {} of the data, inside `{}`, which ends at {}", tensor.key, begin,
                                 before->key, end)};
    }
    end += tensor.bytes.size;
    before = &tensor;
  }
  if (end < size) return Problem{fmt::format("the last {} bytes of the file belong to no tensor", size - end)};
  if (end > size) {
    return Problem{
        fmt::format("the last {} bytes of the data are missing: the file ends inside `{}`", end - size, before->key),
        std::string(cut_off)};
  }
  return std::nullopt;
}

/// As serde_json writes strings: `"`, `\` and control characters are escaped, nothing else.
void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view short_escapes = "\"\"\\\\\bb\ff\nn\rr\tt";
  out += '"';
  for (const char c : text) {
    std::size_t at = 0;
    while (at < short_escapes.size() && short_escapes[at] != c) at += 2;
    if (at < short_escapes.size()) {
      out += '\\';
      out += short_escapes[at + 1];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_metadata(std::string& out, const std::map<std::string, std::string>& metadata) {
  append_json_string(out, safetensors_metadata_name);
  char separator = '{';
  out += ':';
  for (const auto& [member, text] : metadata) {
    out += std::exchange(separator, ',');
    append_json_string(out, member);
    out += ':';
    append_json_string(out, text);
  }
  out += '}';
}

}  // namespace

Result<std::uint64_t> safetensors_header_length(std::span<const std::byte> first, std::uint64_t file_size,
                                                std::string_view file) {
  if (first.size() < 8 || file_size < 8) {
    return fail(invalid(file, {fmt::format("the file has {} bytes; the length of the header alone takes 8", file_size),
                               std::string(cut_off)}));
  }
  const std::uint64_t length = read_little_endian(first.first(8));
  const std::string not_safetensors = "the file is damaged, or it is not safetensors whatever its name says";
  if (length > max_safetensors_header) {
    return fail(invalid(
        file, {fmt::format("the header would have {} bytes; the format allows {}", length, max_safetensors_header),
               not_safetensors}));
  }
  if (length > file_size - 8) {
    return fail(invalid(
        file, {fmt::format("the header would have {} bytes; the file has {} behind its length", length, file_size - 8),
               std::string(cut_off)}));
  }
  return length;
}

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::uint64_t file_size,
                                                   std::string_view file) {
  const std::uint64_t data_begin = 8 + json.size();
  if (file_size < data_begin) {
    return fail(
        invalid(file, {fmt::format("the file ends inside its header of {} bytes", json.size()), std::string(cut_off)}));
  }
  SafetensorsHeaderEvents events;
  if (!read_json(json, events)) return fail(invalid(file, {events.problem, events.help}));
  if (const auto problem = repeated_key(events.tensors)) return fail(invalid(file, *problem));

  // Tensors of size 0 share their offset with the next one, and stand before it; among themselves they stay as they
  // are.
  std::ranges::stable_sort(events.tensors, [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.bytes.offset, a.bytes.size) < std::pair(b.bytes.offset, b.bytes.size);
  });
  if (const auto problem = tiling_problem(events.tensors, file_size - data_begin)) return fail(invalid(file, *problem));
  for (TensorInfo& tensor : events.tensors) tensor.bytes.offset += data_begin;
  return SafetensorsHeader{std::move(events.tensors), std::move(events.metadata)};
}

std::string write_safetensors_header(std::span<const TensorInfo> tensors,
                                     const std::map<std::string, std::string>& metadata) {
  std::string json = "{";
  if (!metadata.empty()) append_metadata(json, metadata);
  std::uint64_t begin = 0;
  for (const TensorInfo& tensor : tensors) {
    if (json.size() > 1) json += ',';
    append_json_string(json, tensor.key);
    const std::uint64_t end = begin + tensor.bytes.size;
    fmt::format_to(std::back_inserter(json), R"(:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                   name(tensor.dtype), fmt::join(tensor.shape, ","), begin, end);
    begin = end;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');

  std::string head;
  head.reserve(8 + json.size());
  append_little_endian(head, json.size(), 8);
  return head += json;
}

}  // namespace omap
