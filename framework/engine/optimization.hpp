// The optimizer in use: its state for every parameter, its step number, clipping, the moving
// average.
#pragma once

#include "engine/network.hpp"
#include "plan/plan.hpp"

#include <optional>

namespace spar::host {

struct Clipping {
    std::optional<double> norm;   /// of all gradients together
    std::optional<double> value;  /// of each element
};

class Optimization {
  public:
    Optimization(std::unique_ptr<Instance> optimizer, Network &network, Clipping clipping,
                 std::optional<Averaging> averaging);

    /// Updates every trainable parameter from its gradient and clears the gradients.
    /// Throws Failure if a gradient is not finite.
    void step(double rate_factor);

    std::int64_t steps() const { return steps_; }

    /// Swaps the weights and their moving average.
    bool averages() const { return averaging_.has_value(); }
    void swap_average();

    /// What a checkpoint stores besides the parameters, by name.
    struct State {
        std::string name;
        std::span<float> values;
    };
    std::vector<State> state();
    void set_steps(std::int64_t steps) { steps_ = steps; }
    const Instance &instance() const { return *optimizer_; }

  private:
    /// The unit of one call of the optimizer: a tensor, or a piece of one.
    struct Piece {
        std::size_t parameter;  // in trained_
        std::size_t offset, size;
        std::vector<float *> memory;
    };

    void cut(bool elementwise);
    spar_update update_of(const Piece &piece, double rate_factor) const;
    void clip();
    [[noreturn]] void refuse_gradients() const;
    void update_average();

    std::unique_ptr<Instance> optimizer_;
    Network &network_;
    Clipping clipping_;
    std::optional<Averaging> averaging_;
    std::int64_t steps_ = 0;
    std::vector<NetworkParameter> trained_;
    std::vector<std::vector<Fenced<float>>> memory_;  // [parameter][array][element]
    std::vector<Piece> pieces_;
    std::vector<std::vector<float>> average_;  // of every parameter, buffers too
};

}  // namespace spar::host
