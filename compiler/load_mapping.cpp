#include "compiler/load_mapping.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/compile.h"
#include "diagnostics/nearest.h"
#include "runtime/plan/plan_json.h"
#include "stdlib-mappings/standard_mappings.h"

namespace omap {
namespace {

LoadedFile failed(Diagnostics diagnostics) { return {{}, std::move(diagnostics), {}}; }

const StandardMapping* find_standard(std::string_view name) {
  for (const StandardMapping& mapping : standard_mappings()) {
    if (mapping.name == name) return &mapping;
  }
  return nullptr;
}

/// `did you mean`, and all there are.
Diagnostic no_standard(const std::string& name, const std::vector<std::string>& names) {
  Diagnostic diagnostic(Code::unknown_mapping, "there is no standard mapping `{}`", name);
  if (const auto near = nearest(name, names)) diagnostic.helps.push_back(fmt::format("did you mean `std:{}`?", *near));
  diagnostic.helps.push_back(fmt::format("there are `std:{}`", fmt::join(names, "`, `std:")));
  return diagnostic;
}

std::vector<std::string> standard_names() {
  std::vector<std::string> names;
  for (const StandardMapping& mapping : standard_mappings()) names.emplace_back(mapping.name);
  return names;
}

/// A file is found beside the one that uses it. Names are brought into one form, so that a file is one however it is
/// spelled.
Result<UsedText> find_used(std::string_view from, bool standard, const std::string& path) {
  if (standard) {
    const StandardMapping* mapping = find_standard(path);
    if (!mapping) return fail(no_standard(path, standard_names()));
    return UsedText{"std:" + path, std::string(mapping->text)};
  }
  if (from.starts_with("std:")) return fail(Diagnostic(Code::not_found, "a standard mapping uses no files"));
  const std::filesystem::path file = (std::filesystem::path(from).parent_path() / path).lexically_normal();
  auto text = read_text(file.string());
  if (!text) {
    return fail(Diagnostic(Code::not_found, "`{}`: {}", file.string(), text.error().front().message)
                    .help("a path is relative to the file that uses it; `use std \"NAME\"` is a standard mapping"));
  }
  return UsedText{file.string(), std::move(*text)};
}

LoadedFile compiled(const std::string& name, std::string text, const std::string& only) {
  Compilation compilation = compile(name, std::move(text), find_used, only);
  return {std::move(compilation.plans), std::move(compilation.diagnostics), std::move(compilation.sources)};
}

/// Without those that are there for others to extend.
std::vector<std::string> usable_names() {
  std::vector<std::string> names = standard_names();
  std::erase_if(names, [](const std::string& name) {
    const LoadedFile file = compiled("std:" + name, std::string(find_standard(name)->text), {});
    return std::ranges::all_of(file.plans, is_base);
  });
  return names;
}

LoadedFile load_standard(const std::string& name, const std::string& only) {
  const StandardMapping* mapping = find_standard(name);
  if (!mapping) return failed({no_standard(name, usable_names())});
  return compiled(fmt::format("std:{}", name), std::string(mapping->text), only);
}

/// The mapping `name` of a file, or its only one.
LoadedMapping choose(LoadedFile loaded, const std::string& file, const std::string& name) {
  LoadedMapping chosen{std::nullopt, std::move(loaded.diagnostics), std::move(loaded.sources)};
  if (has_errors(chosen.diagnostics)) return chosen;
  std::vector<std::string> names;
  for (Plan& plan : loaded.plans) {
    names.push_back(plan.name);
    if (plan.name != name && !(name.empty() && loaded.plans.size() == 1)) continue;
    chosen.plan = std::move(plan);
    return chosen;
  }
  Diagnostic diagnostic = names.empty()  ? Diagnostic(Code::unknown_mapping, "the file holds no mapping")
                          : name.empty() ? Diagnostic(Code::unknown_mapping, "the file holds several mappings")
                                         : Diagnostic(Code::unknown_mapping, "the file holds no mapping `{}`", name);
  diagnostic.subject = file;
  if (const auto near = nearest(name, names))
    diagnostic.helps.push_back(fmt::format("did you mean `{}:{}`?", file, *near));
  if (!names.empty()) {
    diagnostic.helps.push_back(fmt::format("name one: `{}:{}`", file, fmt::join(names, fmt::format("`, `{}:", file))));
  }
  chosen.diagnostics.push_back(std::move(diagnostic));
  return chosen;
}

/// A plan is JSON, and no mapping begins with a brace.
bool is_plan(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{';
}

}  // namespace

Result<std::string> read_text(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(Diagnostic(Code::not_found, "this is a directory, not a file").in(path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Diagnostic(Code::not_found, "cannot open the file: {}", std::strerror(errno)).in(path));
  // Through the stream's own `>>`, which notes a failing read; an iterator over its buffer would throw.
  std::ostringstream text;
  file >> text.rdbuf();
  if (file.bad()) return fail(Diagnostic(Code::read_failed, "cannot read the file").in(path));
  return std::move(text).str();
}

LoadedFile load_file(const std::string& file, const std::string& only) {
  if (file.starts_with("std:")) return load_standard(file.substr(4), only);
  auto text = read_text(file);
  if (!text) {
    Diagnostics problems = std::move(text.error());
    if (problems.front().code == Code::not_found) {
      std::vector<std::string>& helps = problems.front().helps;
      const auto near = nearest(file, standard_names());
      if (near) helps.push_back(fmt::format("did you mean the standard mapping `std:{}`?", *near));
      helps.emplace_back("a mapping is a `.omap` file, a plan, or `std:NAME`");
    }
    return failed(std::move(problems));
  }
  if (!is_plan(*text)) return compiled(file, std::move(*text), only);
  auto plan = read_plan(*text, file);
  if (!plan) return failed(std::move(plan.error()));
  SourceMap sources = plan->sources;
  return {{std::move(*plan)}, {}, std::move(sources)};
}

LoadedFile load_text(const std::string& name, std::string text) { return compiled(name, std::move(text), {}); }

LoadedMapping load_mapping(const std::string& argument) {
  const std::size_t first = argument.starts_with("std:") ? 4 : 0;
  const std::size_t colon = argument.rfind(':');
  std::error_code error;
  const bool named = colon != std::string::npos && colon >= first && !std::filesystem::exists(argument, error);
  const std::string file = named ? argument.substr(0, colon) : argument;
  const std::string name = named ? argument.substr(colon + 1) : std::string();
  return choose(load_file(file, name), file, name);
}

}  // namespace omap
