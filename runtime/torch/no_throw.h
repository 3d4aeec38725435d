#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>

#include "diagnostics/diagnostic.h"

namespace omap {

/// The exception that is being handled, as an error. LibTorch throws c10::Error, std::runtime_error and others; what it
/// says is kept, without its backtrace.
[[nodiscard]] inline Diagnostics torch_failure() {
  Diagnostics failure;
  try {
    throw;
  } catch (const c10::Error& error) {
    failure.push_back(Diagnostic(Code::torch_failed, "LibTorch failed: {}", error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    failure.push_back(Diagnostic(Code::torch_failed, "there is not enough memory to go on"));
  } catch (const std::exception& error) {
    failure.push_back(Diagnostic(Code::torch_failed, "LibTorch failed: {}", error.what()));
  } catch (...) {
    failure.push_back(Diagnostic(Code::torch_failed, "LibTorch failed with an unknown exception"));
  }
  failure.back().helps.push_back(
      "where memory is short, release the sources while converting, or convert to another device");
  return failure;
}

/// What `body`, which gives a Result, gives; what it throws, as an error: no exception crosses omap's public face.
/// Where there is not even memory to say what happened, the error is empty.
template <class Body>
[[nodiscard]] auto no_throw(const Body& body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    try {
      return fail(torch_failure());
    } catch (...) {
      return fail(Diagnostics());
    }
  }
}

}  // namespace omap
