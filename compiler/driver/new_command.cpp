#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "compiler/draft/claimed_keys.h"
#include "compiler/draft/write_draft.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/held_requirements.h"
#include "compiler/driver/sides.h"
#include "compiler/format/format.h"
#include "compiler/load_mapping.h"
#include "compiler/raise/spell_statement.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/parse.h"
#include "runtime/run/read_dense.h"

namespace omap::driver {
namespace {

/// Of a tensor so much is looked at: two that begin alike in as many bytes are the same.
constexpr std::uint64_t fingerprint_bytes = 16u << 20;

/// Of a matrix that may be another transposed, so many of the first rows and columns.
constexpr std::uint64_t corner_side = 1024;

/// What training saves beside the weights, in a distributed checkpoint.
constexpr std::string_view distributed_root = "model.";

/// Where a draft would stand: files that it uses are beside it.
const std::string draft_name = "draft.omap";

/// A checkpoint that the draft is for.
struct Given {
  SidePath at;
  Source source;
};

Result<Given> open_given(const SidePath& at, const Plan* like) {
  std::set<std::string> files = like ? config_files(*like) : std::set<std::string>();
  files.emplace(default_config_file);
  auto source = open_source(at, files);
  if (!source) return fail(std::move(source.error()));
  return Given{at, std::move(*source)};
}

SideDeclaration declare(const Given& given) {
  SideDeclaration side{given.at.side, std::string(given.source.reader.format()), {}};
  const auto& tensors = given.source.reader.index().tensors();
  const auto has_root = [](const TensorInfo& tensor) { return tensor.key.starts_with(distributed_root); };
  if (side.format == "dcp" && std::ranges::any_of(tensors, has_root)) side.root = distributed_root;
  return side;
}

/// Of a matrix whose elements are whole bytes.
std::optional<TensorDigest::Corner> corner_of(const CheckpointReader& reader, const TensorInfo& tensor) {
  if (tensor.shape.size() != 2) return std::nullopt;
  const auto rows = static_cast<std::uint64_t>(tensor.shape[0]), columns = static_cast<std::uint64_t>(tensor.shape[1]);
  const std::uint64_t elements = rows * columns;
  if (elements == 0 || dense_bytes(tensor) % elements != 0) return std::nullopt;
  const std::uint64_t size = dense_bytes(tensor) / elements;
  const std::uint64_t height = std::min(rows, corner_side), width = std::min(columns, corner_side);
  std::string corner(height * width * size, '\0');
  const auto bytes = std::as_writable_bytes(std::span(corner));
  for (std::uint64_t row = 0; row < height; ++row) {
    const auto part = bytes.subspan(row * width * size, width * size);
    if (!read_dense(reader, tensor, row * columns * size, part)) return std::nullopt;
  }
  std::string transposed;
  transposed.reserve(corner.size());
  for (std::uint64_t column = 0; column < width; ++column) {
    for (std::uint64_t row = 0; row < height; ++row) transposed.append(corner, (row * width + column) * size, size);
  }
  return TensorDigest::Corner{std::hash<std::string>{}(corner), std::hash<std::string>{}(transposed)};
}

Fingerprint fingerprint_of(const CheckpointReader& reader, const std::string& root) {
  return [&reader, root](const KeyFamily& family) -> std::optional<TensorDigest> {
    const auto found = reader.index().find(root + first_key(family));
    if (!found) return std::nullopt;
    const TensorInfo& tensor = reader.index().tensors()[*found];
    std::string bytes(std::min(dense_bytes(tensor), fingerprint_bytes), '\0');
    if (bytes.empty() || !read_dense(reader, tensor, 0, std::as_writable_bytes(std::span(bytes)))) return std::nullopt;
    return TensorDigest{std::hash<std::string>{}(bytes), corner_of(reader, tensor)};
  };
}

/// What tells a family of models in a config of Transformers.
std::vector<DraftRequirement> requirements_for(const Given& given) {
  const auto config = given.source.configs.find(default_config_file);
  const Value* type = config == given.source.configs.end() ? nullptr : config->second.member("model_type");
  if (!type || !type->string()) return {};
  return {{fmt::format("require {}.model_type == {}", given.at.side, syntax::quoted(*type->string()))}};
}

/// What a mapping requires, which those that extend it do not inherit.
std::vector<DraftRequirement> requirements_of(const Plan& like, const Given& from, const Given* to) {
  std::vector<DraftRequirement> requirements;
  for (const Requirement& each : like.requirements) requirements.push_back({spell_requirement(each)});
  for (const Given* given : {&from, to}) {
    if (!given) continue;
    const std::vector<Evaluated> held = held_requirements(like, given->source, given->at.side, {});
    for (std::size_t i = 0; i < held.size(); ++i) {
      requirements[i].is_unmet = requirements[i].is_unmet || is_unmet(held[i]);
    }
  }
  return requirements;
}

/// The statement that makes a mapping known to a file.
std::string use_statement(std::string_view argument, const Plan& plan) {
  constexpr std::string_view standard = "std:";
  const bool is_standard = argument.starts_with(standard);
  if (is_standard) argument.remove_prefix(standard.size());
  // `FILE:NAME`
  const std::string name = ":" + plan.name;
  if (argument.ends_with(name)) argument.remove_suffix(name.size());
  return fmt::format("use {}{}", is_standard ? "std " : "", syntax::quoted(std::string(argument)));
}

DraftSide side_of(const Given& given, const SideDeclaration& declaration, const std::vector<bool>& wanted) {
  const SourceKeys keys(given.source.reader.index(), root_in(declaration, given.source.reader.format()));
  return {declaration, key_families(keys, wanted)};
}

class Drafting {
 public:
  Drafting(const Console& console, const NewArguments& arguments) : console_(console), arguments_(arguments) {}

