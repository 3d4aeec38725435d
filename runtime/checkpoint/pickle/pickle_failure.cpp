#include "runtime/checkpoint/pickle/pickle_failure.h"

#include <utility>

namespace omap {

Diagnostic pickle_failure(const PickleProblem& problem, std::string file) {
  if (problem.kind == PickleProblem::Kind::forbidden) {
    return Diagnostic(Code::pickle_global, "the pickle names `{}`, which is no part of a checkpoint", problem.what)
        .note("a pickle can name any code to be called when it is loaded; here it is only read, and nothing was called")
        .help("if you trust the file, load it in Python and save its tensors alone: `torch.save(state_dict, path)`")
        .in(std::move(file));
  }
  return Diagnostic(Code::pickle_invalid, "the pickle is not read: {}", problem.what)
      .help("the file is cut off, damaged or no checkpoint: compare its size with the original, copy it again")
      .in(std::move(file));
}

}  // namespace omap
