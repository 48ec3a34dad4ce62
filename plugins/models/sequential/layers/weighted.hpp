// What convolutions and fully connected layers share: a weight [out, ...] and a bias.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

struct Weights {
    Parameter &weight;
    Parameter *bias;  /// null: none
    /// Where they are not all of the parameter's: the first output, and how many; 0: all.
    std::int64_t first = 0, some = 0;

    std::int64_t outputs() const { return some > 0 ? some : weight.shape[0]; }
    /// `count` outputs of these from `begin` on.
    Weights part(std::int64_t begin, std::int64_t count) const {
        return {weight, bias, first + begin, count};
    }
};

/// Adds `prefix`weight and, with `bias`, `prefix`bias of the layer at hand to the graph, which
/// start by a method's name; `shape` is the weight's.
Weights add_weights(Builder &builder, const std::string &prefix, const Shape &shape, bool bias,
                    const std::string &method);

class Weighted : public Layer {
  public:
    bool has_parameters() const override { return true; }

  protected:
    using Layer::Layer;

    std::int64_t out() const { return *out_; }
    /// Adds both to the graph and initialises them as the pipeline says; `shape` is the weight's.
    Weights add_weights(Builder &builder, const Shape &shape) const;

  private:
    spar::Integer out_{
        this, "out", "number of outputs (channels, features)", {.min = 1, .max = 1 << 20}};
    spar::Boolean bias_{this, "bias", "whether it adds a bias", {.fallback = true}};
    spar::Choice init_{
        this,
        "init",
        "how the weight starts; the bias starts at zero, with pytorch as PyTorch's",
        {"pytorch", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "zero"},
        {.fallback = "pytorch"}};
};

}  // namespace sequential
