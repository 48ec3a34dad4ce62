// What batch and group normalisation share: weight and bias of every channel, their gradients, and
// the sums over an example's pixels. Images are blocked, flat features are images of one pixel.
#pragma once

#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

namespace sequential {

/// What every channel is multiplied by and shifted with once it is normalised, and the rectifier
/// after that.
struct ChannelNorm {
    Parameter &weight, &bias;
    double epsilon;  /// added to the variance
    std::optional<Rectifier> rectifier = {};
};

class Normalisation : public Operation {
  public:
    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    void deposit(const ParameterGradients &gradients) const override;

  protected:
    /// Creates the output. `input` is blocked.
    Normalisation(Graph &graph, int input, const ChannelNorm &norm);

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
    /// Adds weight and bias of the current layer, and takes the rectifier after it.
    ChannelNorm channel_norm(Builder &builder, std::int64_t channels) const;

  private:
    spar::Number epsilon_{
        this, "eps", "added to the variance", {.fallback = 1e-5, .max = 1, .above = 0.0}};
};

/// The input in blocks of channels; refuses inputs that are neither images nor flat.
int in_channel_blocks(Graph &graph, int input);

/// Statistics that follow those of batches, and how.
struct RunningStatistics {
    Parameter &mean, &variance;
    Parameter *batches;  /// counts them; null: nobody does
    double momentum;     /// the share of a batch in the new ones
    Place place;
};

/// Batch and group normalisation of a value in channel blocks.
int add_batch_norm(Graph &graph, int input, const ChannelNorm &norm,
                   const RunningStatistics &running);
int add_group_norm(Graph &graph, int input, const ChannelNorm &norm, std::int64_t groups);

}  // namespace sequential
