// The space of one parameter, for training: a point is a value of the whole tensor, and its loss
// the mean over a batch. However a pass ends, it restores the parameter bit for bit.
#pragma once

#include "engine/loss_head.hpp"
#include "engine/network.hpp"

namespace spar::host {

class ParameterSpace final : public Space {
  public:
    /// Throws Failure(Exit::pipeline) if the network trains no parameter of this name.
    ParameterSpace(Network &network, const std::string &name);

    /// Sets the batch over which the loss of a point is taken, and takes the current parameter as
    /// the clean point.
    void attend(const Batch &batch);
    /// The parameter was written from outside: takes it as the clean point, in the same memory.
    void renew();
    /// The one example of this space: the parameter at x; null: its current value.
    Points points(const float *x) const { return {1, x != nullptr ? x : clean_.data(), &id}; }

    std::int64_t outputs() const override { return network_.outputs(); }
    std::span<const std::int64_t> shape() const override { return parameter_->shape; }
    std::int64_t size() const override { return static_cast<std::int64_t>(clean_.size()); }

    /// The head must be a loss without reference; outputs and loss values are means over the batch.
    void pass(const Points &points, spar_pass pass) override;
    /// There are no tapes in this space.
    void backward(const Points &, std::int32_t, const float *, spar_wants, float *) override;

    /// For the last point, per example of the batch.
    const float *example_outputs() const { return outputs_.data(); }
    float *example_losses() { return losses_.data(); }

  private:
    class GradientsAside;
    static constexpr std::int64_t id = 0;

    void evaluate(const float *x, const spar_pass &pass, float *dx);
    void write(const float *x);
    Points examples();
    float mean_loss() const;
    void mean_outputs(float *means) const;

    Network &network_;
    const NetworkParameter *parameter_ = nullptr;
    const Batch *batch_ = nullptr;
    std::vector<float> clean_, losses_;
    FencedMatrix outputs_, vectors_;
};

}  // namespace spar::host
