#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/driver/code_page.h"
#include "diagnostics/code.h"

namespace omap::test {

struct Block {
  driver::ExampleFence fence;
  std::string body;
};

/// A test that a page names where no example can stand: Provoked by `FILE`: "NAME".
struct NamedTest {
  std::string file, name;
};

/// docs/diagnostics/OMxxxx.md
struct Page {
  std::filesystem::path path;
  /// The lines before the first empty line but one: the title, and what kind of code it is.
  std::string head;
  std::string text;
  std::vector<Block> blocks;
  std::vector<NamedTest> tests;

  [[nodiscard]] bool has(std::string_view part) const;
  /// What the program says of the wrong example.
  [[nodiscard]] const Block* shown() const;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
[[nodiscard]] Page read_page(const std::filesystem::path& path);

/// How the page of a code begins: all that codes.def says of it.
[[nodiscard]] std::string head_of(const CodeInfo& code);

/// The page's text with this head, and `printed` as what the program says of the wrong example.
[[nodiscard]] std::string rewritten(const Page& page, const CodeInfo& code, const std::string& printed);

}  // namespace omap::test
