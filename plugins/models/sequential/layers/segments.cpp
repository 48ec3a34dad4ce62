// Which of the two texts of a pair a token belongs to: a learned vector for each, as BERT's
// token_type_embeddings.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

#include <algorithm>

namespace sequential {
namespace {

constexpr std::int64_t texts = 2;

/// In the memory of the input, where nobody needs that again. The gradient passes as it is.
class AddSegments final : public Operation {
  public:
    AddSegments(Graph &graph, int input, int result, Parameter &weight)
        : weight_(weight),
          length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]),
          slot_(graph.add_gradient_slot(texts * dim_)) {
        inputs = {input};
        outputs = {result};
        texts_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            float *y = batch.value(outputs[0], row);
            if (const float *x = batch.value(inputs[0], row); x != y)
                std::copy_n(x, length_ * dim_, y);
            std::uint8_t *of = texts_of(batch, row);
            for (std::int64_t i = 0; i < length_; ++i) {
                of[i] = text_of(batch, row * length_ + i);
                if (of[i] != 0)
                    kernels().add(weight_.value.data() + (of[i] - 1) * dim_, y + i * dim_, dim_);
            }
        }
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        if (!parameters) return;
        float *sum = batch.gradients->slot(slot_);
        std::fill_n(sum, texts * dim_, 0.0F);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            for (std::int64_t i = 0; i < length_; ++i)
                if (const std::uint8_t of = texts_of(batch, row)[i]; of != 0)
                    kernels().add(batch.gradient(outputs[0], row) + i * dim_, sum + (of - 1) * dim_,
                                  dim_);
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(slot_), weight_.gradient.data(), texts * dim_);
    }

  private:
    std::uint8_t *texts_of(const Batch &batch, std::int64_t row) const {
        return batch.frame->extra<std::uint8_t>(texts_) + row * length_;
    }

    Parameter &weight_;
    std::int64_t length_, dim_;
    std::size_t texts_ = 0;
    int slot_;
};

class Segments final : public Layer {
  public:
    static constexpr About about{
        "segments",
        "adds one of two learned vectors to each vector of a text: one in "
        "the first text of a pair, or the only one, another in the second"};
    Segments() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape shape = expect_vectors(graph, input);
        if (shape != graph.value(0).shape || builder.padding.ended())
            throw spar::invalid(
                "needs a vector for every token; put it before layers that change their number");
        input = to_plain(graph, input);
        Parameter &weight = graph.parameters.add(builder.parameter("weight"), {texts, shape[1]});
        initialise_normal(weight, *deviation_, builder.key);
        const int result = graph.add_over(input);
        graph.add(std::make_unique<AddSegments>(graph, input, result, weight));
        return result;
    }
    bool has_parameters() const override { return true; }
    bool places() const override { return true; }

  private:
    spar::Number deviation_{this,
                            "std",
                            "of the normal numbers that the vectors start as",
                            {.fallback = 0.02, .min = 0}};
};

}  // namespace

LayerKind segments() {
    return kind_of<Segments>();
}

}  // namespace sequential
