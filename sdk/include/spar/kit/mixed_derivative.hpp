// The weight gradient of a directional input derivative, by central differences: two ordinary
// training passes instead of double backpropagation.
#pragma once

#include <spar/method.hpp>

namespace SPAR_HIDDEN spar {

/// Adds d/dw sum_i factor_i <u_i, grad_{x_i} L> to the gradients, L = sum_j l_j(x_1, ..., x_n) the
/// pipeline's loss, u_i the row i of `direction`, of length 1 or 0, by central differences:
///     sum_i f_i <u_i, grad_{x_i} L> = (L(x + t f u) - L(x - t f u)) / 2t + O(t^2), t = h / max
///     |f|.
/// The factors scale the displacement, not the losses, because batchnorm in training makes every
/// loss depend on every example. Displacements below h / 1000, which rounding would spoil, are
/// lengthened to that, and their examples' losses weighted down instead, which is equivalent unless
/// examples are coupled. The truncation error grows with h^2, the rounding error of float32 with
/// 1/h; in a piecewise linear model only the kinks between the two points contribute.
class MixedDerivative {
  public:
    void add(const Session &session, Rows<const float> x, Rows<const float> direction,
             std::span<const double> factor, double h) {
        double largest = 0;
        for (const double f : factor) largest = std::max(largest, std::fabs(f));
        if (largest == 0) return;
        reach_.resize(factor.size());
        weight_.resize(factor.size());
        for (std::size_t i = 0; i < factor.size(); ++i) {
            const double share = std::fabs(factor[i]) / largest;
            const double used = share > 0 ? std::max(share, shortest) : 0;
            reach_[i] = std::copysign(used * h, factor[i]);
            weight_[i] = (used > share ? share / used : 1) * largest / (2 * h);
        }
        for (const double side : {1.0, -1.0}) add_side(session, x, direction, side);
    }

  private:
    static constexpr double shortest = 1e-3;  // as a share of h

    void add_side(const Session &session, Rows<const float> x, Rows<const float> direction,
                  double side) {
        moved_.resize(x.count(), x.width());
        for (std::int64_t row = 0; row < x.count(); ++row) {
            const double reach = side * reach_[static_cast<std::size_t>(row)];
            for (std::size_t i = 0; i < x[row].size(); ++i)
                moved_[row][i] = static_cast<float>(x[row][i] + reach * direction[row][i]);
        }
        auto head = [&](std::int64_t first, std::int64_t count, const float *outputs,
                        float *gradients) {
            session.loss(
                {.first = first, .count = count, .outputs = outputs, .gradients = gradients});
            const Rows<float> rows(gradients, count, session.outputs());
            for (std::int64_t row = 0; row < count; ++row)
                for (float &value : rows[row])
                    value = static_cast<float>(value * side *
                                               weight_[static_cast<std::size_t>(first + row)]);
        };
        session.pass({.x = moved_.data(), .head = head});
    }

    std::vector<double> reach_, weight_;
    Matrix moved_;
};

}  // namespace spar
