#include "compiler/sema/edit_meets_nothing.h"

namespace omap::sema {

Diagnostic edit_meets_nothing(const CheckedMapping& base, SourceRange range, std::string_view what,
                              std::string_view help) {
  return Diagnostic(Code::edit_meets_nothing, range, "`{}` has {} to change", base.syntax->name.text, what)
      .label("meets nothing")
      .also(base.syntax->name.range, "what is inherited")
      .help("{}", help);
}

}  // namespace omap::sema
