// An image as the vectors of its patches (Dosovitskiy et al. 2021), with the weight of the
// convolution whose kernel and stride are a patch; and, if wanted, a learned vector before them.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/dense.hpp"
#include "layers/gather.hpp"
#include "layers/window.hpp"

#include <algorithm>

namespace sequential {
namespace {

class ClassToken final : public Operation {
  public:
    ClassToken(Graph &graph, int input, int result, Parameter &token)
        : token_(token),
          dim_(graph.value(result).shape[1]),
          size_(graph.value(input).size()),
          slot_(graph.add_gradient_slot(dim_)) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            float *y = batch.value(outputs[0], row);
            std::copy(token_.value.begin(), token_.value.end(), y);
            std::copy_n(batch.value(inputs[0], row), size_, y + dim_);
        }
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (parameters) std::fill_n(batch.gradients->slot(slot_), dim_, 0.0F);
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *g = batch.gradient(outputs[0], row);
            if (parameters) kernels().add(g, batch.gradients->slot(slot_), dim_);
            if (input) std::copy_n(g + dim_, size_, batch.gradient(inputs[0], row));
        }
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(slot_), token_.gradient.data(), dim_);
    }

  private:
    Parameter &token_;
    std::int64_t dim_, size_;
    int slot_;
};

class Patches final : public Weighted {
  public:
    static constexpr About about{
        "patches",
        "cuts an image into squares and makes a vector of `out` values of each, for the layers "
        "that work on the vectors of a text; the weight is that of PyTorch's convolution"};
    Patches() : Weighted(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape image = expect_image(graph, input);
        if (image[1] % *size_ != 0 || image[2] % *size_ != 0)
            throw spar::invalid("an image " + spar::shape_text(image) +
                                " cannot be cut evenly into squares of " + std::to_string(*size_) +
                                " pixels a side; choose a size that divides height and width");
        const Weights weights = add_weights(builder, {out(), image[0], *size_, *size_});
        const std::int64_t rows = image[1] / *size_, columns = image[2] / *size_;
        const Shape lines{rows * columns, image[0] * *size_ * *size_};
        const int cut = gather(graph, to_plain(graph, input), lines, squares(image, rows, columns));
        const int vectors = add_dense(graph, cut, weights);
        if (!*class_token_) return vectors;
        Parameter &token = graph.parameters.add(builder.parameter("class_token"), {1, 1, out()});
        initialise_normal(token, 0.02, builder.key);
        const int result = graph.add_value({lines[0] + 1, out()});
        graph.add(std::make_unique<ClassToken>(graph, vectors, result, token));
        return result;
    }

  private:
    /// Lines of pixels inside a square, square after square.
    Pieces squares(const Shape &image, std::int64_t rows, std::int64_t columns) const {
        Pieces pieces{.run = *size_, .from = {}};
        for (std::int64_t row = 0; row < rows; ++row)
            for (std::int64_t column = 0; column < columns; ++column)
                for (std::int64_t c = 0; c < image[0]; ++c)
                    for (std::int64_t y = 0; y < *size_; ++y)
                        pieces.from.push_back(((c * image[1]) + row * *size_ + y) * image[2] +
                                              column * *size_);
        return pieces;
    }

    spar::Integer size_{this, "size", "pixels per side of a square", {.min = 1, .max = 255}};
    spar::Boolean class_token_{
        this, "class_token", "whether a learned vector precedes them", {.fallback = false}};
};

}  // namespace

LayerKind patches() {
    return kind_of<Patches>();
}

}  // namespace sequential
