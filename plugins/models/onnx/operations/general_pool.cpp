// Pooling over windows of any shape, dilation and padding.
#include "kernels/kernels.hpp"
#include "operations/operations.hpp"

#include <algorithm>
#include <limits>

namespace onnx {
namespace {

using namespace sequential;

class GeneralPool final : public Operation {
  public:
    GeneralPool(Graph &graph, int input, int result, const Windows &windows, Pooling pooling,
                std::vector<std::int64_t> counted)
        : w_(windows),
          channels_(graph.value(input).size() / (w_.height * w_.width)),
          pooling_(pooling),
          counted_(std::move(counted)) {
        inputs = {input};
        outputs = {result};
        if (pooling_ == Pooling::max)
            index_ = graph.reserve(static_cast<std::size_t>(graph.width * channels_ * pixels()) *
                                   sizeof(std::int32_t));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            for (std::int64_t c = 0; c < channels_; ++c) {
                const float *x = batch.value(inputs[0], row) + c * w_.height * w_.width;
                float *y = batch.value(outputs[0], row) + c * pixels();
                for (std::int64_t i = 0; i < pixels(); ++i)
                    y[i] = pooling_ == Pooling::max ? largest(x, i, index(batch, row, c)[i])
                                                    : mean(x, i);
            }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            float *dx = batch.gradient(inputs[0], row);
            std::fill_n(dx, channels_ * w_.height * w_.width, 0.0F);
            for (std::int64_t c = 0; c < channels_; ++c, dx += w_.height * w_.width) {
                const float *g = batch.gradient(outputs[0], row) + c * pixels();
                for (std::int64_t i = 0; i < pixels(); ++i) {
                    if (pooling_ == Pooling::max) {
                        dx[index(batch, row, c)[i]] += g[i];
                        continue;
                    }
                    const float share = g[i] / divisor(i);
                    for_pixels(i, [&](std::int64_t at) { dx[at] += share; });
                }
            }
        }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    std::int64_t pixels() const { return w_.out_height * w_.out_width; }
    std::int32_t *index(const Batch &batch, std::int64_t row, std::int64_t channel) const {
        return batch.frame->extra<std::int32_t>(index_) + (row * channels_ + channel) * pixels();
    }

    /// Calls visit(place) for each pixel of the image that window i sees.
    template <class Visit>
    void for_pixels(std::int64_t i, Visit visit) const {
        const std::int64_t top = i / w_.out_width * w_.down - w_.top;
        const std::int64_t left = i % w_.out_width * w_.right - w_.left;
        for (std::int64_t ky = 0; ky < w_.rows; ++ky)
            for (std::int64_t kx = 0; kx < w_.columns; ++kx) {
                const std::int64_t y = top + ky * w_.row_gap, x = left + kx * w_.column_gap;
                if (y >= 0 && y < w_.height && x >= 0 && x < w_.width) visit(y * w_.width + x);
            }
    }
    float largest(const float *x, std::int64_t i, std::int32_t &where) const {
        float best = -std::numeric_limits<float>::infinity();
        bool first = true;
        for_pixels(i, [&](std::int64_t at) {
            if (!first && !(x[at] > best) && x[at] == x[at]) return;
            first = false;
            best = x[at];
            where = static_cast<std::int32_t>(at);
        });
        return best;
    }
    float mean(const float *x, std::int64_t i) const {
        float sum = 0;
        for_pixels(i, [&](std::int64_t at) { sum += x[at]; });
        return sum / divisor(i);
    }
    float divisor(std::int64_t i) const {
        if (pooling_ == Pooling::mean_of_window)
            return static_cast<float>(counted_[static_cast<std::size_t>(i)]);
        std::int64_t count = 0;
        for_pixels(i, [&](std::int64_t) { ++count; });
        return static_cast<float>(count);
    }

    Windows w_;
    std::int64_t channels_;
    Pooling pooling_;
    std::vector<std::int64_t> counted_;
    std::size_t index_ = 0;
};

}  // namespace

int add_general_pool(Graph &graph, int input, const Windows &windows, Pooling pooling,
                     std::vector<std::int64_t> counted) {
    const std::int64_t channels = graph.value(input).size() / (windows.height * windows.width);
    const int result = graph.add_value({channels, windows.out_height, windows.out_width});
    graph.add(
        std::make_unique<GeneralPool>(graph, input, result, windows, pooling, std::move(counted)));
    return result;
}

}  // namespace onnx