  ExitCode draft(const SidePath& from, const std::optional<SidePath>& to) {
    LoadedMapping like;
    if (arguments_.like) {
      like = load_mapping(*arguments_.like);
      const ExitCode loading = console_.report(like.diagnostics, like.sources);
      if (loading != done || !like.plan) return loading;
      const auto fits = direction_between(*like.plan, from.side, to ? std::optional(to->side) : std::nullopt);
      if (!fits) return console_.report(fits.error());
    }
    const Plan* base = like.plan ? &*like.plan : nullptr;
    auto left = open_given(from, base);
    if (!left) return console_.report(left.error());
    std::optional<Given> right;
    if (to) {
      auto opened = open_given(*to, base);
      if (!opened) return console_.report(opened.error());
      right = std::move(*opened);
    }
    DraftRequest made = request(*left, right ? &*right : nullptr, base);
    for (const Given* given : {&*left, right ? &*right : nullptr}) {
      if (!given) continue;
      for (std::string& said : said_of(made, *given)) {
        if (std::ranges::find(made.undone, said) == made.undone.end()) made.undone.push_back(std::move(said));
      }
    }
    return print(made);
  }

 private:
  [[nodiscard]] DraftRequest request(const Given& from, const Given* to, const Plan* like) const {
    DraftRequest made;
    made.name = "draft";
    if (!to) made.only_side = from.at.side;
    std::vector<bool> from_wanted(from.source.reader.index().tensors().size(), true);
    std::vector<bool> to_wanted(to ? to->source.reader.index().tensors().size() : 0, true);
    SideDeclaration from_side = declare(from), to_side;
    if (to) to_side = declare(*to);
    if (!to) to_side = {from.at.side == "other" ? "another" : "other", "safetensors", {}};
    if (like) {
      const bool is_left = from.at.side == like->left.name;
      from_side = is_left ? like->left : like->right;
      to_side = is_left ? like->right : like->left;
      DraftBase base{use_statement(*arguments_.like, *like), like, {}};
      claim(from, *like, from_wanted, &base.absent);
      if (to) claim(*to, *like, to_wanted, nullptr);
      made.base = std::move(base);
    }
    made.left = side_of(from, from_side, from_wanted);
    made.right = to ? side_of(*to, to_side, to_wanted) : DraftSide{to_side, {}};
    if (to) {
      made.pairs = pair_families(made.left.families, made.right.families,
                                 fingerprint_of(from.source.reader, root_in(from_side, from.source.reader.format())),
                                 fingerprint_of(to->source.reader, root_in(to_side, to->source.reader.format())));
    }
    // A mapping that extends another is between its sides as they stand there.
    if (like && from.at.side != like->left.name) swap_sides(made);
    if (like) made.requirements = requirements_of(*like, from, to);
    for (const Given* given : {&from, to}) {
      if (!given) continue;
      for (DraftRequirement& more : requirements_for(*given)) {
        if (std::ranges::find(made.requirements, more.text, &DraftRequirement::text) == made.requirements.end()) {
          made.requirements.push_back(std::move(more));
        }
      }
    }
    return made;
  }

