#include "compiler/driver/code_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace omap::driver {
namespace {

constexpr std::string_view fence_mark = "```";

/// The first word of `text`, which loses it and the blank behind it.
std::string take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  std::string word(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::string_view usual_file(std::string_view kind) {
  if (kind == "omap") return "example.omap";
  if (kind == "checkpoint") return "source/model.safetensors";
  if (kind == "json") return "source/config.json";
  return {};
}

}  // namespace

ExampleFence read_fence(std::string_view line) {
  line.remove_prefix(fence_mark.size());
  ExampleFence fence;
  fence.kind = take_word(line);
  fence.part = take_word(line);
  fence.file = line.empty() ? usual_file(fence.kind) : line;
  return fence;
}

std::string page_as_text(std::string_view page) {
  std::string text;
  std::optional<ExampleFence> open;
  while (!page.empty()) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.starts_with(fence_mark)) {
      if (open) {
        open.reset();
        continue;
      }
      open = read_fence(line);
      if (!open->file.empty()) text += fmt::format("  {}:\n", open->file);
    } else if (open) {
      text += line.empty() ? "\n" : fmt::format("    {}{}\n", open->kind == "sh" ? "$ " : "", line);
    } else {
      text += fmt::format("{}\n", line.substr(std::min(line.find_first_not_of("# "), line.size())));
    }
  }
  return text;
}

}  // namespace omap::driver
