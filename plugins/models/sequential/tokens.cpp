// Operations on the vectors of a text, [length, dim] an example: padding, and the mean.
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// Whether position i of all that a micro-batch holds is a token.
bool is_token(const Batch &batch, std::int64_t position) {
    return batch.mask == nullptr || batch.mask[position] != 0;
}

/// Padding is zero whatever stands there, and has no gradient. In the memory of the input.
class Padding final : public Operation {
  public:
    Padding(Graph &graph, int input, int result)
        : length_(graph.value(input).shape[0]), dim_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        auto *tokens = batch.frame->extra<std::uint8_t>(tokens_);
        for (std::int64_t i = 0; i < batch.end * length_; ++i)
            tokens[i] = is_token(batch, i) ? 1 : 0;
        clear(batch, batch.frame->data(outputs[0]));
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (input) clear(batch, batch.work->gradient_data(outputs[0]));
    }

  private:
    void clear(const Batch &batch, float *vectors) const {
        const auto *tokens = batch.frame->extra<std::uint8_t>(tokens_);
        for (std::int64_t i = 0; i < batch.end * length_; ++i)
            if (tokens[i] == 0) std::fill_n(vectors + i * dim_, dim_, 0.0F);
    }

    std::int64_t length_, dim_;
    std::size_t tokens_ = 0;
};

/// Mean of the vectors of the tokens; zero for a text that is all padding.
class MeanPool final : public Operation {
  public:
    MeanPool(Graph &graph, int input, int result)
        : length_(graph.value(input).shape[0]), dim_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
        shares_ = graph.reserve(static_cast<std::size_t>(graph.width * length_) * sizeof(float));
    }

    void forward(Batch &batch) const override {
        const float *x = batch.frame->data(inputs[0]);
        for (std::int64_t row = 0; row < batch.end; ++row) {
            float *y = batch.frame->data(outputs[0]) + row * dim_;
            std::fill_n(y, dim_, 0.0F);
            std::int64_t count = 0;
            for (std::int64_t i = row * length_; i < (row + 1) * length_; ++i)
                if (is_token(batch, i)) {
                    kernels().add(x + i * dim_, y, dim_);
                    ++count;
                }
            const float share = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
            for (std::int64_t j = 0; j < dim_; ++j) y[j] *= share;
            float *shares = batch.frame->extra<float>(shares_);
            for (std::int64_t i = row * length_; i < (row + 1) * length_; ++i)
                shares[i] = is_token(batch, i) ? share : 0.0F;
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const float *shares = batch.frame->extra<float>(shares_);
        for (std::int64_t row = 0; row < batch.end; ++row) {
            const float *g = batch.work->gradient_data(outputs[0]) + row * dim_;
            for (std::int64_t i = row * length_; i < (row + 1) * length_; ++i) {
                float *dx = batch.work->gradient_data(inputs[0]) + i * dim_;
                for (std::int64_t j = 0; j < dim_; ++j) dx[j] = g[j] * shares[i];
            }
        }
    }

  private:
    std::int64_t length_, dim_;
    std::size_t shares_ = 0;
};

}  // namespace

int add_embedding(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
                  std::uint64_t key) {
    const Value in = graph.value(input);
    if (input != 0 || in.shape.size() != 2)
        spec.fail("reads the tokens of a text, so it can only be the first layer; here it got " +
                  spar::shape_text(in.shape));
    Parameter &weight = graph.parameters.add(name + ".weight", {spec.vocabulary, spec.out});
    initialise_normal(weight, spec.deviation.empty() ? 1.0 : spec.deviation[0], key);
    const int result = graph.add_view(input, in.shape, in.desc);
    graph.add(std::make_unique<Padding>(graph, input, result));
    return result;
}

int add_mean_pool(Graph &graph, int input, const LayerSpec &spec) {
    const Shape in = graph.value(input).shape;
    if (in.size() != 2)
        spec.fail("needs the vectors of a text [length, dim], got " + spar::shape_text(in) +
                  "; put it behind an embedding");
    const int result = graph.add_value({in[1]}, plain_desc({graph.width, in[1]}), false);
    graph.add(std::make_unique<MeanPool>(graph, input, result));
    return result;
}

}  // namespace sequential
