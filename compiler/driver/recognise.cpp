#include "compiler/driver/recognise.h"

#include <algorithm>

#include "stdlib-mappings/standard_mappings.h"

namespace omap::driver {
namespace {

struct Candidate {
  std::string name;
  LoadedMapping loaded;
};

bool has_sides(const Plan& plan, const std::string& from, const std::string& to) {
  return from != to && (plan.left.name == from || plan.left.name == to) &&
         (plan.right.name == from || plan.right.name == to);
}

LoadedMapping failed(Diagnostic diagnostic) { return {std::nullopt, {std::move(diagnostic)}, {}}; }

}  // namespace

LoadedMapping recognise(const SidePath& from, const std::string& to, const std::vector<std::string>& settings) {
  // What is wrong with the checkpoint itself is wrong for every mapping.
  if (const auto checkpoint = open_checkpoint(from.path); !checkpoint) return {std::nullopt, checkpoint.error(), {}};
  std::vector<Candidate> candidates;
  std::vector<std::string> refused;
  for (const StandardMapping& mapping : standard_mappings()) {
    LoadedFile file = load_file(fmt::format("std:{}", mapping.name));
    for (Plan& plan : file.plans) {
      if (!has_sides(plan, from.side, to)) continue;
      const auto bound = bind_source(plan, from, to, {settings});
      if (bound) {
        candidates.push_back({fmt::format("std:{}", plan.name), {std::move(plan), {}, file.sources}});
        continue;
      }
      const auto reason = std::ranges::find(bound.error(), Severity::error, &Diagnostic::severity);
      refused.push_back(fmt::format("std:{}: {}", plan.name, reason->message));
    }
  }
  if (candidates.size() == 1) return std::move(candidates.front().loaded);
  if (candidates.empty()) {
    Diagnostic none(Code::not_recognised, "no standard mapping from `{}` to `{}` is for this checkpoint", from.side,
                    to);
    none.subject = from.path.string();
    none.notes = std::move(refused);
    none.helps.push_back("name a mapping: `olmoc run MAPPING ...`");
    return failed(std::move(none));
  }
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) names.push_back(candidate.name);
  return failed(Diagnostic(Code::not_recognised, "several standard mappings are for this checkpoint: `{}`",
                           fmt::join(names, "`, `"))
                    .in(from.path.string())
                    .help("name the one that is meant; a config.json beside the tensors tells such models apart"));
}

}  // namespace omap::driver
