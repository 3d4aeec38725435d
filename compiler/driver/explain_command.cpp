#include <fmt/format.h>

#include "compiler/driver/code_page.h"
#include "compiler/driver/commands.h"
#include "diagnostics/nearest.h"
#include "diagnostics/pages.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

std::string_view fault_text(Fault fault) {
  switch (fault) {
    case Fault::input:
      return "input";
    case Fault::system:
      return "system";
    case Fault::usage:
      return "usage";
  }
  return {};
}

Value::Object json_of(const CodeInfo& each) {
  return {{"code", code_text(each.code)},    {"name", each.name},
          {"phase", phase_text(each.phase)}, {"severity", severity_text(each.severity)},
          {"fault", fault_text(each.fault)}, {"meaning", each.meaning}};
}

/// A line for each code, under its phase.
std::string catalogue() {
  std::string text;
  Phase phase{};
  for (const CodeInfo& each : all_codes()) {
    if (each.phase != phase) {
      text += fmt::format("{}OM{}xxx: {}\n", text.empty() ? "" : "\n", static_cast<unsigned>(each.phase),
                          phase_text(each.phase));
    }
    phase = each.phase;
    text += fmt::format("  {} {:<7} {:<21} {}\n", code_text(each.code), severity_text(each.severity), each.name,
                        each.meaning);
  }
  return text;
}

std::string catalogue_json() {
  Value::List codes;
  for (const CodeInfo& each : all_codes()) codes.emplace_back(json_of(each));
  return dump_json(Value(Value::Object{{"codes", std::move(codes)}})) + "\n";
}

Diagnostic unknown_code(const std::string& wanted) {
  std::vector<std::string> known;
  for (const CodeInfo& each : all_codes()) {
    known.push_back(code_text(each.code));
    known.emplace_back(each.name);
  }
  Diagnostic diagnostic(Code::unknown_name, "there is no diagnostic `{}`", wanted);
  if (const auto near = nearest(wanted, known)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.emplace_back("`olmoc explain` lists all of them");
  return diagnostic;
}

}  // namespace

ExitCode explain(const Console& console, const std::optional<std::string>& wanted) {
  if (!wanted) {
    console.result(console.json ? catalogue_json() : catalogue());
    return done;
  }
  const auto code = code_from_any_name(*wanted);
  if (!code) return console.report({unknown_code(*wanted)});
  const std::string_view page = page_of(*code);
  if (console.json) {
    Value::Object all = json_of(info(*code));
    all.emplace_back("page", page);
    console.result(dump_json(Value(std::move(all))) + "\n");
  } else {
    console.result(page.empty() ? fmt::format("{}: {}\n", code_text(*code), info(*code).meaning) : page_as_text(page));
  }
  return done;
}

}  // namespace omap::driver
