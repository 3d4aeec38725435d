#pragma once

#include <span>

#include "compiler/sema/checked_module.h"
#include "diagnostics/diagnostic.h"

namespace omap::sema {

/// Whether the plans of all the mappings together would keep to the limits that one plan has (plan/plan_limits.h), and
/// reports where they do not. Asked before anything is copied: the prefixes and conditions of blocks go into each of
/// their rules, so a small text may say a plan that no memory holds.
[[nodiscard]] bool plans_fit(std::span<const CheckedMapping> mappings, Diagnostics& diagnostics);

}  // namespace omap::sema
