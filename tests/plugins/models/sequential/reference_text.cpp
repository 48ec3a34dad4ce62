#include "reference_text.hpp"

#include "lines.hpp"

#include <algorithm>
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

Tensor max_over_positions(const Json &, const std::string &, const Parameters &,
                          const Tensor &tensor) {
    const Lines x(tensor);
    Lines y(1, x.width);
    for (std::int64_t c = 0; c < x.width; ++c) {
        bool any = false;
        for (std::int64_t i = 0; i < x.count; ++i) {
            if (!x.token(i)) continue;
            y(0, c) = any ? std::max(y(0, c), x(i, c)) : x(i, c);
            any = true;
        }
    }
    return y.vector();
}

Tensor first_position(const Json &, const std::string &, const Parameters &, const Tensor &x) {
    return {{x.shape[1]}, {x.values.begin(), x.values.begin() + x.shape[1]}};
}

Tensor attention_pool(const Json &, const std::string &name, const Parameters &parameters,
                      const Tensor &tensor) {
    const Lines x(tensor), scores = x.times(parameters.at(name + ".weight"), {}, 0, 1);
    Lines y(1, x.width);
    double sum = 0;
    for (std::int64_t i = 0; i < x.count; ++i) sum += x.token(i) ? std::exp(scores(i, 0)) : 0.0;
    for (std::int64_t i = 0; i < x.count; ++i)
        for (std::int64_t c = 0; x.token(i) && c < x.width; ++c)
            y(0, c) += std::exp(scores(i, 0)) / sum * x(i, c);
    return y.vector();
}

Tensor positions(const Json &layer, const std::string &name, const Parameters &parameters,
                 const Tensor &tensor) {
    Lines x(tensor);
    const std::string kind = layer.value("kind", "learned");
    for (std::int64_t i = 0; i < x.count; ++i)
        for (std::int64_t c = 0; x.token(i) && c < x.width; ++c) {
            const double angle = double(i) / std::pow(10000.0, double(c - c % 2) / double(x.width));
            if (kind == "learned") x(i, c) += parameters.at(name + ".weight")[at(i * x.width + c)];
            if (kind == "sinusoidal") x(i, c) += c % 2 == 0 ? std::sin(angle) : std::cos(angle);
        }
    return x.tensor();
}

}  // namespace

std::optional<TextLayer> text_layer(const std::string &type) {
    static const std::map<std::string, TextLayer> layers{
        {"mean_pool", mean_pool},
        {"max_over_positions", max_over_positions},
        {"first_position", first_position},
        {"attention_pool", attention_pool},
        {"positions", positions},
        {"attention", attention},
        {"transformer", transformer},
        {"conv1d", conv1d},
        {"patches", patches},
        {"lstm", recurrent},
        {"gru", recurrent},
    };
    const auto found = layers.find(type);
    return found != layers.end() ? std::optional(found->second) : std::nullopt;
}

}  // namespace reference
