// Holds the codes, their pages and the sources that emit them together; docs/diagnostics.md says what a page is made
// of.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "diagnostics/code.h"
#include "tests/diagnostics/example.h"
#include "tests/diagnostics/page.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

struct Check {
  fs::path olmoc, root;
  bool update = false;
  std::size_t failures = 0;

  template <class... Args>
  void fail(const CodeInfo& code, fmt::format_string<Args...> text, Args&&... args) {
    ++failures;
    fmt::print("FAILED {} {}: {}\n", code_text(code.code), code.name, fmt::format(text, std::forward<Args>(args)...));
  }
};

/// Whether `printed` is what is shown, where `...` stands for anything.
bool same(std::string_view shown, std::string_view printed) {
  constexpr std::string_view anything = "...";
  const std::size_t first = shown.find(anything);
  if (first == std::string_view::npos) return shown == printed;
  if (!printed.starts_with(shown.substr(0, first))) return false;
  printed.remove_prefix(first);
  shown.remove_prefix(first + anything.size());
  for (std::size_t next = 0; (next = shown.find(anything)) != std::string_view::npos;) {
    const std::size_t at = printed.find(shown.substr(0, next));
    if (at == std::string_view::npos) return false;
    printed.remove_prefix(at + next);
    shown.remove_prefix(next + anything.size());
  }
  return printed.ends_with(shown);
}

/// `printed`, with those lines of `shown` that still hold: what `...` stands for there stays open.
std::string keep_open(const std::string& shown, const std::string& printed) {
  std::istringstream old(shown), now(printed);
  std::string text;
  for (std::string before, line; std::getline(now, line);) {
    if (!std::getline(old, before)) before.clear();
    text += (same(before, line) ? before : line) + "\n";
  }
  return text;
}

/// The first code that is said with the severity: `OM3004`.
std::string first_code(const std::string& printed, std::string_view severity) {
  std::smatch found;
  const std::regex head(fmt::format(R"((?:^|\n){}\[(OM\d+)\])", severity));
  return std::regex_search(printed, found, head) ? found[1].str() : "none";
}

/// The wrong example gives the code first, and what is shown; the mended one gives no error.
void check_examples(Check& check, const CodeInfo& code, const Page& page) {
  if (!page.has("mended")) return check.fail(code, "its page has a wrong example, and none that is mended");
  if (!page.shown()) return check.fail(code, "its page has no ```text block for what the program says");
  const Outcome wrong = run_example(page, "wrong", check.olmoc);
  const std::string_view severity = severity_text(code.severity);
  if (const std::string first = first_code(wrong.printed, severity); first != code_text(code.code))
    check.fail(code, "the first {} of the wrong example is {}:\n{}", severity, first, wrong.printed);
  const int status = code.severity != Severity::error ? 0
                     : code.fault == Fault::system    ? 3
                     : code.fault == Fault::usage     ? 2
                                                      : 1;
  if (wrong.status != status) check.fail(code, "the wrong example returns {}, not {}", wrong.status, status);

  const Outcome mended = run_example(page, "mended", check.olmoc);
  const bool silent = first_code(mended.printed, "error") == "none" && first_code(mended.printed, "warning") == "none";
  if (mended.status != 0 || !silent || mended.printed.find(code_text(code.code)) != std::string::npos)
    check.fail(code, "the mended example is not right; it returns {} and says\n{}", mended.status, mended.printed);

  if (same(page.shown()->body, wrong.printed)) return;
  if (check.update) {
    std::ofstream(page.path, std::ios::binary) << rewritten(page, code, keep_open(page.shown()->body, wrong.printed));
    fmt::print("updated {}\n", page.path.filename().string());
  } else {
    check.fail(code, "its page shows\n{}and the program says\n{}", page.shown()->body, wrong.printed);
  }
}

void check_page(Check& check, const CodeInfo& code) {
  const fs::path path = check.root / "docs/diagnostics" / (code_text(code.code) + ".md");
  if (!fs::exists(path)) return check.fail(code, "it has no page {}", path.string());
  Page page = read_page(path);
  if (page.head != head_of(code)) {
    if (!check.update) return check.fail(code, "its page has to begin with\n{}", head_of(code));
    std::ofstream(path, std::ios::binary) << rewritten(page, code, page.shown() ? page.shown()->body : "");
    page = read_page(path);
  }
  for (const NamedTest& test : page.tests) {
    if (read_file(check.root / test.file).find(fmt::format("TEST_CASE(\"{}\")", test.name)) == std::string::npos)
      check.fail(code, "its page names a test that is not there: {}: \"{}\"", test.file, test.name);
  }
  if (page.has("wrong")) return check_examples(check, code, page);
  if (page.tests.empty()) check.fail(code, "it has no test: its page has no example, and names no test");
}

/// Every `Code::name` of the sources that makes a diagnostic: not what compares one, nor what a comment says.
std::set<std::string> emitted_codes(const fs::path& root) {
  std::set<std::string> names;
  const std::regex use(R"((case |== |!= )?\bCode::(\w+))");
  for (const char* folder : {"compiler", "runtime", "diagnostics"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        line.resize(std::min(line.find("//"), line.size()));
        for (std::sregex_iterator found(line.begin(), line.end(), use), end; found != end; ++found) {
          if (!(*found)[1].matched) names.insert((*found)[2]);
        }
      }
    }
  }
  return names;
}

/// Pages that are for no code.
void check_nothing_left_over(Check& check) {
  std::set<std::string> pages;
  for (const CodeInfo& code : all_codes()) {
    pages.insert(code_text(code.code) + ".md");
  }
  for (const auto& entry : fs::directory_iterator(check.root / "docs/diagnostics")) {
    if (pages.contains(entry.path().filename().string())) continue;
    ++check.failures;
    fmt::print("FAILED {}: no code has this page\n", entry.path().string());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool update = argc == 4 && std::string_view(argv[3]) == "--update";
  if (argc != 3 && !update) {
    fmt::print(stderr, "usage: omap_diagnostic_examples OLMOC ROOT [--update]\n");
    return 2;
  }
  Check check{fs::absolute(argv[1]), argv[2], update};
  const std::set<std::string> emitted = emitted_codes(check.root);
  for (const CodeInfo& code : all_codes()) {
    check_page(check, code);
    if (!emitted.contains(std::string(code.name))) check.fail(code, "nothing in the sources emits it");
  }
  check_nothing_left_over(check);
  fmt::print("{} codes, {} failures\n", all_codes().size(), check.failures);
  return check.failures == 0 ? 0 : 1;
}
