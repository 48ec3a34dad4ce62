// What an example's outputs should be, for losses: a class, soft labels, or regression targets.
#pragma once

#include <spar/loss.hpp>
#include <spar/math.hpp>

namespace SPAR_HIDDEN spar {

/// The class of an example, for losses that support nothing else.
inline std::int64_t class_of(const LossRow &row) {
    if (row.label == nullptr)
        throw invalid(
            "this loss needs a class for every example, and the data holds values: use "
            "mse, mae or cross_entropy");
    if (*row.label < 0 || *row.label >= std::ssize(row.output))
        throw invalid("an example of class " + std::to_string(*row.label) + ", but the model has " +
                      std::to_string(row.output.size()) + " outputs");
    return *row.label;
}

/// Element i is the example's value i, or 1 at its class and 0 elsewhere.
class Targets {
  public:
    explicit Targets(const LossRow &row)
        : values_(row.values), label_(row.values.empty() ? class_of(row) : -1) {}

    double operator[](std::size_t i) const {
        if (!values_.empty()) return values_[i];
        return static_cast<std::int64_t>(i) == label_ ? 1.0 : 0.0;
    }

  private:
    std::span<const float> values_;
    std::int64_t label_;
};

/// Refuses a softmax of one output: it is always 1, so the loss would be constant.
inline void require_softmax(std::span<const float> output) {
    if (output.size() < 2)
        throw invalid(
            "the model has one output, and the softmax of one number is 1 whatever the weights, so "
            "that nothing is learned: for values take mse or mae, and as a divergence mse with "
            "\"against\": \"outputs\"; for two classes give the model two outputs and the data "
            "integer labels");
}

/// Outputs at the clean input, for losses that compare with them.
inline std::span<const float> clean_outputs(const LossRow &row) {
    if (row.reference.empty())
        throw invalid(
            "this loss takes a term at the clean input, and there are no clean outputs here: "
            "train by a method that does (pgd_at, fgsm_at, n_fgsm, fgm_at, trades), or set the "
            "term's weight to 0");
    return row.reference;
}

/// Cross-entropy -sum t_i log p_i between targets t(i), with any sum, and softmax(output). Fills
/// `gradient` unless it is empty.
template <class Target>
double cross_entropy(std::span<const float> output, Target &&t, std::span<float> gradient,
                     double weight = 1) {
    require_softmax(output);
    const double log_sum = log_sum_exp(output);
    double loss = 0, total = 0;
    for (std::size_t i = 0; i < output.size(); ++i) {
        const double target = t(i);
        if (target != 0) loss += target * (log_sum - output[i]);
        total += target;
    }
    for (std::size_t i = 0; i < gradient.size(); ++i)
        gradient[i] = static_cast<float>(weight * (total * std::exp(output[i] - log_sum) - t(i)));
    return weight * loss;
}

/// Mean over the outputs o_i, or over the probabilities softmax(o)_i, of value(o_i - t_i); `slope`
/// is the derivative of `value`.
template <class Target, class Value, class Slope>
double mean_deviation(std::span<const float> output, bool on_softmax, Target &&t, Value &&value,
                      Slope &&slope, std::span<float> gradient, double weight = 1) {
    if (on_softmax) require_softmax(output);
    const double log_sum = on_softmax ? log_sum_exp(output) : 0;
    const auto at = [&](std::size_t i) {
        return on_softmax ? std::exp(output[i] - log_sum) : double{output[i]};
    };
    const double scale = weight / static_cast<double>(output.size());
    double loss = 0, inner = 0;  // inner: sum of p_i d loss / d p_i, which the derivative of
                                 // softmax subtracts
    for (std::size_t i = 0; i < output.size(); ++i) {
        const double p = at(i), difference = p - t(i);
        loss += scale * value(difference);
        inner += scale * p * slope(difference);
    }
    for (std::size_t i = 0; i < gradient.size(); ++i) {
        const double p = at(i), steep = scale * slope(p - t(i));
        gradient[i] = static_cast<float>(on_softmax ? p * (steep - inner) : steep);
    }
    return loss;
}

inline double square(double d) {
    return d * d;
}
inline double twice(double d) {
    return 2 * d;
}
inline double magnitude(double d) {
    return std::fabs(d);
}
inline double sign_of(double d) {
    return d > 0 ? 1.0 : d < 0 ? -1.0 : 0.0;
}

}  // namespace spar
