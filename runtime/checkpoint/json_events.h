#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace omap {

/// Takes a JSON text as events, in one pass and without building it. Who reads a format derives from this, overrides
/// the events that the format has, and refuses all others in `unexpected`.
/// An event that answers false (`stop`) ends the reading, and has set `problem`.
class JsonEvents {
 public:
  enum class Next : std::uint8_t { read, skip, stop };

  virtual ~JsonEvents() = default;

  /// The name of a member; `skip` passes over its value without events.
  virtual Next key(std::string&& name) = 0;
  virtual bool begin_object() { return unexpected("an object"); }
  virtual bool end_object() { return true; }
  virtual bool begin_list() { return unexpected("a list"); }
  virtual bool end_list() { return true; }
  virtual bool text(std::string&&) { return unexpected("a string"); }
  /// A whole number from 0 to 2^64 - 1; any other number is unexpected.
  virtual bool number(std::uint64_t) { return unexpected("a number"); }
  /// `kind` is a noun with its article: `a list`, `a negative number`.
  virtual bool unexpected(std::string_view kind) = 0;

  std::string problem;
};

/// False if the text was refused; `events.problem` says why. RFC 8259 to the letter: no byte order mark, no NUL
/// bytes, valid UTF-8; nested at most 128 deep.
[[nodiscard]] bool read_json(std::string_view text, JsonEvents& events);

}  // namespace omap
