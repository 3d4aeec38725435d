#pragma once

#include <filesystem>
#include <string>

#include "tests/diagnostics/page.h"

namespace omap::test {

struct Outcome {
  int status = 0;
  /// Both streams together; the scratch folder in it is spelled `...`. Without empty lines at the end.
  std::string printed;
};

/// Makes the files of a part of a page in a scratch folder, and runs its commands there, with `olmoc` on the path. The
/// mended example is the wrong one, with the blocks of its own in the place of those for the same file. Without
/// commands it is `olmoc check example.omap`. A block that cannot be made is an Outcome with status -1.
[[nodiscard]] Outcome run_example(const Page& page, std::string_view part, const std::filesystem::path& olmoc);

}  // namespace omap::test
