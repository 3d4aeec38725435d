#include "compiler/driver/sides.h"

#include <set>

#include "compiler/driver/passed_over.h"
#include "compiler/load_mapping.h"
#include "diagnostics/nearest.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

Result<Value> read_config_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  auto config = parse_json(*text, path);
  const auto refuse = [&](std::string why) {
    return fail(Diagnostic(Code::config_invalid, "a config {}", std::move(why))
                    .in(path)
                    .help("mend the file, or move it away to convert without it"));
  };
  if (!config) return refuse(fmt::format("is {}", config.error().front().message));
  if (!config->object()) return refuse(fmt::format("is a JSON object, and this is a {}", config->type_name()));
  return std::move(*config);
}

/// Those of `files` that are in a directory.
Result<Configs> read_configs(const std::filesystem::path& directory, const std::set<std::string>& files) {
  Configs configs;
  for (const std::string& file : files) {
    std::error_code error;
    if (!std::filesystem::exists(directory / file, error)) continue;
    auto config = read_config_file((directory / file).string());
    if (!config) return fail(std::move(config.error()));
    configs.emplace(file, std::move(*config));
  }
  return configs;
}

Diagnostic unknown_side(const Plan& plan, const std::string& side) {
  const std::vector<std::string> sides{plan.left.name, plan.right.name};
  Diagnostic diagnostic(Code::direction_unclear, "`{}` has no side `{}`", plan.name, side);
  if (const auto near = nearest(side, sides)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.push_back(fmt::format("its sides are `{}` and `{}`", plan.left.name, plan.right.name));
  return diagnostic;
}

}  // namespace

std::optional<SidePath> parse_side_path(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return std::nullopt;
  return SidePath{text.substr(0, equals), text.substr(equals + 1)};
}

Result<Direction> direction_between(const Plan& plan, const std::string& from, const std::optional<std::string>& to) {
  for (const std::string* side : {&from, to ? &*to : &from}) {
    if (*side != plan.left.name && *side != plan.right.name) return fail(unknown_side(plan, *side));
  }
  if (to && *to == from) {
    return fail(Diagnostic(Code::direction_unclear, "`--from` and `--to` both say `{}`", from)
                    .help("one is `{}` and the other `{}`", plan.left.name, plan.right.name));
  }
  return from == plan.left.name ? Direction::right : Direction::left;
}

std::set<std::string> config_files(const Plan& plan) {
  std::set<std::string> files{std::string(default_config_file)};
  const auto add = [&](const Expr& expr) {
    for_each_expr(expr, [&](const Expr& part) {
      if (part.op == Expr::Op::config_file) files.insert(*part.value.string());
    });
  };
  const auto add_optional = [&](const std::optional<Expr>& expr) {
    if (expr) add(*expr);
  };
  for (const Param& param : plan.params) add_optional(param.value);
  for (const Index& index : plan.indexes) {
    add(index.list);
    add_optional(index.when);
  }
  for (const Requirement& requirement : plan.requirements) add(requirement.condition);
  for (const Note& note : plan.notes) add_optional(note.when);
  for (const Rule& rule : plan.rules) add_optional(rule.when);
  for (const ConfigLine& line : plan.config) {
    add(line.left);
    add_optional(line.right);
    add_optional(line.when);
  }
  return files;
}

Result<Source> open_source(const SidePath& from, const std::set<std::string>& files) {
  auto reader = open_checkpoint(from.path, from.format);
  if (!reader) return fail(std::move(reader.error()));
  Configs configs;
  if (reader->directory()) {
    auto read = read_configs(*reader->directory(), files);
    if (!read) return fail(std::move(read.error()));
    configs = std::move(*read);
  }
  return Source{std::move(*reader), std::move(configs)};
}

