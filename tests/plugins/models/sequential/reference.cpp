#include "reference.hpp"

#include "lines.hpp"
#include "reference_text.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace reference {
namespace {

using fixture::Json;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::string type_of(const Json &layer) {
    return layer.at("type");
}

std::int64_t whole(const Json &layer, const char *name, std::int64_t otherwise = 0) {
    return layer.value(name, otherwise);
}

bool has_bias(const Json &layer) {
    return layer.value("bias", true);
}

/// A square window over an image.
struct Window {
    std::int64_t kernel, stride, padding;
};

Window window_of(const Json &layer) {
    return {whole(layer, "kernel"), whole(layer, "stride", 1), whole(layer, "padding")};
}

double activate(const Json &layer, double z) {
    if (type_of(layer) == "relu") return std::max(z, 0.0);
    if (type_of(layer) == "leaky_relu") return z > 0 ? z : layer.at("slope").get<double>() * z;
    if (type_of(layer) == "tanh") return std::tanh(z);
    if (type_of(layer) == "gelu") return z * 0.5 * std::erfc(-z / std::sqrt(2.0));
    if (type_of(layer) == "sigmoid") return 1 / (1 + std::exp(-z));
    throw std::invalid_argument("the reference has no layer " + type_of(layer));
}

/// Calls visit(channel, oy, ox, y, x, ky, kx) for every pixel inside every window.
template <class Visit>
void for_windows(const Window &window, const Shape &in, const Shape &out, Visit visit) {
    for (std::int64_t oy = 0; oy < out[1]; ++oy)
        for (std::int64_t ox = 0; ox < out[2]; ++ox)
            for (std::int64_t ky = 0; ky < window.kernel; ++ky)
                for (std::int64_t kx = 0; kx < window.kernel; ++kx) {
                    const std::int64_t y = oy * window.stride + ky - window.padding;
                    const std::int64_t x = ox * window.stride + kx - window.padding;
                    if (y >= 0 && x >= 0 && y < in[1] && x < in[2]) visit(oy, ox, y, x, ky, kx);
                }
}

std::int64_t windows(const Window &window, std::int64_t size) {
    return (size + 2 * window.padding - window.kernel) / window.stride + 1;
}

Tensor windowed(const Json &layer, const std::string &name, const Parameters &parameters,
                const Tensor &x) {
    const bool conv = type_of(layer) == "conv";
    const Window window = window_of(layer);
    const Shape &in = x.shape;
    Tensor y{{conv ? whole(layer, "out") : in[0], windows(window, in[1]), windows(window, in[2])},
             {}};
    const Shape &out = y.shape;
    const bool max = type_of(layer) == "maxpool";
    y.values.assign(at(out[0] * out[1] * out[2]),
                    max ? -std::numeric_limits<double>::infinity() : 0.0);
    const double area = static_cast<double>(window.kernel * window.kernel);
    for (std::int64_t o = 0; o < out[0]; ++o) {
        const auto pixel = [&](std::int64_t c, std::int64_t py, std::int64_t px) {
            return x.values[at((c * in[1] + py) * in[2] + px)];
        };
        for_windows(window, in, out, [&](auto oy, auto ox, auto py, auto px, auto ky, auto kx) {
            double &to = y.values[at((o * out[1] + oy) * out[2] + ox)];
            if (max)
                to = std::max(to, pixel(o, py, px));
            else if (!conv)
                to += pixel(o, py, px) / area;
            else
                for (std::int64_t c = 0; c < in[0]; ++c)
                    to += pixel(c, py, px) *
                          parameters.at(name + ".weight")[at(
                              ((o * in[0] + c) * window.kernel + ky) * window.kernel + kx)];
        });
        if (conv && has_bias(layer))
            for (std::int64_t i = 0; i < out[1] * out[2]; ++i)
                y.values[at(o * out[1] * out[2] + i)] += parameters.at(name + ".bias")[at(o)];
    }
    return y;
}

Tensor linear(const Json &layer, const std::string &name, const Parameters &parameters,
              const Tensor &x) {
    const std::int64_t in = x.shape.back(), out = whole(layer, "out");
    const auto lines = static_cast<std::int64_t>(x.values.size()) / in;
    Tensor y{x.shape, std::vector<double>(at(lines * out), 0.0)};
    y.shape.back() = out;
    Eigen::Map<Rows> result(y.values.data(), lines, out);
    result = Eigen::Map<const Rows>(x.values.data(), lines, in) *
             Eigen::Map<const Rows>(parameters.at(name + ".weight").data(), out, in).transpose();
    if (has_bias(layer))
        result.rowwise() +=
            Eigen::Map<const Eigen::RowVectorXd>(parameters.at(name + ".bias").data(), out);
    return y;
}

using Line = Eigen::Map<const Eigen::ArrayXd>;

Line line_of(const std::vector<double> &values) {
    return {values.data(), std::ssize(values)};
}

struct Moments {
    double mean, variance;
};

Moments moments(const Line &values) {
    const double mean = values.mean();
    return {mean, (values - mean).square().mean()};
}

void layernorm(const Json &layer, const std::string &name, const Parameters &parameters,
               Tensor &x) {
    const std::int64_t width = x.shape.back();
    const Line weight(parameters.at(name + ".weight").data(), width);
    const Line bias(parameters.at(name + ".bias").data(), width);
    for (std::int64_t first = 0; first < std::ssize(x.values); first += width) {
        Eigen::Map<Eigen::ArrayXd> line(x.values.data() + first, width);
        const Moments m = moments(Line(line.data(), width));
        line = (line - m.mean) / std::sqrt(m.variance + layer.value("eps", 1e-5)) * weight + bias;
    }
}

Tensor apply(const Json &layer, const std::string &name, const Parameters &parameters, Tensor x) {
    if (const auto text = text_layer(type_of(layer))) return (*text)(layer, name, parameters, x);
    if (type_of(layer) == "conv" || type_of(layer) == "maxpool" || type_of(layer) == "avgpool")
        return windowed(layer, name, parameters, x);
    if (type_of(layer) == "linear") return linear(layer, name, parameters, x);
    const auto size = static_cast<std::int64_t>(x.values.size());
    if (type_of(layer) == "layernorm") {
        layernorm(layer, name, parameters, x);
    } else if (type_of(layer) == "flatten") {
        x.shape = {size};
    } else if (type_of(layer) == "global_avgpool") {
        Tensor y{{x.shape[0], 1, 1}, std::vector<double>(at(x.shape[0]), 0.0)};
        const std::int64_t plane = size / x.shape[0];
        for (std::int64_t i = 0; i < size; ++i)
            y.values[at(i / plane)] += x.values[at(i)] / static_cast<double>(plane);
        return y;
    } else if (type_of(layer) == "normalize") {
        const std::int64_t plane = size / x.shape[0];
        for (std::int64_t i = 0; i < size; ++i)
            x.values[at(i)] = (x.values[at(i)] - layer.at("mean").at(at(i / plane)).get<double>()) /
                              layer.at("std").at(at(i / plane)).get<double>();
    } else if (type_of(layer) != "dropout") {
        for (double &value : x.values) value = activate(layer, value);
    }
    return x;
}

/// The values of the channels [first, last).
std::vector<double> values_of(const std::vector<Tensor> &batch, std::int64_t first,
                              std::int64_t last) {
    std::vector<double> all;
    for (const Tensor &x : batch) {
        const auto plane = static_cast<std::int64_t>(x.values.size()) / x.shape[0];
        all.insert(all.end(), x.values.begin() + first * plane, x.values.begin() + last * plane);
    }
    return all;
}

void normalise(const Json &layer, const std::string &name, const Parameters &parameters,
               std::int64_t channel, Moments m, Tensor &x) {
    const auto plane = static_cast<std::int64_t>(x.values.size()) / x.shape[0];
    Eigen::Map<Eigen::ArrayXd> values(x.values.data() + channel * plane, plane);
    values = (values - m.mean) / std::sqrt(m.variance + layer.value("eps", 1e-5)) *
                 parameters.at(name + ".weight")[at(channel)] +
             parameters.at(name + ".bias")[at(channel)];
}

void batchnorm(const Json &layer, const std::string &name, const Parameters &parameters,
               std::vector<Tensor> &batch, bool training) {
    for (std::int64_t c = 0; c < batch[0].shape[0]; ++c) {
        const std::vector<double> values = values_of(batch, c, c + 1);
        const Moments m = training ? moments(line_of(values))
                                   : Moments{parameters.at(name + ".running_mean")[at(c)],
                                             parameters.at(name + ".running_var")[at(c)]};
        for (Tensor &x : batch) normalise(layer, name, parameters, c, m, x);
    }
}

void groupnorm(const Json &layer, const std::string &name, const Parameters &parameters,
               Tensor &x) {
    const std::int64_t width = x.shape[0] / whole(layer, "groups");
    const Tensor before = x;
    for (std::int64_t c = 0; c < x.shape[0]; ++c) {
        const std::int64_t first = c / width * width;
        const std::vector<double> values = values_of({before}, first, first + width);
        normalise(layer, name, parameters, c, moments(line_of(values)), x);
    }
}

/// Positions stay what they were, where a layer does not say what they are now.
Tensor with_tokens(Tensor y, const Tensor &x) {
    if (y.tokens.empty() && y.shape.size() == 2) y.tokens = x.tokens;
    return y;
}

LayerList list(const Json &layer, const char *name) {
    return layer.value(name, Json::array());
}

std::vector<Tensor> stack(const LayerList &layers, const std::string &prefix,
                          const Parameters &parameters, std::vector<Tensor> batch, bool training) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Json &layer = layers[i];
        const std::string name = prefix + (layer.value("name", std::to_string(i)));
        if (type_of(layer) == "batchnorm") {
            batchnorm(layer, name, parameters, batch, training);
        } else if (type_of(layer) == "residual") {
            const auto side =
                stack(list(layer, "shortcut"), name + ".shortcut.", parameters, batch, training);
            batch = stack(list(layer, "body"), name + ".body.", parameters, batch, training);
            for (std::size_t row = 0; row < batch.size(); ++row)
                for (std::size_t j = 0; j < batch[row].values.size(); ++j)
                    batch[row].values[j] += side[row].values[j];
        } else {
            for (Tensor &x : batch)
                if (type_of(layer) == "groupnorm")
                    groupnorm(layer, name, parameters, x);
                else
                    x = with_tokens(apply(layer, name, parameters, x), x);
        }
    }
    return batch;
}

}  // namespace

std::vector<Tensor> forward(const LayerList &layers, const Parameters &parameters,
                            std::vector<Tensor> batch, bool training) {
    return stack(layers, "", parameters, std::move(batch), training);
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
