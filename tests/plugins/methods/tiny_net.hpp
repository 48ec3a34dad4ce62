// The tiny model of these tests, and divergences, written out again in double.
#pragma once

#include "training.hpp"

#include <cmath>

namespace spar::test {

/// f(x) = W2 tanh(W1 x + b1) + b2, with all weights in one array.
struct Net {
    static constexpr std::size_t d = 6, h = 5, k = 3;
    static constexpr std::size_t b1 = h * d, w2 = b1 + h, b2 = w2 + k * h;

    Doubles logits(const Doubles &w, std::span<const float> x) const {
        Doubles z(k);
        for (std::size_t c = 0; c < k; ++c) z[c] = w[b2 + c];
        for (std::size_t j = 0; j < h; ++j) {
            double sum = w[b1 + j];
            for (std::size_t i = 0; i < d; ++i) sum += w[j * d + i] * x[i];
            for (std::size_t c = 0; c < k; ++c) z[c] += w[w2 + c * h + j] * std::tanh(sum);
        }
        return z;
    }
    Doubles log_p(const Doubles &w, std::span<const float> x) const {
        Doubles z = logits(w, x);
        double total = 0;
        for (const double v : z) total += std::exp(v);
        for (double &v : z) v -= std::log(total);
        return z;
    }
    double cross_entropy(const Doubles &w, std::span<const float> x, std::int64_t y) const {
        return -log_p(w, x)[std::size_t(y)];
    }
    /// Gradient of the cross-entropy by x.
    Doubles slope(const Doubles &w, std::span<const float> x, std::int64_t y) const {
        const Doubles l = log_p(w, x);
        Doubles g(d);
        for (std::size_t j = 0; j < h; ++j) {
            double sum = w[b1 + j], back = 0;
            for (std::size_t i = 0; i < d; ++i) sum += w[j * d + i] * x[i];
            for (std::size_t c = 0; c < k; ++c)
                back += w[w2 + c * h + j] * (std::exp(l[c]) - (c == std::size_t(y) ? 1 : 0));
            const double a = std::tanh(sum);
            for (std::size_t i = 0; i < d; ++i) g[i] += w[j * d + i] * back * (1 - a * a);
        }
        return g;
    }
};

inline double kl(const Doubles &log_p, const Doubles &log_q) {
    double total = 0;
    for (std::size_t i = 0; i < log_p.size(); ++i)
        total += std::exp(log_p[i]) * (log_p[i] - log_q[i]);
    return total;
}
inline double symmetric(const Doubles &p, const Doubles &q) {
    return kl(p, q) + kl(q, p);
}

}  // namespace spar::test
