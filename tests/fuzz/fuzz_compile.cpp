// A text that nobody vouches for, formatted and compiled. Texts that it uses stand behind it, as in tests/lang.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "compiler/format/format.h"
#include "compiler/raise/raise.h"
#include "compiler/syntax/parse.h"
#include "diagnostics/render.h"
#include "runtime/plan/invert.h"
#include "stdlib-mappings/standard_mappings.h"
#include "tests/fuzz/invariant.h"
#include "tests/fuzz/require.h"

using namespace omap;

namespace {

using fuzz::require;

/// The first text, and those that it may use.
struct Texts {
  std::string first;
  std::vector<UsedText> used;
};

/// Each of the others begins with a line `// ---- file NAME`.
Texts split(std::string_view whole) {
  constexpr std::string_view mark = "\n// ---- file ";
  std::size_t end = whole.find(mark);
  Texts texts{std::string(whole.substr(0, end)), {}};
  while (end != std::string_view::npos) {
    whole.remove_prefix(end + mark.size());
    const std::size_t name = std::min(whole.find('\n'), whole.size());
    end = whole.find(mark, name);
    texts.used.push_back({std::string(whole.substr(0, name)), std::string(whole.substr(name, end - name))});
  }
  return texts;
}

FindUsed find_among(const std::vector<UsedText>& used) {
  return [&used](std::string_view, bool standard, const std::string& path) -> Result<UsedText> {
    const std::string name = (standard ? "std:" : "") + path;
    const auto found = std::ranges::find(used, name, &UsedText::name);
    if (found != used.end()) return *found;
    const auto known = std::ranges::find(standard_mappings(), path, &StandardMapping::name);
    if (standard && known != standard_mappings().end()) return UsedText{name, std::string(known->text)};
    return fail(Diagnostic(Code::not_found, "no such text"));
  };
}

Compilation compiled(const Texts& texts) {
  Compilation done = compile("input.omap", texts.first, find_among(texts.used));
  for (const Diagnostic& diagnostic : done.diagnostics) {
    require(!render_text(diagnostic, done.sources, false).empty(), "a diagnostic has a text");
    const SourceRange at = diagnostic.primary.range;
    require(!at.known() || done.sources.covers(at), "a diagnostic is about a place in the text");
    require(diagnostic.code != Code::plan_malformed, "what the checker lets through is well formed");
  }
  require(done.plans.empty() || !has_errors(done.diagnostics), "a text with errors has no plan");
  return done;
}

std::vector<Plan> without_places(std::vector<Plan> plans) {
  for (Plan& plan : plans) plan = without_ranges(std::move(plan));
  return plans;
}

struct Formatted {
  std::string text;
  Diagnostics diagnostics;
};

/// `text` is empty where there are errors.
Formatted formatted(std::string text) {
  SourceMap sources;
  Formatted made;
  const std::uint32_t file = sources.add(SourceFile("input.omap", std::move(text)));
  const ast::Module module = parse(sources, file, made.diagnostics);
  if (!has_errors(made.diagnostics)) made.text = format(module, sources);
  return made;
}

/// Parentheses and line ends that the layout adds may be too many.
bool exceeds_limit(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.code == Code::nesting_too_deep || diagnostic.code == Code::source_too_large;
  });
}

void check_layout(const Texts& texts, const Compilation& compilation) {
  const Formatted once = formatted(texts.first);
  if (has_errors(once.diagnostics)) return;
  const Formatted twice = formatted(once.text);
  if (exceeds_limit(twice.diagnostics)) return;
  require(!has_errors(twice.diagnostics), "a text that was formatted can be read");
  require(twice.text == once.text, "formatting twice is formatting once");
  const Compilation again = compiled({once.text, texts.used});
  require(again.diagnostics.size() == compilation.diagnostics.size(), "formatting changes nothing that is said");
  require(without_places(again.plans) == without_places(compilation.plans), "formatting changes no plan");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Texts texts = split({reinterpret_cast<const char*>(data), size});
  const Compilation compilation = compiled(texts);
  for (const Plan& plan : compilation.plans) {
    fuzz::require_sound(plan);
    const auto text = raise(plan);
    require(text.has_value(), "a plan that was compiled can be said in a mapping");
  }
  check_layout(texts, compilation);
  return 0;
}
