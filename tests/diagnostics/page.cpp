#include "tests/diagnostics/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace omap::test {
namespace {

constexpr std::string_view provoked = "Provoked by `", between = "`: \"", last = "\".";

std::optional<NamedTest> named_test(std::string_view line) {
  if (!line.starts_with(provoked) || !line.ends_with(last)) return std::nullopt;
  line = line.substr(provoked.size(), line.size() - provoked.size() - last.size());
  const std::size_t cut = line.find(between);
  if (cut == std::string_view::npos) return std::nullopt;
  return NamedTest{std::string(line.substr(0, cut)), std::string(line.substr(cut + between.size()))};
}

}  // namespace

bool Page::has(std::string_view part) const {
  return std::ranges::any_of(blocks, [&](const Block& block) { return block.fence.part == part; });
}

const Block* Page::shown() const {
  const auto found = std::ranges::find_if(blocks, [](const Block& block) { return block.fence.kind == "text"; });
  return found == blocks.end() ? nullptr : &*found;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Page read_page(const std::filesystem::path& path) {
  Page page;
  page.path = path;
  page.text = read_file(path);
  constexpr std::string_view paragraph = "\n\n";
  const std::size_t kind = page.text.find(paragraph, page.text.find(paragraph) + paragraph.size());
  page.head = page.text.substr(0, kind);
  std::istringstream lines(page.text);
  bool open = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      open = !open;
      if (open) page.blocks.push_back({driver::read_fence(line), {}});
    } else if (open) {
      page.blocks.back().body += line + "\n";
    } else if (auto test = named_test(line)) {
      page.tests.push_back(*std::move(test));
    }
  }
  return page;
}

std::string head_of(const CodeInfo& code) {
  return fmt::format("# {}: {}\n\n`{}`: {}{}, of phase {}: {}", code_text(code.code), code.meaning, code.name,
                     code.severity == Severity::error ? "an error" : fmt::format("a {}", severity_text(code.severity)),
                     code.fault == Fault::system  ? " of the system"
                     : code.fault == Fault::usage ? " of usage"
                                                  : "",
                     static_cast<unsigned>(code.phase), phase_text(code.phase));
}

std::string rewritten(const Page& page, const CodeInfo& code, const std::string& printed) {
  std::string text = head_of(code) + page.text.substr(page.head.size());
  const std::string old = page.shown() ? "```text\n" + page.shown()->body + "```\n" : std::string();
  if (const std::size_t at = text.find(old); !old.empty() && at != std::string::npos)
    text.replace(at, old.size(), "```text\n" + printed + "```\n");
  return text;
}

}  // namespace omap::test
