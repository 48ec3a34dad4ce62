#include "layers/embedding.hpp"

#include "kernels/kernels.hpp"
#include "layers/padding.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sequential {
namespace {

/// Makes padding zero, whatever it contains, and its gradient too. Works in the input's memory.
/// Here the vectors are a site.
class ClearPadding final : public Operation {
  public:
    ClearPadding(Graph &graph, int input, int result, const std::string &name)
        : length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]),
          site_(graph.add_site(name, SPAR_SITE_EMBEDDING)) {
        inputs = {input};
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        auto *tokens = batch.frame->extra<std::uint8_t>(tokens_);
        for (std::int64_t i = 0; i < batch.end * length_; ++i)
            tokens[i] = is_token(batch, i) ? 1 : 0;
        const SiteUse use = use_of(batch);
        float *vectors = batch.frame->data(outputs[0]);
        add(batch, use.add, vectors);
        clear(batch, vectors);
        if (use.values != nullptr) show(batch, vectors, use.values);
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const SiteUse use = use_of(batch);
        float *gradient = batch.work->gradient(outputs[0]);
        add(batch, use.cotangent, gradient);
        clear(batch, gradient);
        if (use.gradient != nullptr) show(batch, gradient, use.gradient);
    }

    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

    Shape site_shape() const override { return {length_, dim_}; }
    void mark_site(const Batch &batch, std::int64_t row, float *to) const override {
        for (std::int64_t i = 0; i < length_; ++i)
            std::fill_n(to + i * dim_, dim_, is_token(batch, row * length_ + i) ? 1.0F : 0.0F);
    }

  private:
    SiteUse use_of(const Batch &batch) const {
        return batch.sites != nullptr ? batch.sites[site_] : SiteUse{};
    }
    void add(const Batch &batch, const float *from, float *to) const {
        const std::int64_t size = length_ * dim_;
        if (from != nullptr) kernels().add(from + batch.first * size, to, batch.end * size);
    }
    void show(const Batch &batch, const float *from, float *to) const {
        const std::int64_t size = length_ * dim_;
        std::copy_n(from, batch.end * size, to + batch.first * size);
    }
    void clear(const Batch &batch, float *vectors) const {
        const auto *tokens = batch.frame->extra<std::uint8_t>(tokens_);
        for (std::int64_t i = 0; i < batch.end * length_; ++i)
            if (tokens[i] == 0) std::fill_n(vectors + i * dim_, dim_, 0.0F);
    }

    std::int64_t length_, dim_;
    int site_;
    std::size_t tokens_ = 0;
};

class Embedding final : public Layer {
  public:
    static constexpr About about{"embedding",
                                 "tokens of a text as vectors; only as the first layer"};
    Embedding() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape shape = graph.value(input).shape;
        if (input != 0 || shape.size() != 2)
            throw spar::invalid(
                "reads the tokens of a text, so it can only be the first layer; here it got " +
                spar::shape_text(shape));
        const std::int64_t tokens = vocabulary_.value_or(builder.vocabulary);
        Parameter &weight = graph.parameters.add(builder.parameter("weight"), {tokens, *dim_});
        initialise_normal(weight, *deviation_, builder.key);
        if (normalize_.is("frequency"))
            count_tokens(graph.parameters.add(builder.parameter("frequency"), {tokens}, false),
                         nullptr, tokens);
        const int result = graph.add_view(input, shape);
        graph.add(
            std::make_unique<ClearPadding>(graph, input, result, builder.parameter("vectors")));
        return result;
    }

    bool has_parameters() const override { return true; }
    std::optional<Lookup> lookup() const override { return Lookup{vocabulary_.value_or(0), *dim_}; }

  private:
    spar::Integer dim_{this, "dim", "values of a token's vector", {.min = 1, .max = 1 << 20}};
    spar::Integer vocabulary_{this,
                              "vocabulary",
                              "number of tokens, padding included; left out, the data's",
                              {.min = 1, .max = 1 << 28, .optional = true}};
    spar::Number deviation_{this,
                            "std",
                            "of the normal numbers that the vectors start as; 1 as PyTorch's",
                            {.fallback = 1, .min = 0}};
    spar::Choice normalize_{
        this,
        "normalize",
        "frequency: the vectors less their mean, over their standard deviation, both weighted by "
        "how "
        "often each token occurs in the data trained on, so that the model cannot outgrow a "
        "perturbation of fixed size by longer vectors (Miyato et al. 2017). The frequencies are "
        "saved "
        "with the weights",
        {"none", "frequency"},
        {.fallback = "none"}};
};

std::size_t at(std::int64_t index) {
    return static_cast<std::size_t>(index);
}

}  // namespace

LayerKind embedding() {
    return kind_of<Embedding>();
}

void count_tokens(Parameter &frequency, const std::int64_t *counts, std::int64_t vocabulary) {
    double total = 0;
    for (std::int64_t k = 0; counts != nullptr && k < vocabulary; ++k)
        total += static_cast<double>(counts[k]);
    std::ranges::fill(frequency.value, 1 / static_cast<float>(frequency.value.size()));
    if (total == 0) return;
    for (std::size_t k = 0; k < frequency.value.size(); ++k)
        frequency.value[k] = std::cmp_less(k, vocabulary)
                                 ? static_cast<float>(static_cast<double>(counts[k]) / total)
                                 : 0.0F;
}

