// Target values for a loss on the softmax of the outputs: they must be shares of classes.
#pragma once

#include <spar/kit/targets.hpp>
#include <spar/loss.hpp>

#include <atomic>
#include <cmath>

namespace spar {

/// Checks the values of every example, and warns once if they are not shares of classes.
class Shares {
  public:
    explicit Shares(const Loss &owner) : owner_(owner) {}

    /// Refuses a single output, which has no softmax; warns about values that are negative or do
    /// not sum to 1. [thread-safe]
    void expect(const LossRow &row) const {
        require_softmax(row.output);
        const std::span<const float> values = row.values;
        if (values.empty() || told_) return;
        double sum = 0;
        bool negative = false;
        for (const float value : values) {
            sum += value;
            negative = negative || value < -slack;
        }
        if (!negative && std::abs(sum - 1) <= slack) return;
        if (told_.exchange(true)) return;
        owner_.warn({.code = "values_are_no_shares",
                     .message = "the softmax of the outputs is to meet target values that are no "
                                "shares of classes: of some examples they " +
                                std::string(negative ? "are negative" : "do not sum to 1"),
                     .remedy = "give one class an example, as an integer, or shares that sum to 1; "
                               "values to be predicted take mse or mae on the outputs"});
    }

    /// The same, but refuses negative values, with which this loss is unbounded below.
    void require(const LossRow &row) const {
        require_softmax(row.output);
        for (const float value : row.values)
            if (value < -slack)
                throw invalid("a target value is " + json_number(value) +
                              ", and the cross-entropy of negative values falls without end: it "
                              "takes classes, or shares of classes that sum to 1. Save one class "
                              "an example, as an integer; values to be predicted take mse or mae");
        expect(row);
    }

  private:
    static constexpr float slack = 1e-3F;  // of sums in float16

    const Loss &owner_;
    mutable std::atomic<bool> told_ = false;
};

}  // namespace spar
