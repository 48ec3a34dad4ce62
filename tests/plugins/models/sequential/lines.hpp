// Vectors at the positions of a text, for the plain reference.
#pragma once

#include "reference.hpp"

namespace reference {

inline std::size_t at(std::int64_t i) {
    return static_cast<std::size_t>(i);
}

struct Lines {
    Lines(std::int64_t count, std::int64_t width)
        : count(count), width(width), values(at(count * width), 0.0) {}
    explicit Lines(const Tensor &x)
        : count(x.shape[0]), width(x.shape[1]), values(x.values), tokens(x.tokens) {}

    double &operator()(std::int64_t i, std::int64_t c) { return values[at(i * width + c)]; }
    double operator()(std::int64_t i, std::int64_t c) const { return values[at(i * width + c)]; }
    bool token(std::int64_t i) const { return tokens.empty() || tokens[at(i)]; }

    Tensor tensor() const { return {{count, width}, values, tokens}; }
    Tensor vector() const { return {{count * width}, values}; }

    /// By the rows [first, first + out) of a weight, which has one for each output.
    Lines times(const std::vector<double> &weight, const std::vector<double> &bias,
                std::int64_t first, std::int64_t out) const {
        Lines y(count, out);
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t o = 0; o < out; ++o) {
                y(i, o) = bias.empty() ? 0.0 : bias[at(first + o)];
                for (std::int64_t c = 0; c < width; ++c)
                    y(i, o) += weight[at((first + o) * width + c)] * (*this)(i, c);
            }
        y.tokens = tokens;
        return y;
    }

    std::int64_t count, width;
    std::vector<double> values;
    std::vector<bool> tokens = {};
};

}  // namespace reference
