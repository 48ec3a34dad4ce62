// Attention and the layers of a Transformer, computed slowly and plainly.
#include "lines.hpp"
#include "reference_text.hpp"

#include <cmath>

namespace reference {

Taps *taps = nullptr;

namespace {

using fixture::Json;

/// What is added to the score of query i and key j.
double of_distance(const Json &layer, const std::string &name, const Parameters &parameters,
                   std::int64_t length, std::int64_t head, std::int64_t i, std::int64_t j) {
    const std::string kind = layer.value("positions", "none");
    const std::int64_t heads = layer.value("heads", 1);
    if (kind == "relative")
        return parameters.at(name +
                             ".relative_bias")[at(head * (2 * length - 1) + length - 1 + j - i)];
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
             const Lines &q, const Lines &k, std::int64_t first, std::int64_t width, std::int64_t i,
             std::int64_t j) {
    double sum = 0;
    const bool additive = layer.value("score", "dot") == std::string("additive");
    for (std::int64_t c = first; c < first + width; ++c)
        sum += additive
                   ? parameters.at(name + ".score_weight")[at(c)] * std::tanh(q(i, c) + k(j, c))
                   : q(i, c) * k(j, c) / std::sqrt(double(width));
    return sum;
}

/// What is added to a pair's logit, and a place for its value and its share; null: masked, or
/// nobody asks.
struct TappedPair {
    double add = 0;
    double *logit = nullptr, *share = nullptr;
};

TappedPair tapped(const std::string &name, const Lines &q, const Lines &k, const Json &layer,
                  std::int64_t head, std::int64_t i, std::int64_t j) {
    if (taps == nullptr || !q.token(i) || !k.token(j) || !sees(layer, i, j)) return {};
    const std::size_t place = at((head * q.count + i) * k.count + j);
    const auto of = [&](const char *site) -> double & {
        auto &all = taps->values[name + site];
        all.resize(at(layer.value("heads", 1) * q.count * k.count), 0.0);
        return all[place];
    };
    const auto added = taps->add.find(name + ".logits");
    return {added != taps->add.end() ? added->second[place] : 0.0, &of(".logits"), &of(".maps")};
}

/// Of queries to a text, which may be themselves.
Lines attend(const Json &layer, const std::string &name, const Parameters &parameters,
             const Lines &x, const Lines &text) {
    const std::int64_t width = x.width / layer.value("heads", 1);
    const auto part = [&](const Lines &of, std::int64_t n) {
        return of.times(parameters.at(name + ".in_proj_weight"),
                        parameters.at(name + ".in_proj_bias"), n * x.width, x.width);
    };
    Lines q = part(x, 0), k = part(text, 1), gathered(x.count, x.width);
    const Lines v = part(text, 2);
    if (layer.value("positions", "none") == std::string("rotary")) turn(q, width), turn(k, width);
    for (std::int64_t first = 0; first < x.width; first += width)
        for (std::int64_t i = 0; i < q.count; ++i) {
            std::vector<double> shares;
            double sum = 0;
            for (std::int64_t j = 0; j < k.count; ++j) {
                const TappedPair pair = tapped(name, q, k, layer, first / width, i, j);
                const double s =
                    score(layer, name, parameters, q, k, first, width, i, j) +
                    of_distance(layer, name, parameters, k.count, first / width, i, j) + pair.add;
                if (pair.logit != nullptr) *pair.logit = s;
                shares.push_back(k.token(j) && sees(layer, i, j) ? std::exp(s) : 0.0);
                sum += shares.back();
            }
            for (std::int64_t j = 0; j < k.count && sum > 0; ++j) {
                const TappedPair pair = tapped(name, q, k, layer, first / width, i, j);
                if (pair.share != nullptr) *pair.share = shares[at(j)] / sum;
                for (std::int64_t c = first; c < first + width; ++c)
                    gathered(i, c) += shares[at(j)] / sum * v(j, c);
            }
        }
    return gathered.times(parameters.at(name + ".out_proj.weight"),
                          parameters.at(name + ".out_proj.bias"), 0, x.width);
}

Tensor sum(Tensor x, const Tensor &y) {
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
    return x;
}

/// A layer's attention between two sequences.
Json across(Json layer) {
    for (const char *own : {"causal", "positions", "window"}) layer.erase(own);
    return layer;
}

}  // namespace

Tensor attention(const Json &layer, const std::string &name, const Parameters &parameters,
                 const Tensor &tensor) {
    return attend(layer, name, parameters, Lines(tensor), Lines(tensor)).tensor();
}

Tensor transformer(const Json &layer, const std::string &name, const Parameters &parameters,
                   const Tensor &tensor) {
    const bool decodes = layer.contains("queries");
    Tensor x = tensor;
    if (decodes) {
        const std::int64_t queries = layer.at("queries");
        x = {{queries, tensor.shape[1]},
             parameters.at(name + ".queries"),
             std::vector<bool>(at(queries), true)};
    }
    const auto apply = [&](const std::string &part, Json own, const Tensor &value) {
        own["name"] = name + "." + part;
        return forward({own}, parameters, {value})[0];
    };
    const auto norm = [&](const std::string &part, const Tensor &value) {
        return apply(part, {{"type", "layernorm"}, {"eps", layer.value("eps", 1e-5)}}, value);
    };
    for (std::int64_t i = 0; i < layer.value("layers", 1); ++i) {
        const std::string own = "layers." + std::to_string(i) + ".";
        const auto around = [&](const std::string &part, auto through) {
            if (layer.value("norm_first", false))
                x = sum(x, through(norm(own + part, x)));
            else
                x = norm(own + part, sum(x, through(x)));
        };
        around("norm1", [&](const Tensor &value) {
            return attention(layer, name + "." + own + "self_attn", parameters, value);
        });
        if (decodes)
            around("norm2", [&](const Tensor &value) {
                return attend(across(layer), name + "." + own + "multihead_attn", parameters,
                              Lines(value), Lines(tensor))
                    .tensor();
            });
        around(decodes ? "norm3" : "norm2", [&](const Tensor &value) {
            const auto linear = [&](const char *part, std::int64_t out, const Tensor &from) {
                return apply(own + part, {{"type", "linear"}, {"out", out}}, from);
            };
            const Tensor hidden = linear("linear1", layer.at("hidden"), value);
            const std::string activation = layer.value("activation", "relu");
            return linear("linear2", value.shape[1],
                          forward({{{"type", activation}}}, parameters, {hidden})[0]);
        });
    }
    return layer.value("norm", false) ? norm("norm", x) : x;
}

}  // namespace reference
