#pragma once

#include <string>
#include <string_view>

namespace omap::driver {

/// The fence of a block in a page on a code: ```` ```KIND PART [FILE] ````. docs/diagnostics.md says what kinds there
/// are.
struct ExampleFence {
  std::string kind;  ///< `omap`, `checkpoint`, `json`, `sh`; `text` for what the program says
  std::string part;  ///< `wrong`, `mended`; nothing for `text`
  std::string file;  ///< what the examples' commands call the block; nothing for `sh` and `text`
};

/// `line` begins with three backquotes. A block without a FILE gets the one that its kind always has.
[[nodiscard]] ExampleFence read_fence(std::string_view line);

/// A page for a terminal: without marks of Markdown, each block indented below the name of its file.
[[nodiscard]] std::string page_as_text(std::string_view page);

}  // namespace omap::driver
