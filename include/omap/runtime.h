#pragma once

// The runtime: plans, binding them to checkpoints, and running them file to file. Links neither ANTLR nor LibTorch.
//
//     read_plan, write_plan       plans as JSON                               runtime/plan/plan_json.h
//     lower_templates             OLMo-core's templates as a plan             runtime/templates/lower_templates.h
//     open_checkpoint             headers and bytes                           runtime/checkpoint/checkpoint_reader.h
//     bind_plan                   a plan and headers as a program of copies   runtime/bind/bind.h
//     lay_out_...                 names, sizes and fixed bytes of files       runtime/checkpoint/checkpoint_layout.h
//     check_destination           whether they may be written there           runtime/checkpoint/destination.h
//     stage_output                files on their way to their final names     runtime/checkpoint/staged_output.h
//     run                         the program over files                      runtime/run/run.h
//     render_text, render_json    errors for people and for programs          diagnostics/render.h
//
// Functions return a Result<T>: a value, or the diagnostics that say why there is none. They throw nothing but
// std::bad_alloc.

#include "diagnostics/diagnostic.h"
#include "diagnostics/render.h"
#include "runtime/bind/bind.h"
#include "runtime/bind/bind_modules.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/destination.h"
#include "runtime/checkpoint/distributed/distributed_layout.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/checkpoint/torch/torch_layout.h"
#include "runtime/json/json.h"
#include "runtime/plan/invert.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/version.h"
#include "runtime/run/run.h"
#include "runtime/templates/lower_templates.h"
