#include "layers/gather.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Gather final : public Operation {
  public:
    Gather(Graph &graph, int input, int result, Pieces pieces, std::optional<Padding> padding)
        : pieces_(std::move(pieces)),
          padding_(std::move(padding)),
          size_(graph.value(input).size()),
          length_(graph.value(input).shape[0]),
          count_(std::ssize(pieces_.from)) {
        inputs = {input};
        outputs = {result};
        if (padding_) tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            if (padding_) padding_->tokens(batch, row, length_, tokens(batch, row));
            const float *x = batch.value(inputs[0], row);
            float *y = batch.value(outputs[0], row);
            for (std::int64_t i = 0; i < count_; ++i) {
                const std::int64_t from = pieces_.from[static_cast<std::size_t>(i)];
                if (reads(batch, row, from))
                    std::copy_n(x + from, pieces_.run, y);
                else
                    std::fill_n(y, pieces_.run, 0.0F);
                y += pieces_.run;
            }
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *g = batch.gradient(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            std::fill_n(dx, size_, 0.0F);
            for (std::int64_t i = 0; i < count_; ++i) {
                const std::int64_t from = pieces_.from[static_cast<std::size_t>(i)];
                if (reads(batch, row, from)) kernels().add(g, dx + from, pieces_.run);
                g += pieces_.run;
            }
        }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        if (!pieces_.lines) return false;
        size_ = graph.value(inputs[0]).size();
        length_ = graph.value(inputs[0]).shape[0];
        Shape &shape = graph.value(outputs[0]).shape;
        shape[0] = pieces_.lines(length_);
        count_ = spar::product(shape) / pieces_.run;
        return true;
    }

  private:
    std::uint8_t *tokens(const Batch &batch, std::int64_t row) const {
        return batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
    }
    bool reads(const Batch &batch, std::int64_t row, std::int64_t from) const {
        return from >= 0 && from < size_ &&
               (!padding_ || tokens(batch, row)[from / pieces_.run] != 0);
    }

    Pieces pieces_;
    std::optional<Padding> padding_;
    std::int64_t size_, length_, count_;  // of pieces
    std::size_t tokens_ = 0;
};

}  // namespace

int gather(Graph &graph, int input, const Shape &shape, Pieces pieces,
           std::optional<Padding> padding) {
    const int result = graph.add_value(shape);
    graph.add(
        std::make_unique<Gather>(graph, input, result, std::move(pieces), std::move(padding)));
    return result;
}

}  // namespace sequential
