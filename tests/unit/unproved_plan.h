#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/lower/lower.h"
#include "compiler/sema/checked_module.h"
#include "compiler/syntax/parse.h"
#include "runtime/plan/verify.h"

// Plans of which nothing has been proved yet, for the tests of the proofs.
namespace omap::test {

/// The plan of a mapping between the sides `a` and `b` with this body. Its structure has been verified, no more.
inline Plan unproved(const std::string& body) {
  SourceMap sources;
  Diagnostics diagnostics;
  const std::uint32_t file = sources.add(SourceFile(
      "m.omap",
      fmt::format("omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {{\n{}\n}}\n", body)));
  std::vector<ast::Module> modules;
  modules.push_back(parse(sources, file, diagnostics));
  const CheckedModule checked = check(std::move(modules), diagnostics);
  CAPTURE(body);
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::error) FAIL(diagnostic.message);
  }
  Plan plan = lower(checked.mappings.front(), sources);
  REQUIRE(verify_structure(plan).empty());
  return plan;
}

/// `OM3004 axis ...`, a line for each.
inline std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    text += (text.empty() ? "" : "\n") + code_text(diagnostic.code) + " " + diagnostic.message;
  }
  return text;
}

/// What a proof of single rules says of the first one; that it says nothing if and only if it succeeds is checked.
inline std::string said_of_rule(bool (*proof)(const Plan&, const Rule&, Diagnostics&), const Plan& plan) {
  Diagnostics diagnostics;
  const bool passed = proof(plan, plan.rules.front(), diagnostics);
  CHECK(passed == diagnostics.empty());
  return text_of(diagnostics);
}
inline std::string said_of_rule(bool (*proof)(const Plan&, const Rule&, Diagnostics&), const std::string& body) {
  return said_of_rule(proof, unproved(body));
}

}  // namespace omap::test
