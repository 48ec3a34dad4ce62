// The host's own forward passes in an evaluation: outputs, and the loss of each example.
#pragma once

#include "engine/loss_head.hpp"
#include "engine/network.hpp"

#include <vector>

namespace spar::host {

class EvaluationPass {
  public:
    /// `loss` null, or one that needs targets: there are no losses.
    EvaluationPass(Network &network, const spar_component_ref *loss);

    bool has_loss() const { return has_loss_; }
    /// Of the examples of the last pass; NaN without a loss.
    double loss(std::size_t row) const;

    /// What the loss compares with; null pointers: nothing.
    struct Truth {
        const std::int64_t *labels;
        const float *values;
        const float *clean;  /// outputs at the clean points; null: these are the clean points
    };
    /// Points of the network's own, or of another space of it. Throws Failure(Exit::plugin) if an
    /// output is not a number.
    void run(Space &space, const Space::Points &points, const Truth &truth, float *outputs);

  private:
    Network &network_;
    const spar_component_ref *loss_;
    bool has_loss_;
    std::vector<float> losses_;
};

}  // namespace spar::host
