#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/templates/state_mapping_template.h"
#include "runtime/templates/template_names.h"
#include "runtime/templates/tensor_form.h"

namespace omap {

/// What a template does to a tensor.
struct Reshaped {
  TensorForm form;
  /// The indexes in the keys of sources and of destinations whose placeholder is expanded; empty where none is. Where
  /// both are one, source i becomes destination i, and it is no axis.
  std::string source_index, destination_index;
  /// A bound is divided: binding refuses one that does not divide.
  bool divides = false;
};

/// Does a template's operations to a symbolic tensor, of which only the sizes are known that the template says. The
/// template has been checked (check_template.h). `rank` is that of the sources, if it is known. What sizes would have
/// to be known for is an error at `range`.
[[nodiscard]] Result<Reshaped> reshape(const StateMappingTemplate& mapping, TemplateNames& names, SourceRange range,
                                       std::optional<std::size_t> rank = {});

}  // namespace omap
