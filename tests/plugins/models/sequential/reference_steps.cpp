// Windows over positions, squares of images, and states that go from position to position.
#include "lines.hpp"
#include "reference_text.hpp"

#include <algorithm>
#include <cmath>

namespace reference {
namespace {

using fixture::Json;

/// Positions behind windows, of so many before.
std::int64_t windows(const Json &layer, std::int64_t count) {
    const std::int64_t padding = layer.value("padding", 0), kernel = layer.at("kernel");
    const std::int64_t room = count + 2 * padding - kernel;
    return count > 0 && room >= 0 ? room / layer.value("stride", 1) + 1 : 0;
}

double sigmoid(double z) {
    return 1 / (1 + std::exp(-z));
}

/// The states of one direction, zero at padding.
Lines states(const Json &layer, const std::string &name, const std::string &suffix,
             const Parameters &parameters, const Lines &x) {
    const bool lstm = layer.at("type") == "lstm", reverse = suffix.ends_with("_reverse");
    const std::int64_t size = layer.at("hidden"), gates = (lstm ? 4 : 3) * size;
    const auto of = [&](const char *part) -> const std::vector<double> & {
        return parameters.at(name + "." + part + suffix);
    };
    const auto bias = [&](const char *part) {
        return layer.value("bias", true) ? of(part) : std::vector<double>{};
    };
    const Lines inputs = x.times(of("weight_ih"), bias("bias_ih"), 0, gates);
    Lines h(1, size), c(1, size), all(x.count, size);
    all.tokens = x.tokens;
    for (std::int64_t t = 0; t < x.count; ++t) {
        const std::int64_t i = reverse ? x.count - 1 - t : t;
        if (!x.token(i)) continue;
        const Lines own = h.times(of("weight_hh"), bias("bias_hh"), 0, gates);
        const auto gate = [&](std::int64_t g, std::int64_t k) {
            return inputs(i, g * size + k) + own(0, g * size + k);
        };
        for (std::int64_t k = 0; k < size; ++k) {
            if (lstm) {
                c(0, k) =
                    sigmoid(gate(1, k)) * c(0, k) + sigmoid(gate(0, k)) * std::tanh(gate(2, k));
                h(0, k) = sigmoid(gate(3, k)) * std::tanh(c(0, k));
            } else {
                const double z = sigmoid(gate(1, k));
                const double n =
                    std::tanh(inputs(i, 2 * size + k) + sigmoid(gate(0, k)) * own(0, 2 * size + k));
                h(0, k) = (1 - z) * n + z * h(0, k);
            }
            all(i, k) = h(0, k);
        }
    }
    return all;
}

}  // namespace

Tensor conv1d(const Json &layer, const std::string &name, const Parameters &parameters,
              const Tensor &tensor) {
    const Lines x(tensor);
    const std::int64_t kernel = layer.at("kernel"), out = layer.at("out");
    Lines y(windows(layer, x.count), out);
    for (std::int64_t i = 0; i < y.count; ++i)
        for (std::int64_t o = 0; o < out; ++o) {
            if (layer.value("bias", true)) y(i, o) = parameters.at(name + ".bias")[at(o)];
            for (std::int64_t k = 0; k < kernel; ++k) {
                const std::int64_t j = i * layer.value("stride", 1) + k - layer.value("padding", 0);
                for (std::int64_t c = 0; j >= 0 && j < x.count && x.token(j) && c < x.width; ++c)
                    y(i, o) += x(j, c) *
                               parameters.at(name + ".weight")[at((o * x.width + c) * kernel + k)];
            }
        }
    if (x.tokens.empty()) return y.tensor();
    const auto count = std::count(x.tokens.begin(), x.tokens.end(), true);
    for (std::int64_t i = 0; i < y.count; ++i) y.tokens.push_back(i < windows(layer, count));
    return y.tensor();
}

Tensor patches(const Json &layer, const std::string &name, const Parameters &parameters,
               const Tensor &image) {
    const std::int64_t size = layer.at("size"), out = layer.at("out");
    const Json conv{{"type", "conv"},
                    {"out", out},
                    {"kernel", size},
                    {"stride", size},
                    {"bias", layer.value("bias", true)},
                    {"name", name}};
    const Tensor squares = forward({conv}, parameters, {image})[0];
    const std::int64_t count = squares.shape[1] * squares.shape[2];
    const std::int64_t before = layer.value("class_token", false) ? 1 : 0;
    Lines y(count + before, out);
    for (std::int64_t o = 0; o < out; ++o) {
        if (before > 0) y(0, o) = parameters.at(name + ".class_token")[at(o)];
        for (std::int64_t i = 0; i < count; ++i)
            y(i + before, o) = squares.values[at(o * count + i)];
    }
    return y.tensor();
}

Tensor recurrent(const Json &layer, const std::string &name, const Parameters &parameters,
                 const Tensor &tensor) {
    Lines x(tensor);
    const std::int64_t size = layer.at("hidden");
    const bool both = layer.value("bidirectional", false);
    for (std::int64_t l = 0; l < layer.value("layers", 1); ++l) {
        const std::string suffix = "_l" + std::to_string(l);
        const Lines forth = states(layer, name, suffix, parameters, x);
        const Lines back = both ? states(layer, name, suffix + "_reverse", parameters, x) : forth;
        x = Lines(x.count, both ? 2 * size : size);
        x.tokens = forth.tokens;
        for (std::int64_t i = 0; i < x.count; ++i)
            for (std::int64_t k = 0; k < x.width; ++k)
                x(i, k) = k < size ? forth(i, k) : back(i, k - size);
    }
    if (layer.value("output", "all") == std::string("all")) return x.tensor();
    Lines last(1, x.width);
    for (std::int64_t i = 0; i < x.count; ++i)
        for (std::int64_t k = 0; x.token(i) && k < x.width; ++k)
            if (k < size || i == 0) last(0, k) = x(i, k);
    return last.vector();
}

}  // namespace reference
