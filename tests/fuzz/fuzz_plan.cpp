// A text that nobody vouches for, read as a plan.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "compiler/raise/raise.h"
#include "diagnostics/render.h"
#include "runtime/plan/plan_json.h"
#include "tests/fuzz/invariant.h"
#include "tests/fuzz/require.h"

using namespace omap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto plan = read_plan({reinterpret_cast<const char*>(data), size}, "input");
  if (!plan) {
    fuzz::require(has_errors(plan.error()), "what is refused has an error");
    for (const Diagnostic& diagnostic : plan.error()) {
      fuzz::require(!render_text(diagnostic, {}, false).empty(), "an error has a text");
    }
    return 0;
  }
  fuzz::require_sound(*plan);
  // It says itself whether the text gives the plan back.
  (void)raise(*plan);
  return 0;
}
