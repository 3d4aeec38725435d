#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "runtime/json/value.h"

namespace omap {

struct JsonLimits {
  std::size_t bytes = 256u << 20;
  std::size_t depth = 128;
};

/// RFC 8259, and stricter: a name that stands twice in an object is refused, and so are an integer that does not fit
/// 64 bits and nesting beyond the limit. `subject` names the text in errors (`json_invalid`).
[[nodiscard]] Result<Value> parse_json(std::string_view text, std::string_view subject, const JsonLimits& limits = {});

/// On one line, members in the order of the value. Invalid UTF-8 in strings is replaced.
[[nodiscard]] std::string dump_json(const Value& value);
/// Indented by two blanks.
[[nodiscard]] std::string dump_json_indented(const Value& value);

}  // namespace omap
