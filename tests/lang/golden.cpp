// Runs the golden cases of this folder: see README.md.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "diagnostics/render.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view separator = "// ---- expected\n";
/// Begins a file that the case uses: `// ---- file NAME`, or `std:NAME` for a standard mapping.
constexpr std::string_view file_mark = "// ---- file ";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Each line behind `// `, so that the whole case is still a mapping file.
std::string as_comment(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += end == 0 ? "//" : "// " + std::string(text.substr(0, end));
    lines += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The texts of a case: its mapping file, and those that it may use.
struct Case {
  std::string text;
  std::map<std::string, std::string> files;
};

Case split_files(const std::string& whole) {
  const auto begin_of_file = [&](std::size_t from) {
    while (from < whole.size() && !whole.substr(from).starts_with(file_mark)) {
      from = std::min(whole.find('\n', from), whole.size() - 1) + 1;
    }
    return from;
  };
  std::size_t at = begin_of_file(0);
  Case parts{whole.substr(0, at), {}};
  while (at < whole.size()) {
    const std::size_t name = at + file_mark.size();
    const std::size_t text = std::min(whole.find('\n', name), whole.size() - 1) + 1;
    at = begin_of_file(text);
    parts.files[whole.substr(name, text - name - 1)] = whole.substr(text, at - text);
  }
  return parts;
}

/// What the compiler says of a case, and the plans that it makes. A plan that does not survive its own JSON is a fault
/// of the program, whatever the case is about.
std::string outcome(const std::string& name, const std::string& whole) {
  const Case parts = split_files(whole);
  const omap::FindUsed find = [&](std::string_view, bool standard,
                                  const std::string& path) -> omap::Result<omap::UsedText> {
    const std::string wanted = (standard ? "std:" : "") + path;
    if (wanted == name) return omap::UsedText{name, parts.text};
    const auto found = parts.files.find(wanted);
    if (found != parts.files.end()) return omap::UsedText{wanted, found->second};
    return omap::fail(omap::Diagnostic(omap::Code::not_found, "the case has no file `{}`", wanted));
  };
  const omap::Compilation compilation = omap::compile(name, parts.text, find);
  std::string said;
  for (const omap::Diagnostic& diagnostic : compilation.diagnostics) {
    said += omap::render_text(diagnostic, compilation.sources, false);
  }
  for (const omap::Plan& plan : compilation.plans) {
    const auto loaded = omap::read_plan(omap::write_plan(plan), name);
    if (!loaded || !(*loaded == plan)) said += "the plan changes when it is saved and loaded\n";
    said += omap::print_ir(plan);
  }
  return said;
}

/// Whether the case holds; with `update`, makes it hold.
bool run(const fs::path& path, bool update) {
  const std::string whole = read(path);
  const std::size_t cut = whole.find(separator);
  const std::string text = whole.substr(0, cut);
  const std::string expected = cut == std::string::npos ? std::string() : whole.substr(cut + separator.size());
  const std::string found = as_comment(outcome(path.filename().string(), text));
  if (found == expected) return true;
  if (update) {
    std::ofstream(path, std::ios::binary) << text << separator << found;
    std::cout << "updated " << path.filename().string() << '\n';
    return true;
  }
  std::cout << "FAILED " << path.filename().string() << "\n-- expected\n" << expected << "-- found\n" << found;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: omap_golden FOLDER [--update]\n";
    return 2;
  }
  const bool update = argc > 2 && std::string_view(argv[2]) == "--update";
  std::vector<fs::path> cases;
  for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
    if (entry.path().extension() == ".omap") cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  const auto failed =
      std::count_if(cases.begin(), cases.end(), [&](const fs::path& path) { return !run(path, update); });
  std::cout << cases.size() - static_cast<std::size_t>(failed) << " passed, " << failed << " failed\n";
  return failed == 0 && !cases.empty() ? 0 : 1;
}
