#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#undef CHECK

namespace omap::test {

struct TinyModuleImpl : torch::nn::Module {
  TinyModuleImpl()
      : inner(register_module("inner", torch::nn::Linear(3, 2))),
        steps(register_buffer("steps", at::zeros({}, at::kLong))) {}
  torch::nn::Linear inner;
  at::Tensor steps;
};
TORCH_MODULE(TinyModule);

struct SquareModuleImpl : torch::nn::Module {
  SquareModuleImpl() : first(make("first")), second(make("second")) {}
  torch::nn::Linear make(const char* name) {
    return register_module(name, torch::nn::Linear(torch::nn::LinearOptions(3, 3).bias(false)));
  }
  torch::nn::Linear first, second;
};
TORCH_MODULE(SquareModule);

}  // namespace omap::test