namespace {

/// The tokenizer that is named, else the one near the source, if there is one.
Result<std::optional<TokenizerFiles>> find_tokenizer(const Source& source, const Choices& choices) {
  if (!choices.tokenizer) {
    const auto& directory = source.reader.directory();
    return directory ? tokenizer_near(*directory) : std::nullopt;
  }
  auto named = tokenizer_in(*choices.tokenizer);
  if (named) return named;
  std::error_code error;
  if (!std::filesystem::is_directory(*choices.tokenizer, error)) {
    return fail(
        Diagnostic(Code::tokenizer_invalid, "the tokenizer's directory `{}` is not there", choices.tokenizer->string())
            .help("name the directory that has its files"));
  }
  return fail(Diagnostic(Code::tokenizer_invalid, "there is no tokenizer in `{}`", choices.tokenizer->string())
                  .help("a tokenizer has a vocabulary, as `tokenizer.json`, `tokenizer.model` or `vocab.json`"));
}

/// What the command line alone says.
Result<BindOptions> read_choices(const Plan& plan, const std::string& side, const std::optional<std::string>& to,
                                 const Choices& choices) {
  const auto direction = direction_between(plan, side, to);
  if (!direction) return fail(direction.error());
  auto values = parse_settings(plan, choices.settings);
  if (!values) return fail(std::move(values.error()));
  BindOptions options;
  options.direction = *direction;
  options.settings = std::move(*values);
  options.dtype = choices.dtype;
  return options;
}

/// What the source adds, and what is read beside it. The tokenizer is what goes to the destination.
Result<std::optional<TokenizerFiles>> read_companions(const Plan& plan, const Source& source, const Choices& choices,
                                                      BindOptions& options) {
  options.source_format = source.reader.format();
  auto tokenizer = find_tokenizer(source, choices);
  if (!tokenizer) return tokenizer;
  if (*tokenizer) {
    auto configs = read_configs((*tokenizer)->directory, config_files(plan));
    if (!configs) return fail(std::move(configs.error()));
    options.tokenizer = std::move(*configs);
  }
  if (choices.config) {
    auto config = read_config_file(choices.config->string());
    if (!config) return fail(std::move(config.error()));
    options.given_configs.emplace(default_config_file, std::move(*config));
  }
  return tokenizer;
}

}  // namespace

Result<Bound> bind_source(const Plan& plan, const SidePath& from, const std::optional<std::string>& to,
                          const Choices& choices, std::string_view destination_format) {
  auto options = read_choices(plan, from.side, to, choices);
  if (!options) return fail(std::move(options.error()));
  auto source = open_source(from, config_files(plan));
  if (!source) return fail(std::move(source.error()));
  auto tokenizer = read_companions(plan, *source, choices, *options);
  if (!tokenizer) return fail(std::move(tokenizer.error()));
  options->destination_format = destination_format;
  auto mapping = bind_plan(plan, source->reader.index(), source->configs, *options);
  if (!mapping) return fail(std::move(mapping.error()));
  if (auto others = files_passed_over(source->reader)) mapping->notes.push_back(*std::move(others));
  return Bound{std::move(*source), options->direction, std::move(*mapping), std::move(*tokenizer)};
}

Result<BoundMapping> bind_opened(const Plan& plan, const Source& source, const std::string& side,
                                 const std::optional<std::string>& to, const Choices& choices) {
  auto options = read_choices(plan, side, to, choices);
  if (!options) return fail(std::move(options.error()));
  if (auto read = read_companions(plan, source, choices, *options); !read) return fail(std::move(read.error()));
  return bind_plan(plan, source.reader.index(), source.configs, *options);
}

Result<std::vector<ModuleName>> bind_module_names(const Plan& plan, const SidePath& from,
                                                  const std::vector<std::string>& settings) {
  auto options = read_choices(plan, from.side, std::nullopt, {settings});
  if (!options) return fail(std::move(options.error()));
  const auto source = open_source(from, config_files(plan));
  if (!source) return fail(source.error());
  if (auto read = read_companions(plan, *source, {settings}, *options); !read) return fail(std::move(read.error()));
  return bind_modules(plan, source->reader.index(), source->configs, *options);
}

}  // namespace omap::driver
