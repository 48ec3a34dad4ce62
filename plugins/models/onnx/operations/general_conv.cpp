// Convolutions of any groups, dilation, padding and window: an example's windows become the columns
// of a matrix, group by group, and the rest is products of matrices.
#include "kernels/kernels.hpp"
#include "operations/operations.hpp"

#include <algorithm>

namespace onnx {
namespace {

using namespace sequential;

class GeneralConv final : public Operation {
  public:
    GeneralConv(Graph &graph, int input, int result, const Windows &windows, std::int64_t groups,
                Parameter &weight, Parameter *bias)
        : w_(windows),
          groups_(groups),
          in_(weight.shape[1]),
          out_(weight.shape[0] / groups),
          weight_(weight),
          bias_(bias) {
        inputs = {input};
        outputs = {result};
        const std::int64_t longest = std::max({taps(), out_, pixels()});
        columns_at_ = kernels().multiply_scratch(longest);
        sums_at_ = columns_at_ + taps() * pixels();
        graph.reserve_scratch(static_cast<std::size_t>(sums_at_ + out_ * taps()) * sizeof(float));
        weight_slot_ = graph.add_gradient_slot(groups_ * out_ * taps());
        if (bias_ != nullptr) bias_slot_ = graph.add_gradient_slot(groups_ * out_);
    }

    void forward(Batch &batch) const override {
        float *columns = batch.work->scratch() + columns_at_;
        for_groups(batch, [&](std::int64_t row, std::int64_t group) {
            gather(batch.value(inputs[0], row) + group * in_ * plane(), columns);
            float *y = batch.value(outputs[0], row) + group * out_ * pixels();
            kernels().multiply({out_, taps(), pixels(), 1.0F, pixels()}, {weight(group), taps(), 1},
                               {columns, pixels(), 1}, batch.work->scratch(), y);
            for (std::int64_t o = 0; bias_ != nullptr && o < out_; ++o)
                for (std::int64_t i = 0; i < pixels(); ++i)
                    y[o * pixels() + i] += bias_->value[static_cast<std::size_t>(group * out_ + o)];
        });
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        float *scratch = batch.work->scratch(), *columns = scratch + columns_at_;
        float *sums = parameters ? batch.gradients->slot(weight_slot_) : nullptr;
        float *bias = parameters && bias_ != nullptr ? batch.gradients->slot(bias_slot_) : nullptr;
        if (sums != nullptr) std::fill_n(sums, groups_ * out_ * taps(), 0.0F);
        if (bias != nullptr) std::fill_n(bias, groups_ * out_, 0.0F);
        for_groups(batch, [&](std::int64_t row, std::int64_t group) {
            const float *g = batch.gradient(outputs[0], row) + group * out_ * pixels();
            if (parameters) {
                gather(batch.value(inputs[0], row) + group * in_ * plane(), columns);
                kernels().multiply({out_, pixels(), taps(), 1.0F, taps()}, {g, pixels(), 1},
                                   {columns, 1, pixels()}, scratch, scratch + sums_at_);
                kernels().add(scratch + sums_at_, sums + group * out_ * taps(), out_ * taps());
            }
            for (std::int64_t o = 0; bias != nullptr && o < out_; ++o)
                for (std::int64_t i = 0; i < pixels(); ++i)
                    bias[group * out_ + o] += g[o * pixels() + i];
            if (!input) return;
            kernels().multiply({taps(), out_, pixels(), 1.0F, pixels()}, {weight(group), 1, taps()},
                               {g, pixels(), 1}, scratch, columns);
            scatter(columns, batch.gradient(inputs[0], row) + group * in_ * plane());
        });
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }
    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(weight_slot_), weight_.gradient.data(),
                      groups_ * out_ * taps());
        if (bias_ != nullptr)
            kernels().add(gradients.slot(bias_slot_), bias_->gradient.data(), groups_ * out_);
    }

  private:
    std::int64_t taps() const { return in_ * w_.rows * w_.columns; }
    std::int64_t pixels() const { return w_.out_height * w_.out_width; }
    std::int64_t plane() const { return w_.height * w_.width; }
    const float *weight(std::int64_t group) const {
        return weight_.value.data() + group * out_ * taps();
    }

    template <class Work>
    void for_groups(const Batch &batch, Work work) const {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            for (std::int64_t group = 0; group < groups_; ++group) work(row, group);
    }

    /// Calls visit(column of the matrix, place in the image) for each value inside the image, and
    /// with a place of -1 outside.
    template <class Visit>
    void for_taps(Visit visit) const {
        std::int64_t at = 0;
        for (std::int64_t c = 0; c < in_; ++c)
            for (std::int64_t ky = 0; ky < w_.rows; ++ky)
                for (std::int64_t kx = 0; kx < w_.columns; ++kx)
                    for (std::int64_t oy = 0; oy < w_.out_height; ++oy) {
                        const std::int64_t y = oy * w_.down + ky * w_.row_gap - w_.top;
                        const bool inside = y >= 0 && y < w_.height;
                        for (std::int64_t ox = 0; ox < w_.out_width; ++ox, ++at) {
                            const std::int64_t x = ox * w_.right + kx * w_.column_gap - w_.left;
                            const bool there = inside && x >= 0 && x < w_.width;
                            visit(at, there ? (c * w_.height + y) * w_.width + x : -1);
                        }
                    }
    }
    void gather(const float *image, float *columns) const {
        for_taps([&](std::int64_t at, std::int64_t from) {
            columns[at] = from < 0 ? 0.0F : image[from];
        });
    }
    void scatter(const float *columns, float *image) const {
        std::fill_n(image, in_ * plane(), 0.0F);
        for_taps([&](std::int64_t at, std::int64_t to) {
            if (to >= 0) image[to] += columns[at];
        });
    }

    Windows w_;
    std::int64_t groups_, in_, out_;  // channels of a group
    Parameter &weight_;
    Parameter *bias_;
    std::int64_t columns_at_ = 0, sums_at_ = 0;  // in the scratch memory
    int weight_slot_ = 0, bias_slot_ = 0;
};

}  // namespace

int add_general_conv(Graph &graph, int input, const Windows &windows, std::int64_t groups,
                     Parameter &weight, Parameter *bias) {
    const int result = graph.add_value({weight.shape[0], windows.out_height, windows.out_width});
    graph.add(std::make_unique<GeneralConv>(graph, input, result, windows, groups, weight, bias));
    return result;
}

}  // namespace onnx
