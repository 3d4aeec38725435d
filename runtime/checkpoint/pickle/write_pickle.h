#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace omap {

/// Writes a pickle of protocol 2, which every Python 3 and PyTorch's unpickler of weights read. It is a program for a
/// machine with a stack (Lib/pickletools.py): each method adds the instruction that its comment tells.
class PickleWriter {
 public:
  PickleWriter() : bytes_("\x80\x02") {}

  // Push a value.
  void boolean(bool value);
  void integer(std::int64_t value);
  /// UTF-8, at most 2^32 - 1 bytes.
  void text(std::string_view value);
  /// A name in a module, written once and then repeated by its number.
  void global(std::string_view module, std::string_view name);
  void empty_tuple() { bytes_ += ')'; }
  void empty_list() { bytes_ += ']'; }
  void empty_dict() { bytes_ += '}'; }
  /// A tuple of integers.
  void integers(std::span<const std::int64_t> values);

  /// Begins a group, which one of the next three ends.
  void mark() { bytes_ += '('; }
  /// Makes a tuple of the group.
  void tuple() { bytes_ += 't'; }
  /// Appends the group to the list below it.
  void append() { bytes_ += 'e'; }
  /// Adds the group, keys and values in turn, to the dict below it, or to an object like one.
  void set_items() { bytes_ += 'u'; }

  /// Calls the value below a tuple with it.
  void call() { bytes_ += 'R'; }
  /// Makes an object of the class below a tuple, without calling its constructor.
  void make_object() { bytes_ += "\x81"; }
  /// Gives the object below a dict its attributes.
  void set_attributes() { bytes_ += 'b'; }
  /// Makes the value that the reader knows by the id on the stack.
  void persistent() { bytes_ += 'Q'; }

  /// The pickle of the one value that is left; ends the writer.
  [[nodiscard]] std::string finish();

 private:
  std::string bytes_;
  std::map<std::string, std::uint32_t, std::less<>> globals_;
};

}  // namespace omap
