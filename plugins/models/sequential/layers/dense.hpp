// A weight [out, ...] and a bias in the layouts of the kernels, and their gradients: what
// operations that multiply lines of values by a weight share.
#pragma once

#include "kernels/kernels.hpp"
#include "layers/weighted.hpp"

namespace sequential {

/// Lines of `in` values to lines of `out`. The weights are many and an example's part in their
/// gradient is small: sums of micro-batches would be written and read more often than anything
/// else. So a batch's lines are kept, and their products are summed over all at once.
class Dense {
  public:
    /// `places`: where the inputs of an output's weights lie in a line, in their order; other
    /// places of the line have no influence. Empty: as they are.
    Dense(const Weights &weights, std::int64_t in, std::vector<std::int64_t> places,
          std::optional<float> rectifier = {});

    std::int64_t in() const { return forward_.in; }
    std::int64_t out() const { return forward_.out; }

    void forward(std::int64_t lines, const float *x, float *y) const;
    /// dx from g at the output, before the rectifier.
    void gradient(std::int64_t lines, const float *g, float *dx) const;

    /// Makes room for a batch of that many lines; before `keep`.
    void expect(std::int64_t lines);
    /// Lines of a micro-batch, of which `first` is the first one's number in the batch.
    void keep(std::int64_t first, std::int64_t lines, const float *x, const float *g) const;

    // As Operation's.
    std::int64_t sum_parts() const { return round_up(forward_.in, part_) / part_; }
    void sum_part(std::int64_t part) const;
    std::int64_t weight_parts() const {
        return round_up(forward_.out, outputs_each_) / outputs_each_;
    }
    void pack_part(std::int64_t part);
    void deposit_part(std::int64_t part) const;

  private:
    static constexpr std::int64_t outputs_each_ = 32;  // of the parts that weights are cut into
    std::pair<std::int64_t, std::int64_t> outputs_of(std::int64_t part) const {
        return {part * outputs_each_, std::min((part + 1) * outputs_each_, forward_.out)};
    }
    std::int64_t features() const { return static_cast<std::int64_t>(places_.size()); }

    Parameter &weight_;
    Parameter *bias_;
    std::int64_t begin_;  // the first of its outputs among those of the parameter
    Product forward_, backward_;
    std::vector<std::int64_t> places_;
    Aligned rows_;  // for each part an output's weights as they lie, with zeros for filling
    Aligned packed_forward_, packed_backward_, packed_bias_, no_bias_;
    // Of the whole batch: inputs, gradients before the activation, and the weights' gradient [out]
    // [in as it lies], which is cut into parts of so many inputs.
    mutable Aligned x_, g_;  // as KeptLines
    mutable Aligned sums_;
    std::int64_t lines_now_ = 0, sum_stride_ = 0, part_ = 0, panel_ = 0;

    /// A cache line more than the lines take, or panels would be a power of two apart.
    std::int64_t x_panel() const { return lines_now_ * panel_ + kept_outs; }
    std::int64_t g_panel() const { return lines_now_ * kept_outs + kept_outs; }
};

/// An operation on lines whose parameters are those of one Dense.
class DenseOperation : public Operation {
  public:
    bool has_parameters() const override { return true; }
    void expect(std::int64_t rows) override { dense_.expect(rows * lines_each_); }
    std::int64_t sum_parts() const override { return dense_.sum_parts(); }
    void sum_part(std::int64_t part) const override { dense_.sum_part(part); }
    std::int64_t weight_parts() const override { return dense_.weight_parts(); }
    void pack_part(std::int64_t part) override { dense_.pack_part(part); }
    void deposit_part(const ParameterGradients &, std::int64_t part) const override {
        dense_.deposit_part(part);
    }

  protected:
    DenseOperation(std::int64_t lines_each, Dense dense)
        : lines_each_(lines_each), dense_(std::move(dense)) {}

    std::int64_t lines_each_;  // of an example
    Dense dense_;
};

/// Lines along a value's last axis by a weight, then a rectifier if there is one; the value that
/// they become. `places` as Dense's; empty: an output's weights are in the order of the line.
int add_dense(Graph &graph, int input, const Weights &weights,
              std::vector<std::int64_t> places = {}, std::optional<Rectifier> rectifier = {});

}  // namespace sequential
