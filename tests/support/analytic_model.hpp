// A model written as formulas, in double.
#pragma once

#include <spar/geometry.hpp>
#include <spar/philox.hpp>
#include <spar/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace spar::test {

using Floats = std::vector<float>;

inline Floats uniform_values(std::uint64_t key, std::int64_t count, float low, float high) {
    Random random(key, 7);
    Floats values(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        values[static_cast<std::size_t>(i)] = random.uniform(i, low, high);
    return values;
}

/// outputs = W2 tanh(W1 x + b1) + b2, or W1 x + b1 with no hidden layer; everything in double, but
/// with `single` the outputs in float, as a real model would compute them.
class AnalyticModel {
  public:
    AnalyticModel(std::int64_t inputs, std::int64_t hidden, std::int64_t outputs,
                  std::uint64_t key = 1, double scale = 1)
        : inputs_(inputs), hidden_(hidden), outputs_(outputs) {
        const std::int64_t first = hidden > 0 ? hidden : outputs;
        fill(w1, first * inputs, key, scale * 3 / std::sqrt(static_cast<double>(inputs)));
        fill(b1, first, key + 1, 0.1);
        if (hidden > 0) fill(w2, outputs * hidden, key + 2, 3 / std::sqrt(double(hidden)));
        if (hidden > 0) fill(b2, outputs, key + 3, 0.1);
    }

    std::int64_t inputs() const { return inputs_; }
    std::int64_t outputs() const { return outputs_; }

    void forward(std::span<const float> x, std::span<float> out) const {
        if (single)
            std::ranges::copy(evaluated<float>(x), out.begin());
        else
            std::ranges::transform(exact(x), out.begin(),
                                   [](double value) { return static_cast<float>(value); });
    }
    /// In double, whatever `single` says.
    std::vector<double> exact(std::span<const float> x) const { return evaluated<double>(x); }

    /// gradient = d <cotangent, outputs> / dx
    void backward(std::span<const float> x, std::span<const float> cotangent,
                  std::span<float> gradient) const {
        std::vector<double> at(cotangent.begin(), cotangent.end());
        if (hidden_ > 0) {
            const auto h = activated(affine(w1, b1, std::vector<double>(x.begin(), x.end())));
            at = transposed(w2, at, h.size());
            for (std::size_t i = 0; i < h.size(); ++i) at[i] *= 1 - h[i] * h[i];
        }
        const auto dx = transposed(w1, at, x.size());
        for (std::size_t i = 0; i < dx.size(); ++i) gradient[i] = static_cast<float>(dx[i]);
    }

    std::vector<double> w1, b1, w2, b2;
    bool single = false;

  private:
    template <class Number>
    std::vector<Number> evaluated(std::span<const float> x) const {
        const auto first = affine(w1, b1, std::vector<Number>(x.begin(), x.end()));
        return hidden_ > 0 ? affine(w2, b2, activated(first)) : first;
    }
    static void fill(std::vector<double> &v, std::int64_t count, std::uint64_t key, double scale) {
        Random random(key, 11);
        for (std::int64_t i = 0; i < count; ++i) v.push_back(scale * random.normal(i));
    }
    template <class Number>
    static std::vector<Number> affine(const std::vector<double> &w, const std::vector<double> &b,
                                      const std::vector<Number> &x) {
        std::vector<Number> out(b.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<Number>(b[i]);
            for (std::size_t j = 0; j < x.size(); ++j)
                out[i] += static_cast<Number>(w[i * x.size() + j]) * x[j];
        }
        return out;
    }
    template <class Number>
    static std::vector<Number> activated(std::vector<Number> values) {
        for (Number &value : values) value = std::tanh(value);
        return values;
    }
    static std::vector<double> transposed(const std::vector<double> &w,
                                          const std::vector<double> &at, std::size_t width) {
        std::vector<double> out(width, 0.0);
        for (std::size_t i = 0; i < at.size(); ++i)
            for (std::size_t j = 0; j < width; ++j) out[j] += w[i * width + j] * at[i];
        return out;
    }

    std::int64_t inputs_, hidden_, outputs_;
};

}  // namespace spar::test
