// The named tensors of a network, in PyTorch's plain layout.
#pragma once

#include "graph/shape.hpp"

#include <memory>

namespace sequential {

struct Parameter {
    std::string name;
    Shape shape;
    bool trainable = true;
    std::vector<float> value;
    std::vector<float> gradient;  /// empty for a buffer
};

/// Addresses of parameters and of their memory never change.
class ParameterList {
  public:
    Parameter &add(std::string name, Shape shape, bool trainable = true);
    std::int64_t size() const { return static_cast<std::int64_t>(all_.size()); }
    Parameter &operator[](std::int64_t index) { return *all_[static_cast<std::size_t>(index)]; }

  private:
    std::vector<std::unique_ptr<Parameter>> all_;
};

/// Fills a weight [out, in, ...] by a method's name: zero, pytorch, and {kaiming,xavier}_{normal,
/// uniform}, as torch.nn.init with its defaults. The numbers depend on the key and the parameter's
/// name alone.
void initialise_weight(Parameter &weight, const std::string &method, std::uint64_t key);
/// Normal numbers around 0.
void initialise_normal(Parameter &parameter, double deviation, std::uint64_t key);
/// Zero, or for `pytorch` uniform in +-1 / sqrt(fan_in).
void initialise_bias(Parameter &bias, const std::string &method, std::int64_t fan_in,
                     std::uint64_t key);

}  // namespace sequential
