#include "compiler/driver/load_mapping.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/compile.h"
#include "diagnostics/nearest.h"
#include "runtime/plan/plan_json.h"
#include "stdlib-mappings/standard_mappings.h"

namespace omap::driver {
namespace {

LoadedMapping failed(Diagnostics diagnostics) { return {std::nullopt, std::move(diagnostics), {}}; }

LoadedMapping choose(Compilation compilation, const std::string& file, const std::string& name) {
  LoadedMapping loaded{std::nullopt, std::move(compilation.diagnostics), std::move(compilation.sources)};
  if (has_errors(loaded.diagnostics)) return loaded;
  std::vector<std::string> names;
  for (Plan& plan : compilation.plans) {
    names.push_back(plan.name);
    if (plan.name == name || (name.empty() && compilation.plans.size() == 1)) {
      loaded.plan = std::move(plan);
      return loaded;
    }
  }
  Diagnostic diagnostic = names.empty() ? Diagnostic(Code::unknown_mapping, "the file holds no mapping")
                          : name.empty() ? Diagnostic(Code::unknown_mapping, "the file holds several mappings")
                                         : Diagnostic(Code::unknown_mapping, "the file holds no mapping `{}`", name);
  diagnostic.subject = file;
  if (const auto near = nearest(name, names)) diagnostic.helps.push_back(fmt::format("did you mean `{}:{}`?", file, *near));
  if (!names.empty()) diagnostic.helps.push_back(fmt::format("name one: `{}:{}`", file, fmt::join(names, fmt::format("`, `{}:", file))));
  loaded.diagnostics.push_back(std::move(diagnostic));
  return loaded;
}

LoadedMapping load_standard(const std::string& name) {
  std::vector<std::string> names;
  for (const StandardMapping& mapping : standard_mappings()) {
    if (mapping.name == name) {
      return choose(compile(fmt::format("std:{}", name), std::string(mapping.text)), fmt::format("std:{}", name), name);
    }
    names.emplace_back(mapping.name);
  }
  Diagnostic diagnostic(Code::unknown_mapping, "there is no standard mapping `{}`", name);
  if (const auto near = nearest(name, names)) diagnostic.helps.push_back(fmt::format("did you mean `std:{}`?", *near));
  diagnostic.helps.push_back(fmt::format("there are `std:{}`", fmt::join(names, "`, `std:")));
  return failed({std::move(diagnostic)});
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
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return fail(Diagnostic(Code::read_failed, "cannot read the file").in(path));
  return text;
}

LoadedMapping load_mapping(const std::string& argument) {
  if (argument.starts_with("std:")) return load_standard(argument.substr(4));
  std::string file = argument, name;
  std::error_code error;
  const std::size_t colon = argument.rfind(':');
  if (!std::filesystem::exists(file, error) && colon != std::string::npos) {
    file = argument.substr(0, colon);
    name = argument.substr(colon + 1);
  }
  auto text = read_text(file);
  if (!text) {
    Diagnostics problems = std::move(text.error());
    problems.front().helps.push_back("a mapping is a `.omap` file, a plan, or `std:NAME`");
    return failed(std::move(problems));
  }
  if (!is_plan(*text)) return choose(compile(file, std::move(*text)), file, name);
  auto plan = read_plan(*text, file);
  if (!plan) return failed(std::move(plan.error()));
  if (!name.empty() && plan->name != name) {
    return failed({Diagnostic(Code::unknown_mapping, "the plan is of `{}`, not of `{}`", plan->name, name).in(file)});
  }
  SourceMap sources = plan->sources;
  return {std::move(*plan), {}, std::move(sources)};
}

}  // namespace omap::driver
