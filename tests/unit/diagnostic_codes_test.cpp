#include <doctest/doctest.h>

#include <set>
#include <string>

#include "diagnostics/diagnostic.h"

using namespace omap;

TEST_CASE("codes have unique numbers and names, in order, within the phases") {
  std::set<std::string_view> names;
  unsigned previous = 0;
  REQUIRE(all_codes().size() > 50);
  for (const CodeInfo& each : all_codes()) {
    CAPTURE(each.name);
    const auto number = static_cast<unsigned>(each.code);
    CHECK(number > previous);
    CHECK(each.phase >= Phase::syntax);
    CHECK(each.phase <= Phase::tensors);
    CHECK(names.insert(each.name).second);
    CHECK_FALSE(each.meaning.empty());
    CHECK_FALSE(each.meaning.ends_with('.'));
    previous = number;
  }
}

TEST_CASE("a machine's failures can only be met in the phases that meet the machine") {
  for (const CodeInfo& each : all_codes()) {
    CAPTURE(each.name);
    if (each.fault == Fault::system) CHECK(each.phase >= Phase::files);
  }
}

TEST_CASE("a code's text leads back to it") {
  for (const CodeInfo& each : all_codes()) CHECK(code_from_text(code_text(each.code)) == each.code);
  CHECK(code_text(Code::axis_without_source) == "OM3004");
  for (const char* text : {"", "OM", "3004", "OM300", "OM03004", "OM30040", "OM0001", "om3004", "OM3x04", "OM+304",
                           "OM3999", "OM-001", " OM3004"}) {
    CAPTURE(text);
    CHECK(code_from_text(text) == std::nullopt);
  }
}

TEST_CASE("a person may name a code in several ways") {
  for (const char* text : {"OM3004", "om3004", "3004", "axis_without_source"}) {
    CAPTURE(text);
    CHECK(code_from_any_name(text) == Code::axis_without_source);
  }
  for (const char* text : {"", "OM", "3999", "OMOM3004", "03004", "axis", "Axis_without_source"}) {
    CAPTURE(text);
    CHECK(code_from_any_name(text) == std::nullopt);
  }
  CHECK(phase_text(info(Code::axis_without_source).phase) == "shapes and axes");
}

TEST_CASE("a diagnostic takes its severity from its code, and only errors are errors") {
  CHECK(info(Code::unused_name).severity == Severity::warning);
  Diagnostics all{Diagnostic(Code::unused_name, "unused"), Diagnostic(Code::default_taken, "taken")};
  CHECK(all[0].severity == Severity::warning);
  CHECK(all[1].severity == Severity::note);
  CHECK_FALSE(has_errors(all));
  all.push_back(Diagnostic(Code::no_space, "full"));
  CHECK(has_errors(all));
  CHECK_FALSE(has_errors({}));
}
