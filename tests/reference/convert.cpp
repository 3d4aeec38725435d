#include "tests/reference/convert.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/bind/bind.h"
#include "runtime/copy/copy_kernel.h"

namespace omap::test {
namespace {

TensorIndex headers_of(const Tensors& tensors) {
  std::vector<TensorInfo> infos;
  std::uint64_t offset = 0;
  for (const auto& [key, tensor] : tensors) {
    infos.push_back({key, tensor.dtype, tensor.shape, {0, offset, tensor.bytes.size()}});
    offset += tensor.bytes.size();
  }
  return {{"memory"}, std::move(infos)};
}

Settings settings_of(const Mapping& mapping) {
  Settings settings;
  for (const MadeParam& param : mapping.params) {
    if (param.set) settings.emplace(param.name, param.flag ? Value(param.value != 0) : Value(param.value));
  }
  return settings;
}

/// Runs the copies of one destination. Together they write as many bytes as it has; that each of those is written shows
/// in what the bytes are.
std::string run(const Destination& destination, const TensorIndex& index, const Tensors& source, Tensor& made) {
  made = {destination.dtype, destination.shape, std::vector<std::byte>(destination.bytes, std::byte{0xa5})};
  std::uint64_t written = 0;
  for (const BoxCopy& box : destination.boxes) {
    if (dst_end(box.copy) > destination.bytes) return "a copy writes behind its destination";
    written += box.copy.bytes();
    if (box.source == BoxCopy::zero) {
      fill_zero(box.copy, made.bytes.data());
      continue;
    }
    const std::vector<std::byte>& from = source.at(index.tensors().at(box.source).key).bytes;
    if (src_end(box.copy) > from.size()) return "a copy reads behind its source";
    if (!box.copy.empty()) execute(box.copy, from.data(), made.bytes.data());
  }
  return written == destination.bytes ? "" : fmt::format("{} bytes are written, not {}", written, destination.bytes);
}

const Diagnostic& first_error(const Diagnostics& diagnostics) {
  return *std::find_if(diagnostics.begin(), diagnostics.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string say(const Diagnostic& diagnostic) {
  return fmt::format("{}: {}", code_text(diagnostic.code), diagnostic.message);
}

}  // namespace

Conversion convert(const Plan& plan, Direction direction, const Settings& settings, const Tensors& source) {
  const TensorIndex index = headers_of(source);
  BindOptions options;
  options.direction = direction;
  options.settings = settings;
  const auto bound = bind_plan(plan, index, Configs{}, options);
  if (!bound) {
    const Diagnostic& error = first_error(bound.error());
    return {std::nullopt, say(error), error.code, {}};
  }
  Conversion conversion;
  conversion.made.emplace();
  for (const Destination& destination : bound->program.destinations) {
    Tensor& made = (*conversion.made)[destination.key];
    if (const std::string fault = run(destination, index, source, made); !fault.empty()) {
      conversion.fault = fmt::format("`{}`: {}", destination.key, fault);
      return conversion;
    }
  }
  return conversion;
}

Conversion convert(const Plan& plan, const Mapping& mapping, Direction direction, const Tensors& source) {
  return convert(plan, direction, settings_of(mapping), source);
}

Compiled compiled(const Mapping& mapping) {
  Compilation compilation = compile("drawn.omap", spell(mapping));
  if (!compilation.plans.empty()) return {std::move(compilation.plans.front()), {}, {}};
  const Diagnostic& error = first_error(compilation.diagnostics);
  return {std::nullopt, say(error), error.code};
}

Conversion convert(const Mapping& mapping, Direction direction, const Tensors& source) {
  const Compiled plan = compiled(mapping);
  if (plan.plan) return convert(*plan.plan, mapping, direction, source);
  return {std::nullopt, plan.refusal, plan.code, {}};
}

}  // namespace omap::test
