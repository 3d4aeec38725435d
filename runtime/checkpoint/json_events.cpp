#include "runtime/checkpoint/json_events.h"

#include <fmt/format.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "diagnostics/source_map.h"

namespace omap {
namespace {

using Json = nlohmann::json;

constexpr std::size_t deepest = 128;

/// The parser's words without its name, the position (given apart) and the token, which may be of any length.
std::string_view reason(std::string_view what) {
  const std::size_t name = what.find("] ");
  if (name != std::string_view::npos) what.remove_prefix(name + 2);
  if (what.starts_with("parse error at ")) {
    const std::size_t position = what.find(": ");
    if (position != std::string_view::npos) what.remove_prefix(position + 2);
  }
  what = what.substr(0, what.find("; last read"));
  return what.substr(0, what.find(" parsing '"));
}

/// From the parser's events to ours: kinds of numbers are told apart, skipped values left out, depth is counted.
class Adapter final : public nlohmann::json_sax<Json> {
 public:
  explicit Adapter(JsonEvents& events) : events_(events) {}

  bool null() override { return pass() || events_.unexpected("null"); }
  bool boolean(bool value) override { return pass() || events_.unexpected(value ? "true" : "false"); }
  bool number_integer(std::int64_t) override { return pass() || events_.unexpected("a negative number"); }
  bool number_unsigned(std::uint64_t value) override { return pass() || events_.number(value); }
  bool number_float(double, const std::string& text) override {
    if (pass()) return true;
    const bool fraction = text.find_first_of(".eE") != std::string::npos;
    return events_.unexpected(fraction ? "a number with a fraction or an exponent" : "a number beyond 64 bits");
  }
  bool string(std::string& value) override { return pass() || events_.text(std::move(value)); }
  bool binary(Json::binary_t&) override { return events_.unexpected("binary data"); }

  bool key(std::string& name) override {
    if (skipped_depth_ > 0) return true;
    const JsonEvents::Next next = events_.key(std::move(name));
    skip_next_ = next == JsonEvents::Next::skip;
    return next != JsonEvents::Next::stop;
  }
  bool start_object(std::size_t) override { return enter() && (skipped_depth_ > 0 || events_.begin_object()); }
  bool start_array(std::size_t) override { return enter() && (skipped_depth_ > 0 || events_.begin_list()); }
  bool end_object() override { return leave() || events_.end_object(); }
  bool end_array() override { return leave() || events_.end_list(); }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    events_.problem = fmt::format("the JSON is broken at byte {}: {}", position, reason(error.what()));
    return false;
  }

 private:
  /// Whether a scalar is part of a skipped value.
  bool pass() { return std::exchange(skip_next_, false) || skipped_depth_ > 0; }

  bool enter() {
    if (++depth_ > deepest) {
      events_.problem = fmt::format("the JSON is nested deeper than {} levels", deepest);
      return false;
    }
    if (std::exchange(skip_next_, false) || skipped_depth_ > 0) ++skipped_depth_;
    return true;
  }

  /// Whether what ends is part of a skipped value.
  bool leave() {
    --depth_;
    if (skipped_depth_ == 0) return false;
    --skipped_depth_;
    return true;
  }

  JsonEvents& events_;
  std::size_t depth_ = 0;
  /// How many of the open objects and lists belong to a skipped value.
  std::size_t skipped_depth_ = 0;
  bool skip_next_ = false;
};

}  // namespace

bool read_json(std::string_view text, JsonEvents& events) {
  // The parser would skip a byte order mark, and take a NUL for the end of the text.
  if (text.starts_with("\xEF\xBB\xBF")) {
    events.problem = "the JSON begins with a byte order mark";
    return false;
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    events.problem = fmt::format("the JSON has a NUL at byte {}", nul + 1);
    return false;
  }
  Adapter adapter(events);
  if (Json::sax_parse(text.begin(), text.end(), &adapter)) return true;
  if (const std::size_t at = first_invalid_utf8(text); at != std::string_view::npos) {
    events.problem = fmt::format("the JSON is not UTF-8 at byte {}", at + 1);
  }
  return false;
}

}  // namespace omap
