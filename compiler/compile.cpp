#include "compiler/compile.h"

#include "compiler/lower/lower.h"
#include "compiler/sema/checked_module.h"
#include "compiler/syntax/parse.h"
#include "runtime/plan/verify.h"

namespace omap {

Compilation compile(std::string name, std::string text) {
  Compilation done;
  const std::uint32_t file = done.sources.add(SourceFile(std::move(name), std::move(text)));
  ast::Module module = parse(done.sources, file, done.diagnostics);
  // A statement that could not be read may be the declaration that others miss: they would only repeat its error.
  if (has_errors(done.diagnostics)) return done;
  const CheckedModule checked = check(std::move(module), done.diagnostics);
  if (has_errors(done.diagnostics)) return done;
  for (const CheckedMapping& mapping : checked.mappings) {
    Plan plan = lower(mapping, done.sources);
    Diagnostics problems = verify(plan);
    done.diagnostics.insert(done.diagnostics.end(), problems.begin(), problems.end());
    done.plans.push_back(std::move(plan));
  }
  if (has_errors(done.diagnostics)) done.plans.clear();
  return done;
}

}  // namespace omap
