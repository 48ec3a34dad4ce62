#include "layers/embedding.hpp"

#include <algorithm>

namespace sequential {
namespace {

bool is_embedding(const LayerSpec &layer) {
    return layer.type == "embedding";
}

/// The layer's message, at its place in the list.
[[noreturn]] void refuse(LayerSpec layer, std::size_t place, const std::string &message) {
    layer.pointer = "/layers/" + std::to_string(place);
    layer.fail(message);
}

}  // namespace

Shape graph_input(std::vector<LayerSpec> &layers, const spar_model_setup &setup) {
    Shape shape(setup.shape, setup.shape + setup.rank);
    const bool tokens = setup.input == SPAR_INPUT_TOKENS;
    for (std::size_t i = tokens ? 1 : 0; i < layers.size(); ++i)
        if (is_embedding(layers[i]))
            refuse(layers[i], i,
                   tokens ? "reads the tokens, so it can only be the first layer; move it to the "
                            "front of \"layers\""
                          : "needs tokens of a text, but the data holds values " +
                                spar::shape_text(shape) + "; leave it out");
    if (!tokens) return shape;
    if (layers.empty() || !is_embedding(layers[0]))
        throw spar::invalid("the data is text, tokens " + spar::shape_text(shape) +
                                ", so the first layer must turn them into vectors; begin with "
                                R"({"type": "embedding", "dim": 64})",
                            "/layers/0");
    LayerSpec &first = layers[0];
    if (first.vocabulary == 0) first.vocabulary = setup.vocabulary;
    if (first.vocabulary < setup.vocabulary)
        refuse(first, 0,
               "has a vocabulary of " + std::to_string(first.vocabulary) +
                   " tokens, but the data has " + std::to_string(setup.vocabulary) +
                   "; leave \"vocabulary\" out to take the data's");
    shape.push_back(first.out);
    return shape;
}

void Embedding::check(const Texts &texts) const {
    const std::int64_t vocabulary = weight_.shape[0];
    for (std::int64_t i = 0; i < texts.count * texts.length; ++i)
        if (!texts.padding(i) && (texts.tokens[i] < 0 || texts.tokens[i] >= vocabulary))
            throw spar::Error(SPAR_E_DATA,
                              "token " + std::to_string(texts.tokens[i]) + " at position " +
                                  std::to_string(i % texts.length) + " of a text, expected 0 to " +
                                  std::to_string(vocabulary - 1) +
                                  ", the vocabulary that the embedding was made for; give all data "
                                  "the vocabulary of the training set");
}

void Embedding::embed(const Texts &texts, float *vectors) const {
    check(texts);
    const std::int64_t dim = width();
    parallel_(texts.count, [&](std::int64_t text) {
        for (std::int64_t i = text * texts.length; i < (text + 1) * texts.length; ++i)
            if (texts.padding(i))
                std::fill_n(vectors + i * dim, dim, 0.0F);
            else
                std::copy_n(weight_.value.data() + texts.tokens[i] * dim, dim, vectors + i * dim);
    });
}

// Two positions may hold the same token, so the cores share out the columns: each entry of the
// matrix is summed by one of them, position after position.
void Embedding::accumulate(const Texts &texts, const float *gradient) const {
    check(texts);
    constexpr std::int64_t columns = 16;  // a cache line
    const std::int64_t dim = width();
    parallel_((dim + columns - 1) / columns, [&](std::int64_t part) {
        const std::int64_t first = part * columns, end = std::min(first + columns, dim);
        for (std::int64_t i = 0; i < texts.count * texts.length; ++i) {
            if (texts.padding(i)) continue;
            float *sum = weight_.gradient.data() + texts.tokens[i] * dim;
            const float *g = gradient + i * dim;
            for (std::int64_t j = first; j < end; ++j) sum[j] += g[j];
        }
    });
}

}  // namespace sequential