Shape graph_input(const Layers &layers, const Examples &examples) {
    Shape shape = examples.shape;
    const auto &all = layers.parts();
    for (std::size_t i = examples.tokens ? 1 : 0; i < all.size(); ++i)
        if (all[i]->lookup())
            place_of(*all[i], "/layers/" + std::to_string(i))
                .refuse(examples.tokens
                            ? "reads the tokens, so it can only be the first layer; move it to "
                              "the front of \"layers\""
                            : "needs tokens of a text, but the data holds values " +
                                  spar::shape_text(shape) + "; leave it out");
    if (!examples.tokens) return shape;
    const auto lookup = all.empty() ? std::nullopt : all[0]->lookup();
    if (!lookup)
        throw spar::invalid("the data is text, tokens " + spar::shape_text(shape) +
                                ", so the first layer must turn them into vectors; begin with "
                                R"({"type": "embedding", "dim": 64})",
                            "/layers/0");
    if (lookup->vocabulary != 0 && lookup->vocabulary < examples.vocabulary)
        place_of(*all[0], "/layers/0")
            .refuse("has a vocabulary of " + std::to_string(lookup->vocabulary) +
                    " tokens, but the data has " + std::to_string(examples.vocabulary) +
                    "; leave \"vocabulary\" out to take the data's");
    shape.push_back(lookup->width);
    return shape;
}

void EmbeddingMatrix::check(const Texts &texts) const {
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

template <class Work>
void EmbeddingMatrix::for_columns(Work work) const {
    constexpr std::int64_t columns = 16;  // a cache line
    const std::int64_t dim = width();
    parallel_((dim + columns - 1) / columns, [&](std::int64_t part) {
        work(part * columns, std::min((part + 1) * columns, dim));
    });
}

const float *EmbeddingMatrix::rows() const {
    if (frequency_ == nullptr) return weight_.value.data();
    if (stale_) {
        normal_.resize(weight_.value.size());
        deviation_.resize(static_cast<std::size_t>(width()));
        for_columns([&](std::int64_t first, std::int64_t end) { normalise(first, end); });
        stale_ = false;
    }
    return normal_.data();
}

void EmbeddingMatrix::normalise(std::int64_t first, std::int64_t end) const {
    const std::int64_t tokens = weight_.shape[0], dim = width();
    for (std::int64_t j = first; j < end; ++j) {
        const auto v = [&](std::int64_t k) { return double{weight_.value[at(k * dim + j)]}; };
        double mean = 0, variance = 0;
        for (std::int64_t k = 0; k < tokens; ++k) mean += frequency_->value[at(k)] * v(k);
        for (std::int64_t k = 0; k < tokens; ++k)
            variance += frequency_->value[at(k)] * (v(k) - mean) * (v(k) - mean);
        const double deviation = std::sqrt(1e-6 + variance);  // as in the authors' program
        deviation_[at(j)] = deviation;
        for (std::int64_t k = 0; k < tokens; ++k)
            normal_[at(k * dim + j)] = static_cast<float>((v(k) - mean) / deviation);
    }
}

// With y = (v - mean) / deviation, mean = sum f v and deviation^2 = 1e-6 + sum f (v - mean)^2:
// d mean / d v_k = f_k and d deviation / d v_k = f_k y_k.
void EmbeddingMatrix::pull_back(std::int64_t first, std::int64_t end) const {
    const std::int64_t tokens = weight_.shape[0], dim = width();
    for (std::int64_t j = first; j < end; ++j) {
        double total = 0, along = 0;
        for (std::int64_t k = 0; k < tokens; ++k) {
            const double g = gradient_[at(k * dim + j)];
            total += g;
            along += g * normal_[at(k * dim + j)];
        }
        for (std::int64_t k = 0; k < tokens; ++k) {
            const std::size_t i = at(k * dim + j);
            const double f = frequency_->value[at(k)];
            weight_.gradient[i] += static_cast<float>(
                (gradient_[i] - f * total - f * normal_[i] * along) / deviation_[at(j)]);
        }
    }
}

void EmbeddingMatrix::embed(const Texts &texts, float *vectors) const {
    check(texts);
    const std::int64_t dim = width();
    const float *matrix = rows();
    parallel_(texts.count, [&](std::int64_t text) {
        for (std::int64_t i = text * texts.length; i < (text + 1) * texts.length; ++i)
            if (texts.padding(i))
                std::fill_n(vectors + i * dim, dim, 0.0F);
            else
                std::copy_n(matrix + texts.tokens[i] * dim, dim, vectors + i * dim);
    });
}

// Two positions may hold the same token, so threads divide the columns: each entry of the matrix is
// summed by one thread, in the order of positions.
void EmbeddingMatrix::accumulate(const Texts &texts, const float *gradient) const {
    check(texts);
    rows();  // what pull_back reads
    const std::int64_t dim = width();
    if (frequency_ != nullptr) gradient_.assign(weight_.value.size(), 0.0F);
    float *sums = frequency_ != nullptr ? gradient_.data() : weight_.gradient.data();
    for_columns([&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = 0; i < texts.count * texts.length; ++i) {
            if (texts.padding(i)) continue;
            float *sum = sums + texts.tokens[i] * dim;
            const float *g = gradient + i * dim;
            for (std::int64_t j = first; j < end; ++j) sum[j] += g[j];
        }
        if (frequency_ != nullptr) pull_back(first, end);
    });
}

}  // namespace sequential
