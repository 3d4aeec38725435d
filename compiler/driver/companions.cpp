#include "compiler/driver/companions.h"

#include <algorithm>

namespace omap::driver {

Result<void> carry_tokenizer(const Bound& bound, Output& output) {
  if (!bound.tokenizer || !output.is_directory) return {};
  auto files = read_tokenizer(*bound.tokenizer);
  if (!files) return fail(std::move(files.error()));
  for (OutputFile& file : *files) {
    if (!bound.mapping.configs.contains(file.name)) output.layout.files.push_back(std::move(file));
  }
  return {};
}

std::vector<std::filesystem::path> files_read(const Bound& bound, const Choices& choices) {
  const std::span<const std::filesystem::path> source = bound.source.reader.index().files();
  std::vector<std::filesystem::path> files(source.begin(), source.end());
  if (bound.tokenizer) {
    for (const std::string& name : bound.tokenizer->names) files.push_back(bound.tokenizer->directory / name);
  }
  if (choices.config) files.push_back(*choices.config);
  return files;
}

Diagnostics companions_lacking(const Plan& plan, const Bound& bound) {
  Diagnostics lacking = bound.mapping.config_notes;
  if (plan.config.empty()) return lacking;
  const std::string& side = plan.destination_side(bound.direction).name;
  if (bound.mapping.configs.empty()) {
    lacking.push_back(Diagnostic(Code::config_not_written, "`{}` has no config.json for `{}` here", plan.name, side)
                          .note("only the weights are written: what reads them has to be told the model otherwise")
                          .help("`--config FILE` gives one"));
  }
  const bool said = std::ranges::any_of(lacking, [](const Diagnostic& note) {
    return std::ranges::any_of(note.helps,
                               [](const std::string& help) { return help.find("--tokenizer") != std::string::npos; });
  });
  if (!bound.tokenizer && !said) {
    lacking.push_back(Diagnostic(Code::tokenizer_missing, "there is no tokenizer near the source, and none is written")
                          .help("`--tokenizer DIR` names the directory that has it"));
  }
  return lacking;
}

}  // namespace omap::driver