  static void claim(const Given& given, const Plan& plan, std::vector<bool>& wanted, std::vector<std::string>* absent) {
    const ClaimedKeys claimed = claimed_keys(plan, given.at.side, given.source.reader.index(),
                                             given.source.reader.format(), given.source.configs);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = !claimed.tensors[i];
    if (absent) *absent = claimed.absent;
  }

  static void swap_sides(DraftRequest& request) {
    std::swap(request.left.declaration, request.right.declaration);
    if (!request.only_side.empty()) return;
    std::swap(request.left.families, request.right.families);
    for (FamilyPair& pair : request.pairs) {
      std::swap(pair.left, pair.right);
      pair.others.clear();
    }
  }

  /// The errors of a run of the draft with one of the checkpoints, but for keys that the draft names in comments.
  static std::vector<std::string> said_of(const DraftRequest& request, const Given& given) {
    const LoadedFile loaded = load_text(draft_name, write_draft(request));
    std::vector<std::string> said;
    const auto quoted = [&](const Diagnostic& diagnostic) {
      const std::string text(loaded.sources.text(diagnostic.primary.range));
      return text.empty() || text.find('\n') != std::string::npos ? std::string() : fmt::format(", at `{}`", text);
    };
    const auto note = [&](const Diagnostics& diagnostics) {
      for (const Diagnostic& diagnostic : diagnostics) {
        const bool commented = diagnostic.code == Code::source_unclaimed && !request.base;
        if (diagnostic.severity == Severity::error && !commented)
          said.push_back(diagnostic.message + quoted(diagnostic));
      }
    };
    note(loaded.diagnostics);
    if (loaded.plans.empty()) return said;
    const auto bound = bind_source(loaded.plans.back(), given.at, std::nullopt, {});
    if (!bound) note(bound.error());
    return said;
  }

  [[nodiscard]] ExitCode print(const DraftRequest& request) const {
    SourceMap sources;
    Diagnostics diagnostics;
    const std::uint32_t file = sources.add(SourceFile(draft_name, write_draft(request)));
    const ast::Module module = parse(sources, file, diagnostics);
    if (has_errors(diagnostics)) return console_.report(diagnostics, sources);
    console_.result(format(module, sources));
    return done;
  }

  const Console& console_;
  const NewArguments& arguments_;
};

}  // namespace

ExitCode draft_new(const Console& console, const NewArguments& arguments) {
  const auto from = parse_side_path(arguments.from);
  const auto to = arguments.to ? parse_side_path(*arguments.to) : std::nullopt;
  if (!from || (arguments.to && !to))
    return console.refuse_usage("new", "`--from` and `--to` take SIDE=PATH, such as `--from hf=DIR`");
  if (to && to->side == from->side)
    return console.refuse_usage("new", "`--from` and `--to` are two sides, and both say the same");
  return Drafting(console, arguments).draft(*from, to);
}

}  // namespace omap::driver
