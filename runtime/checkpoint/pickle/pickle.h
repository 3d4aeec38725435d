#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omap {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  /// An integer beyond 64 bits; `raw` has its bytes, two's complement, little-endian.
  long_integer,
  real,
  text,
  bytes,
  tuple,
  list,
  dict,
  set,
  /// A name in a module, never looked up.
  global,
  /// What calling a global with arguments would have made; nothing is called.
  object,
  /// What the pickle leaves to its reader, by an id: the one element.
  persistent,
};

class Pickle;

/// A value in a pickle, which outlives it. Values are shared and may contain themselves: who walks them bounds the way.
class PickleValue {
 public:
  [[nodiscard]] PickleKind kind() const;
  [[nodiscard]] bool is(PickleKind kind) const { return this->kind() == kind; }

  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> real() const;
  /// Of a text, valid UTF-8.
  [[nodiscard]] std::optional<std::string_view> text() const;
  /// Of bytes and long integers.
  [[nodiscard]] std::string_view raw() const;
  /// Of a global, `module.name`; of an object, that of the global that was to make it. Else empty.
  [[nodiscard]] std::string_view name() const;

  /// Elements of a tuple, a list, a set or a persistent value; of everything else there are none.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] PickleValue operator[](std::size_t i) const;

  /// Entries of a dict, or of an object that was filled like one; keys may stand twice, and then the last one counts.
  [[nodiscard]] std::size_t entries() const;
  [[nodiscard]] PickleValue key(std::size_t i) const;
  [[nodiscard]] PickleValue value(std::size_t i) const;
  /// The value of a text key.
  [[nodiscard]] std::optional<PickleValue> find(std::string_view key) const;

  /// Of an object: a tuple, and what `BUILD` gave it.
  [[nodiscard]] std::optional<PickleValue> arguments() const;
  [[nodiscard]] std::optional<PickleValue> state() const;

 private:
  friend class Pickle;
  friend class PickleMachine;
  PickleValue(const Pickle& pickle, std::uint32_t node) : pickle_(&pickle), node_(node) {}

  const Pickle* pickle_;
  std::uint32_t node_;
};

/// The values of one pickle, all in a few vectors: no value owns another, so neither sharing nor depth costs anything.
/// Movable; values refer to it where it is.
class Pickle {
 public:
  [[nodiscard]] PickleValue root() const { return {*this, root_}; }
  /// All that are anywhere in it.
  [[nodiscard]] std::vector<PickleValue> persistent_values() const;
  /// Bytes that the pickle took, up to and with `STOP`.
  [[nodiscard]] std::size_t length() const { return length_; }

 private:
  friend class PickleValue;
  friend class PickleMachine;

  /// integer, boolean: `wide` is the number; real: its bits.
  /// text, bytes, long_integer: `count` bytes of `bytes_` from `wide` on. global: `wide` is a place in `names_`.
  /// tuple: `count` nodes of `fixed_` from `wide` on. persistent: `wide` is a node.
  /// list, dict, set: `wide` is a place in `grown_`; of a dict, keys and values take turns there.
  /// object: `wide` is a place in `objects_`.
  struct Node {
    PickleKind kind = PickleKind::none;
    std::uint32_t count = 0;
    std::uint64_t wide = 0;
  };
  struct Object {
    std::uint32_t global = 0;
    std::uint32_t arguments = 0;
    std::optional<std::uint32_t> state;
    std::vector<std::uint32_t> entries;
  };

  /// What a value is filled with: a list's elements, a dict's or an object's keys and values.
  [[nodiscard]] const std::vector<std::uint32_t>* grown(const Node& node) const;

  std::vector<char> bytes_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> fixed_;
  std::vector<std::vector<std::uint32_t>> grown_;
  std::vector<Object> objects_;
  std::vector<std::string> names_;
  std::uint32_t root_ = 0;
  std::size_t length_ = 0;
};

}  // namespace omap
