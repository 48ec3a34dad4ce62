// What double backpropagation is for, without it: the derivative by the weights of a directional
// derivative by the input, from two ordinary training passes.
#pragma once

#include <spar/method.hpp>

namespace SPAR_HIDDEN spar {

/// Adds sum_i factor_i d/dw <u_i, grad_x l_i(x_i)> to the gradients, u_i the row i of `direction`,
/// of length 1 or 0, by central differences:
///     <u, grad_x l(x)> = (l(x + h u) - l(x - h u)) / 2h + O(h^2).
/// What is left out grows with h^2, what float32 rounds with 1/h; a model that is linear in pieces
/// counts the kinks between the two points.
class MixedDerivative {
  public:
    void add(const Session &session, Rows<const float> x, Rows<const float> direction,
             std::span<const double> factor, double h) {
        if (std::all_of(factor.begin(), factor.end(), [](double f) { return f == 0; })) return;
        for (const double side : {h, -h}) {
            moved_.resize(x.count(), x.width());
            for (std::int64_t row = 0; row < x.count(); ++row)
                for (std::size_t i = 0; i < x[row].size(); ++i)
                    moved_[row][i] = static_cast<float>(x[row][i] + side * direction[row][i]);
            auto head = [&](std::int64_t first, std::int64_t count, const float *outputs,
                            float *gradients) {
                session.loss(
                    {.first = first, .count = count, .outputs = outputs, .gradients = gradients});
                const Rows<float> rows(gradients, count, session.outputs());
                for (std::int64_t row = 0; row < count; ++row)
                    for (float &value : rows[row])
                        value = static_cast<float>(
                            value * factor[static_cast<std::size_t>(first + row)] / (2 * side));
            };
            session.pass({.x = moved_.data(), .head = head});
        }
    }

  private:
    Matrix moved_;
};

}  // namespace spar
