#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/draft/pair_families.h"
#include "runtime/plan/plan.h"

namespace omap {

struct DraftSide {
  SideDeclaration declaration;
  std::vector<KeyFamily> families;
};

/// A mapping that the draft extends: it has equations for what its names tell.
struct DraftBase {
  /// The statement that makes it known: `use std "llama"`.
  std::string use;
  const Plan* plan = nullptr;
  /// Keys of inherited rules that are not there, each with its side: `a:blocks.{layer}.w`.
  std::vector<std::string> absent;
};

/// A condition for a checkpoint to be one of these.
struct DraftRequirement {
  /// The statement.
  std::string text;
  /// The checkpoint that the draft is from does not meet it.
  bool is_unmet = false;
};

struct DraftRequest {
  std::string name;
  DraftSide left;
  DraftSide right;
  std::vector<FamilyPair> pairs;
  /// Where there is no checkpoint of one side: the name of the other, whose families are `left`'s, without pairs.
  std::string only_side;
  std::vector<DraftRequirement> requirements;
  std::optional<DraftBase> base;
  /// What a run still says of the checkpoints, each on one line.
  std::vector<std::string> undone;
};

/// The text of a mapping file, not in canonical layout: indexes and blocks for what repeats, an equation for each pair,
/// and a comment on each that is not sure. What is in no pair is a comment.
[[nodiscard]] std::string write_draft(const DraftRequest& request);

}  // namespace omap
