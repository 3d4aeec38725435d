#pragma once

// Tensor dictionaries over LibTorch.
//
//     StateDict               tensors by key                                    runtime/torch/state_dict.h
//     StateConverter          converts them by a plan or by templates           runtime/torch/state_converter.h
//     ConvertOptions          views, released sources, devices, threads         runtime/torch/convert_options.h
//     state_of, load_state    from modules and back                             runtime/torch/module_state.h
//     read_state, write_state from checkpoints and back                         runtime/torch/state_file.h
//
// No exception crosses functions that return a Result, LibTorch's included.

#include "omap/runtime.h"
#include "runtime/torch/convert_options.h"
#include "runtime/torch/module_state.h"
#include "runtime/torch/state_converter.h"
#include "runtime/torch/state_dict.h"
#include "runtime/torch/state_file.h"
