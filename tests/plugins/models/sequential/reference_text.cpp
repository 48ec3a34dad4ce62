#include "reference_text.hpp"

#include "lines.hpp"

#include <cmath>

namespace reference {
namespace {

using fixture::Json;

Tensor mean_pool(const Json &, const std::string &, const Parameters &, const Tensor &tensor) {
    const Lines x(tensor);
    Lines y(1, x.width);
    double count = 0;
    for (std::int64_t i = 0; i < x.count; ++i) count += x.token(i) ? 1 : 0;
    for (std::int64_t i = 0; i < x.count; ++i)
        for (std::int64_t c = 0; x.token(i) && c < x.width; ++c) y(0, c) += x(i, c) / count;
    return y.vector();
}

/// What is added to the score of query i and key j.
double of_distance(const Json &layer, const std::string &name, const Parameters &parameters,
                   std::int64_t length, std::int64_t head, std::int64_t i, std::int64_t j) {
    const std::string kind = layer.value("positions", "none");
    const std::int64_t heads = layer.value("heads", 1);
    if (kind == "relative")
        return parameters.at(name + ".relative_bias")[at(head * (2 * length - 1) + length - 1 + j -
                                                         i)];
    if (kind != "alibi") return 0;
    if (heads == 3)  // no power of two: of 2, and the first of 4
        return -std::vector{1.0 / 16, 1.0 / 256, 1.0 / 4}[at(head)] * double(std::abs(i - j));
    return -std::pow(2.0, -8.0 * double(head + 1) / double(heads)) * double(std::abs(i - j));
}

bool sees(const Json &layer, std::int64_t i, std::int64_t j) {
    if (layer.value("causal", false) && j > i) return false;
    return !layer.contains("window") || std::abs(i - j) <= layer.at("window").get<std::int64_t>();
}

/// The pairs of a head's values, turned by the position.
void turn(Lines &x, std::int64_t width) {
    for (std::int64_t i = 0; i < x.count; ++i)
        for (std::int64_t c = 0; c < x.width; c += 2) {
            const double a = x(i, c), b = x(i, c + 1);
            const double angle = double(i) * std::pow(10000.0, -double(c % width) / double(width));
            x(i, c) = a * std::cos(angle) - b * std::sin(angle);
            x(i, c + 1) = b * std::cos(angle) + a * std::sin(angle);
        }
}

double score(const Json &layer, const std::string &name, const Parameters &parameters,
             const Lines &q, const Lines &k, std::int64_t first, std::int64_t width,
             std::int64_t i, std::int64_t j) {
    double sum = 0;
    const bool additive = layer.value("score", "dot") == std::string("additive");
    for (std::int64_t c = first; c < first + width; ++c)
        sum += additive ? parameters.at(name + ".score_weight")[at(c)] * std::tanh(q(i, c) + k(j, c))
                        : q(i, c) * k(j, c) / std::sqrt(double(width));
    return sum;
}

Tensor attention(const Json &layer, const std::string &name, const Parameters &parameters,
                 const Tensor &tensor) {
    const Lines x(tensor);
    const std::int64_t width = x.width / layer.value("heads", 1);
    const auto part = [&](std::int64_t n) {
        return x.times(parameters.at(name + ".in_proj_weight"),
                       parameters.at(name + ".in_proj_bias"), n * x.width, x.width);
    };
    Lines q = part(0), k = part(1), gathered(x.count, x.width);
    const Lines v = part(2);
    if (layer.value("positions", "none") == std::string("rotary")) turn(q, width), turn(k, width);
    for (std::int64_t first = 0; first < x.width; first += width)
        for (std::int64_t i = 0; i < x.count; ++i) {
            std::vector<double> shares;
            double sum = 0;
            for (std::int64_t j = 0; j < x.count; ++j) {
                const double s = score(layer, name, parameters, q, k, first, width, i, j) +
                                 of_distance(layer, name, parameters, x.count, first / width, i, j);
                shares.push_back(x.token(j) && sees(layer, i, j) ? std::exp(s) : 0.0);
                sum += shares.back();
            }
            for (std::int64_t j = 0; j < x.count && sum > 0; ++j)
                for (std::int64_t c = first; c < first + width; ++c)
                    gathered(i, c) += shares[at(j)] / sum * v(j, c);
        }
    return gathered
        .times(parameters.at(name + ".out_proj.weight"), parameters.at(name + ".out_proj.bias"), 0,
               x.width)
        .tensor();
}

}  // namespace

std::optional<TextLayer> text_layer(const std::string &type) {
    static const std::map<std::string, TextLayer> layers{
        {"mean_pool", mean_pool},
        {"attention", attention},
    };
    const auto found = layers.find(type);
    return found != layers.end() ? std::optional(found->second) : std::nullopt;
}

}  // namespace reference
