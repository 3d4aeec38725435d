#include "runtime/checkpoint/pickle/write_pickle.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "runtime/checkpoint/little_endian.h"

namespace omap {

void PickleWriter::boolean(bool value) { bytes_ += value ? '\x88' : '\x89'; }

void PickleWriter::integer(std::int64_t value) {
  if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
    bytes_ += 'K';
    append_little_endian(bytes_, static_cast<std::uint64_t>(value), 1);
  } else if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    bytes_ += 'J';
    append_little_endian(bytes_, static_cast<std::uint64_t>(value), 4);
  } else {
    bytes_ += "\x8a\x08";
    append_little_endian(bytes_, static_cast<std::uint64_t>(value), 8);
  }
}

void PickleWriter::text(std::string_view value) {
  bytes_ += 'X';
  append_little_endian(bytes_, value.size(), 4);
  bytes_ += value;
}

void PickleWriter::global(std::string_view module, std::string_view name) {
  const auto number = static_cast<std::uint32_t>(globals_.size());
  const auto [known, added] = globals_.emplace(fmt::format("{}\n{}\n", module, name), number);
  const bool is_short = known->second <= std::numeric_limits<std::uint8_t>::max();
  if (added) bytes_ += 'c' + known->first;
  bytes_ += added ? (is_short ? 'q' : 'r') : (is_short ? 'h' : 'j');
  append_little_endian(bytes_, known->second, is_short ? 1 : 4);
}

void PickleWriter::integers(std::span<const std::int64_t> values) {
  mark();
  for (const std::int64_t value : values) integer(value);
  tuple();
}

std::string PickleWriter::finish() {
  bytes_ += '.';
  return std::move(bytes_);
}

}  // namespace omap
