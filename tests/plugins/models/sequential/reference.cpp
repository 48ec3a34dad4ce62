#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reference {
namespace {

std::size_t at(std::int64_t i) {
    return static_cast<std::size_t>(i);
}

double activate(const LayerSpec &layer, double z) {
    if (layer.type == "relu") return std::max(z, 0.0);
    if (layer.type == "leaky_relu") return z > 0 ? z : layer.slope * z;
    if (layer.type == "tanh") return std::tanh(z);
    return 1 / (1 + std::exp(-z));
}

/// Calls visit(channel, oy, ox, y, x, ky, kx) for every pixel inside every window.
template <class Visit>
void for_windows(const LayerSpec &layer, const Shape &in, const Shape &out, Visit visit) {
    for (std::int64_t oy = 0; oy < out[1]; ++oy)
        for (std::int64_t ox = 0; ox < out[2]; ++ox)
            for (std::int64_t ky = 0; ky < layer.kernel; ++ky)
                for (std::int64_t kx = 0; kx < layer.kernel; ++kx) {
                    const std::int64_t y = oy * layer.stride + ky - layer.padding;
                    const std::int64_t x = ox * layer.stride + kx - layer.padding;
                    if (y >= 0 && x >= 0 && y < in[1] && x < in[2]) visit(oy, ox, y, x, ky, kx);
                }
}

std::int64_t windows(const LayerSpec &layer, std::int64_t size) {
    return (size + 2 * layer.padding - layer.kernel) / layer.stride + 1;
}

Tensor windowed(const LayerSpec &layer, const std::string &name, const Parameters &parameters,
                const Tensor &x) {
    const bool conv = layer.type == "conv";
    const Shape &in = x.shape;
    Tensor y{{conv ? layer.out : in[0], windows(layer, in[1]), windows(layer, in[2])}, {}};
    const Shape &out = y.shape;
    const bool max = layer.type == "maxpool";
    y.values.assign(at(out[0] * out[1] * out[2]),
                    max ? -std::numeric_limits<double>::infinity() : 0.0);
    const double area = static_cast<double>(layer.kernel * layer.kernel);
    for (std::int64_t o = 0; o < out[0]; ++o) {
        const auto pixel = [&](std::int64_t c, std::int64_t py, std::int64_t px) {
            return x.values[at((c * in[1] + py) * in[2] + px)];
        };
        for_windows(layer, in, out, [&](auto oy, auto ox, auto py, auto px, auto ky, auto kx) {
            double &to = y.values[at((o * out[1] + oy) * out[2] + ox)];
            if (max)
                to = std::max(to, pixel(o, py, px));
            else if (!conv)
                to += pixel(o, py, px) / area;
            else
                for (std::int64_t c = 0; c < in[0]; ++c)
                    to += pixel(c, py, px) *
                          parameters.at(name + ".weight")[at(
                              ((o * in[0] + c) * layer.kernel + ky) * layer.kernel + kx)];
        });
        if (conv && layer.bias)
            for (std::int64_t i = 0; i < out[1] * out[2]; ++i)
                y.values[at(o * out[1] * out[2] + i)] += parameters.at(name + ".bias")[at(o)];
    }
    return y;
}

Tensor linear(const LayerSpec &layer, const std::string &name, const Parameters &parameters,
              const Tensor &x) {
    Tensor y{{layer.out}, std::vector<double>(at(layer.out), 0.0)};
    const std::int64_t in = x.shape[0];
    for (std::int64_t o = 0; o < layer.out; ++o) {
        for (std::int64_t i = 0; i < in; ++i)
            y.values[at(o)] += parameters.at(name + ".weight")[at(o * in + i)] * x.values[at(i)];
        if (layer.bias) y.values[at(o)] += parameters.at(name + ".bias")[at(o)];
    }
    return y;
}

Tensor apply(const LayerSpec &layer, const std::string &name, const Parameters &parameters,
             Tensor x) {
    if (layer.type == "conv" || layer.type == "maxpool" || layer.type == "avgpool")
        return windowed(layer, name, parameters, x);
    if (layer.type == "linear") return linear(layer, name, parameters, x);
    const auto size = static_cast<std::int64_t>(x.values.size());
    if (layer.type == "flatten") {
        x.shape = {size};
    } else if (layer.type == "global_avgpool") {
        Tensor y{{x.shape[0], 1, 1}, std::vector<double>(at(x.shape[0]), 0.0)};
        const std::int64_t plane = size / x.shape[0];
        for (std::int64_t i = 0; i < size; ++i)
            y.values[at(i / plane)] += x.values[at(i)] / static_cast<double>(plane);
        return y;
    } else if (layer.type == "normalize") {
        const std::int64_t plane = size / x.shape[0];
        for (std::int64_t i = 0; i < size; ++i)
            x.values[at(i)] =
                (x.values[at(i)] - layer.mean[at(i / plane)]) / layer.deviation[at(i / plane)];
    } else if (layer.type != "dropout") {
        for (double &value : x.values) value = activate(layer, value);
    }
    return x;
}

}  // namespace

Tensor forward(const std::vector<LayerSpec> &layers, const Parameters &parameters, Tensor x) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const std::string name = layers[i].name.empty() ? std::to_string(i) : layers[i].name;
        x = apply(layers[i], name, parameters, std::move(x));
    }
    return x;
}

double slope(double &argument, const std::function<double()> &function, double step) {
    const double middle = argument;
    argument = middle + step;
    const double above = function();
    argument = middle - step;
    const double below = function();
    argument = middle;
    return (above - below) / (2 * step);
}

}  // namespace reference
