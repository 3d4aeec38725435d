#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "diagnostics/code.h"

using namespace omap;

namespace {

struct Row {
  std::string code, meaning, mend;
};

/// The rows of the page's tables that begin with a code: `| OM1001 | meaning | mend |`.
std::vector<Row> rows_of_page() {
  std::ifstream page(OMAP_FIXTURES "/../../docs/diagnostics.md");
  REQUIRE(page.is_open());
  std::vector<Row> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| OM")) continue;
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

}  // namespace

TEST_CASE("the page on diagnostics lists every code, in order, and no other") {
  std::vector<std::string> listed, declared;
  for (const Row& row : rows_of_page()) listed.push_back(row.code);
  for (const CodeInfo& each : all_codes()) declared.push_back(code_text(each.code));
  CHECK(listed == declared);
}

TEST_CASE("the page says of each code what it means, and what to do") {
  for (const Row& row : rows_of_page()) {
    CAPTURE(row.code);
    CHECK(row.meaning.size() > 10);
    CHECK(row.mend.size() > 5);
    const auto code = code_from_text(row.code);
    if (!code) continue;
    CHECK((row.meaning.find("(*system*)") != std::string::npos) == (info(*code).fault == Fault::system));
    CHECK((row.meaning.find("(*warning*)") != std::string::npos) == (info(*code).severity == Severity::warning));
    CHECK((row.meaning.find("(*note*)") != std::string::npos) == (info(*code).severity == Severity::note));
  }
}
