// The tiny model of text of these tests in double: looked-up vectors, then W2 tanh(W1 x + b1) + b2.
#pragma once

#include "training.hpp"

#include <cmath>
#include <functional>

namespace spar::test {

struct TextNet {
    static constexpr std::size_t vocabulary = 7, length = 4, width = 3, d = length * width, h = 5,
                                 k = 3;
    static constexpr std::size_t w1 = vocabulary * width, b1 = w1 + h * d, w2 = b1 + h,
                                 b2 = w2 + k * h, all = b2 + k;

    /// Vectors of a text, plus a perturbation.
    static Doubles vectors(const Doubles &w, const std::int64_t *tokens, const Doubles &delta) {
        Doubles x(d);
        for (std::size_t i = 0; i < d; ++i)
            x[i] = w[std::size_t(tokens[i / width]) * width + i % width] +
                   (delta.empty() ? 0 : delta[i]);
        return x;
    }
    static Doubles log_p(const Doubles &w, const Doubles &x) {
        Doubles z(k);
        for (std::size_t c = 0; c < k; ++c) z[c] = w[b2 + c];
        for (std::size_t j = 0; j < h; ++j) {
            double sum = w[b1 + j];
            for (std::size_t i = 0; i < d; ++i) sum += w[w1 + j * d + i] * x[i];
            for (std::size_t c = 0; c < k; ++c) z[c] += w[w2 + c * h + j] * std::tanh(sum);
        }
        double total = 0;
        for (const double v : z) total += std::exp(v);
        for (double &v : z) v -= std::log(total);
        return z;
    }
    static double cross_entropy(const Doubles &w, const Doubles &x, std::int64_t y) {
        return -log_p(w, x)[std::size_t(y)];
    }
};

/// Central differences.
inline Doubles slopes(Doubles at, const std::function<double(const Doubles &)> &value) {
    Doubles g(at.size());
    for (std::size_t i = 0; i < at.size(); ++i) {
        const double here = at[i];
        at[i] = here + 1e-5;
        const double up = value(at);
        at[i] = here - 1e-5;
        g[i] = (up - value(at)) / 2e-5;
        at[i] = here;
    }
    return g;
}

inline double length_of(const Doubles &a, std::size_t first, std::size_t count) {
    double squares = 0;
    for (std::size_t i = first; i < first + count; ++i) squares += a[i] * a[i];
    return std::sqrt(squares);
}

}  // namespace spar::test
