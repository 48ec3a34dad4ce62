// Small models of text, and texts of every length for them.
#pragma once

#include "fixture.hpp"
#include "layers/embedding.hpp"

namespace fixture {

constexpr std::int64_t vocabulary = 9, dim = 20, length = 6;

inline Json embedding() {
    return {{"type", "embedding"}, {"dim", dim}, {"vocabulary", vocabulary}, {"std", 0.5}};
}

inline LayerList classifier(LayerList middle) {
    middle.insert(middle.begin(), embedding());
    middle.push_back(named(linear(5), "hidden"));
    middle.push_back(layer("tanh"));
    middle.push_back(named(linear(3), "out"));
    return middle;
}

inline const std::vector<LayerList> networks = {
    classifier({layer("mean_pool")}),
    classifier({layer("tanh"), layer("mean_pool")}),
    classifier({dropout(0.4), layer("mean_pool")}),
    classifier({layer("flatten")}),
    classifier({with(named(layer("attention"), "first"), "heads", 4),
                with(with(named(layer("attention"), "next"), "score", "additive"), "positions",
                     "relative"),
                layer("mean_pool")}),
    classifier({named(layer("positions"), "places"),
                {{"type", "transformer"}, {"name", "encoder"}, {"heads", 2}, {"hidden", 6}},
                named(layer("attention_pool"), "pool")}),
    classifier(
        {{{"type", "conv1d"}, {"name", "windows"}, {"out", 4}, {"kernel", 2}, {"padding", 1}},
         {{"type", "gru"}, {"name", "gru"}, {"hidden", 3}, {"bidirectional", true}},
         {{"type", "lstm"}, {"name", "lstm"}, {"hidden", 3}, {"output", "last"}}}),
    classifier({layer("max_over_positions")}),
    classifier({{{"type", "transformer"},
                 {"name", "decoder"},
                 {"heads", 2},
                 {"hidden", 6},
                 {"queries", 3},
                 {"attention_dropout", 0.3}},
                layer("flatten")}),
};

/// Random tokens; text i has i % length + 1 of them, and some token's number at padding.
struct Corpus {
    explicit Corpus(std::int64_t texts) : count(texts) {
        spar::Random random(17, 0);
        for (std::int64_t i = 0; i < count * length; ++i) {
            tokens.push_back(random.below(i, vocabulary));
            mask.push_back(i % length <= i / length % length ? 1.0F : 0.0F);
        }
    }
    EmbeddingMatrix::Texts texts() const { return {count, length, tokens.data(), mask.data()}; }

    std::int64_t count;
    std::vector<std::int64_t> tokens;
    std::vector<float> mask;
};

/// What a pass from tokens to the gradients of all parameters gives.
struct TextResult {
    std::vector<float> vectors, outputs, dx, gradients;
};

inline TextResult run(Net &net, const Corpus &corpus, const std::vector<float> *vectors = nullptr) {
    const EmbeddingMatrix matrix(net.graph->parameters[0], net.parallel);
    TextResult result;
    result.vectors.resize(static_cast<std::size_t>(corpus.count * length * dim));
    matrix.embed(corpus.texts(), result.vectors.data());
    if (vectors != nullptr) result.vectors = *vectors;
    result.dx.resize(result.vectors.size());
    result.outputs.resize(static_cast<std::size_t>(corpus.count * net.outputs));
    const auto names = ids(corpus.count);
    HeadContext context{net.outputs, names.data()};
    net.zero_gradients();
    net.executor.pass({.rows = corpus.count,
                       .x = result.vectors.data(),
                       .mask = corpus.mask.data(),
                       .ids = names.data(),
                       .head = head,
                       .head_context = &context,
                       .wants = {.input = true, .parameters = true},
                       .outputs = result.outputs.data(),
                       .dx = result.dx.data()});
    matrix.accumulate(corpus.texts(), result.dx.data());
    result.gradients = net.gradients();
    return result;
}

}  // namespace fixture
