#include "tests/fuzz/invariant.h"

#include <string>

#include "runtime/plan/invert.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"
#include "runtime/plan/verify.h"
#include "tests/fuzz/require.h"

namespace omap::fuzz {

void require_sound(const Plan& plan) {
  require(!has_errors(verify(plan)), "a plan that was made passes verify");
  require(!print_ir(plan).empty(), "a plan has a listing");
  const std::string written = write_plan(plan);
  const auto loaded = read_plan(written, "written");
  require(loaded.has_value(), "a plan that was written can be read");
  require(*loaded == plan, "a plan that was read is the one that was written");
  require(write_plan(*loaded) == written, "one plan has one text");
  const Plan inverse = invert(plan);
  require(!has_errors(verify(inverse)), "the inverse of a plan passes verify");
  require(invert(inverse) == plan, "the inverse of a plan's inverse is the plan");
}

}  // namespace omap::fuzz
