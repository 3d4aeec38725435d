#include "tests/reference/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

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

/// One destination at a time. The copies of one write as many bytes together as it has; that each of those is written
/// shows in what the bytes are.
class Runner {
 public:
  Runner(const CopyProgram& program, const TensorIndex& index, const Tensors& source)
      : program_(program), index_(index), source_(source) {}

  /// Empty, or what is wrong with a copy.
  std::string run(const Destination& destination, Tensor& made) {
    fault_.clear();
    made = {destination.dtype, destination.shape, unwritten(destination.bytes)};
    std::uint64_t written = 0;
    for (const BoxCopy& box : destination.boxes) {
      written += box.copy.bytes();
      if (box.computed) {
        move(box.copy, results_of(program_.computed.at(*box.computed), box.copy), made.bytes);
      } else if (box.source != BoxCopy::zero) {
        move(box.copy, bytes_of(box.source), made.bytes);
      } else if (dst_end(box.copy) <= made.bytes.size()) {
        fill_zero(box.copy, made.bytes.data());
      } else {
        fault_ = "zeros are written behind a destination";
      }
    }
    if (written != destination.bytes) fault_ = fmt::format("{} bytes are written, not {}", written, destination.bytes);
    return fault_;
  }

 private:
  static std::vector<std::byte> unwritten(std::uint64_t size) { return std::vector<std::byte>(size, std::byte{0xa5}); }
  [[nodiscard]] const std::vector<std::byte>& bytes_of(std::uint32_t tensor) const {
    return source_.at(index_.tensors().at(tensor).key).bytes;
  }

  void move(const StridedCopy& copy, const std::vector<std::byte>& from, std::vector<std::byte>& to) {
    if (dst_end(copy) > to.size()) {
      fault_ = "a copy writes behind its destination";
    } else if (src_end(copy) > from.size()) {
      fault_ = "a copy reads behind its source";
    } else if (!copy.empty()) {
      execute(copy, from.data(), to.data());
    }
  }

  /// The elements of an input, densely.
  std::vector<std::byte> gathered(const ComputedBox::Input& input, std::uint64_t size) {
    std::vector<std::byte> bytes = unwritten(size);
    std::uint64_t written = 0;
    for (const StridedCopy& copy : input.copies) {
      written += copy.bytes();
      move(copy, bytes_of(input.source), bytes);
    }
    if (written != size) fault_ = fmt::format("{} bytes of an input are gathered, not {}", written, size);
    return bytes;
  }

  std::vector<std::byte> results_of(const ComputedBox& box, const StridedCopy& scatter) {
    const Computation& computation = box.computation;
    const std::uint64_t count = src_end(scatter) / (bits(computation.destination) / 8);
    std::vector<std::byte> source;
    if (box.source) source = gathered(*box.source, count * bits(*computation.source) / 8);
    std::vector<std::vector<std::byte>> operands;
    for (std::size_t i = 0; i < box.operands.size(); ++i) {
      operands.push_back(gathered(box.operands[i], count * bits(computation.operands[i]) / 8));
    }
    std::vector<std::byte> results = unwritten(src_end(scatter));
    const std::vector<std::span<const std::byte>> views(operands.begin(), operands.end());
    omap::compute(computation, source, views, results);
    return results;
  }

  const CopyProgram& program_;
  const TensorIndex& index_;
  const Tensors& source_;
  std::string fault_;
};

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
  Runner runner(bound->program, index, source);
  for (const Destination& destination : bound->program.destinations) {
    Tensor& made = (*conversion.made)[destination.key];
    if (const std::string fault = runner.run(destination, made); !fault.empty()) {
      conversion.fault = fmt::format("`{}`: {}", destination.key, fault);
      return conversion;
    }
  }
  return conversion;
}

BindOptions bind_options(const Mapping& mapping, Direction direction) {
  BindOptions options;
  options.direction = direction;
  for (const MadeParam& param : mapping.params) {
    if (!param.set) continue;
    options.settings.emplace(param.name, param.flag    ? Value(param.value != 0)
                                         : param.real  ? Value(*param.real)
                                         : param.dtype ? Value(spell(*param.dtype))
                                                       : Value(param.value));
  }
  return options;
}

Conversion convert(const Plan& plan, const Mapping& mapping, Direction direction, const Tensors& source) {
  return convert(plan, direction, bind_options(mapping, direction).settings, source);
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
