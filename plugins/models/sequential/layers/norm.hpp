// What batch and group normalisation share: weight and bias of every channel, their gradients, and
// the sums over an example's pixels. Images are blocked, flat features are images of one pixel.
#pragma once

#include "kernels/kernels.hpp"
#include "layers/operations.hpp"

#include <algorithm>

namespace sequential {

class Normalisation : public Operation {
  public:
    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    void deposit(const ParameterGradients &gradients) const override;

  protected:
    /// `name` of its parameters. Makes the output and names the channels' vectors.
    Normalisation(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
                  std::optional<Rectifier> rectifier);

    const float *x(const Batch &batch, std::int64_t row) const {
        return batch.frame->data(inputs[0]) + row * stride_;
    }
    float *y(const Batch &batch, std::int64_t row) const {
        return batch.frame->data(outputs[0]) + row * stride_;
    }
    const float *g(const Batch &batch, std::int64_t row) const {
        return batch.gradient(outputs[0], row);
    }
    float *dx(const Batch &batch, std::int64_t row) const { return batch.gradient(inputs[0], row); }
    /// `bias`: sums of g; `weight`: sums of g (x - mean) / deviation.
    void store(const Batch &batch, std::size_t channel, double weight, double bias) const {
        batch.gradients->slot(weight_slot_)[channel] = static_cast<float>(weight);
        batch.gradients->slot(bias_slot_)[channel] = static_cast<float>(bias);
    }

    LayerSpec spec_;
    Norm norm_{};
    std::size_t channels_, padded_;  // padded to whole blocks
    Parameter &weight_, &bias_;

  private:
    std::int64_t stride_;
    int weight_slot_, bias_slot_;
};

/// The input as images in blocks of channels; refuses what is neither image nor flat.
int normalisable(Graph &graph, int input, const LayerSpec &spec);

}  // namespace sequential
