// What batch and group normalisation share: weight and bias of every channel, their gradients, and
// the sums over an example's pixels. Images are blocked, flat features are images of one pixel.
#pragma once

#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

namespace sequential {

class Normalisation : public Operation {
  public:
    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    void deposit(const ParameterGradients &gradients) const override;

  protected:
    /// Creates the output, and the parameters of the current layer. `input` is blocked.
    Normalisation(Builder &builder, int input, double epsilon);

    const float *x(const Batch &batch, std::int64_t row) const {
        return batch.value(inputs[0], row);
    }
    float *y(const Batch &batch, std::int64_t row) const { return batch.value(outputs[0], row); }
    const float *g(const Batch &batch, std::int64_t row) const {
        return batch.gradient(outputs[0], row);
    }
    float *dx(const Batch &batch, std::int64_t row) const { return batch.gradient(inputs[0], row); }
    /// `bias`: sums of g; `weight`: sums of g (x - mean) / deviation.
    void store(const Batch &batch, std::size_t channel, double weight, double bias) const {
        batch.gradients->slot(weight_slot_)[channel] = static_cast<float>(weight);
        batch.gradients->slot(bias_slot_)[channel] = static_cast<float>(bias);
    }

    double epsilon_;
    Norm norm_{};
    std::size_t channels_, padded_;  // padded to whole blocks
    Parameter &weight_, &bias_;

  private:
    int weight_slot_, bias_slot_;
};

/// A layer that consists of such an operation.
class NormLayer : public Layer {
  public:
    bool has_parameters() const override { return true; }

  protected:
    using Layer::Layer;
    double epsilon() const { return *epsilon_; }

  private:
    spar::Number epsilon_{
        this, "eps", "added to the variance", {.fallback = 1e-5, .max = 1, .above = 0.0}};
};

/// The input in blocks of channels; refuses inputs that are neither images nor flat.
int in_channel_blocks(Graph &graph, int input);

}  // namespace sequential
