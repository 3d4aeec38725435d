#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "diagnostics/code.h"
#include "diagnostics/pages.h"

using namespace omap;

namespace {

struct Row {
  std::string code, meaning, mend;
};

/// The rows of the page's tables that begin with a code: `| [OM1001](diagnostics/OM1001.md) | meaning | mend |`.
std::vector<Row> rows_of_page() {
  std::ifstream page(OMAP_FIXTURES "/../../docs/diagnostics.md");
  REQUIRE(page.is_open());
  std::vector<Row> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| [OM") && !line.starts_with("| OM")) continue;
    std::vector<std::string> cells;
    for (std::size_t begin = 2; begin < line.size();) {
      const std::size_t end = std::min(line.find(" |", begin), line.size());
      cells.push_back(line.substr(begin, end - begin));
      begin = end + 3;
    }
    CAPTURE(line);
    REQUIRE(cells.size() == 3);
    rows.push_back({cells[0], cells[1], cells[2]});
  }
  return rows;
}

/// The code of a row's first cell, which is a link to the code's page if it has one.
std::string code_of(const std::string& cell) { return cell.starts_with('[') ? cell.substr(1, 6) : cell; }

/// `a meaning (*warning*)`
std::string meaning_cell(const CodeInfo& code) {
  std::string cell(code.meaning);
  if (code.severity != Severity::error) cell += fmt::format(" (*{}*)", severity_text(code.severity));
  if (code.fault == Fault::system) cell += " (*system*)";
  return cell;
}

}  // namespace

TEST_CASE("the page on diagnostics lists every code, in order, and no other") {
  std::vector<std::string> listed, declared;
  for (const Row& row : rows_of_page()) listed.push_back(code_of(row.code));
  for (const CodeInfo& each : all_codes()) declared.push_back(code_text(each.code));
  CHECK(listed == declared);
}

TEST_CASE("the page says of each code what it means and what to do, and links to its page") {
  for (const Row& row : rows_of_page()) {
    CAPTURE(row.code);
    CHECK(row.mend.size() > 5);
    const auto code = code_from_text(code_of(row.code));
    if (!code) continue;
    CHECK(row.meaning == meaning_cell(info(*code)));
    const std::string text = code_text(*code);
    CHECK(row.code == (page_of(*code).empty() ? text : fmt::format("[{}](diagnostics/{}.md)", text, text)));
  }
}

TEST_CASE("the page has a section for each phase") {
  std::ifstream page(OMAP_FIXTURES "/../../docs/diagnostics.md");
  const std::string text(std::istreambuf_iterator<char>(page), {});
  for (const CodeInfo& each : all_codes()) {
    const std::string title =
        fmt::format("\n## OM{}xxx: {}\n", static_cast<unsigned>(each.phase), phase_text(each.phase));
    CAPTURE(title);
    CHECK(text.find(title) != std::string::npos);
  }
}
