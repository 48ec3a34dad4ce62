// Batch normalisation (Ioffe, Szegedy 2015): with running statistics in evaluation, and those of
// the whole batch in training.
#include "layers/norm.hpp"

#include <algorithm>
#include <cmath>

namespace sequential {
namespace {

class BatchNormalisation final : public Normalisation, public Coupled {
  public:
    BatchNormalisation(Graph &graph, int input, const ChannelNorm &norm,
                       const RunningStatistics &running)
        : Normalisation(graph, input, norm), running_(running) {
        graph.reserve_sums(*this, 2 * padded_);
        constants_ = graph.reserve(3 * padded_ * sizeof(float));
        gradient_constants_ = graph.reserve(4 * padded_ * sizeof(float));
    }

    Coupled *coupled() override { return this; }

    void gather(Batch &batch) const override {
        double *sums = cleared(batch);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            kernels().moments(norm_, x(batch, row), sums);
    }

    void forward(Batch &batch) const override {
        float *constants = batch.frame->extra<float>(constants_);
        for (std::size_t c = 0; batch.begin == 0 && c < channels_; ++c) {
            const Statistics s = statistics(batch, c);
            constants[c] = static_cast<float>(s.mean);
            constants[padded_ + c] = static_cast<float>(weight_.value[c] * inverse(s));
            constants[2 * padded_ + c] = bias_.value[c];
        }
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().normalise(norm_, x(batch, row), constants, y(batch, row));
    }

    void gather_gradient(Batch &batch) const override {
        double *sums = cleared(batch);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            kernels().gradient_moments(norm_, x(batch, row), y(batch, row), g(batch, row), sums);
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (parameters) {
            if (!batch.training) gather_gradient(batch);
            const double *sums = batch.frame->extra<double>(partial);
            for (std::size_t c = 0; c < channels_; ++c) {
                const Statistics s = statistics(batch, c);
                store(batch, c, (sums[padded_ + c] - s.mean * sums[c]) * inverse(s), sums[c]);
            }
        }
        if (!input) return;
        float *constants = batch.frame->extra<float>(gradient_constants_);
        for (std::size_t c = 0; batch.begin == 0 && c < channels_; ++c)
            fill_gradient(batch, c, constants + c);
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().normalise_gradient(norm_, batch.training ? x(batch, row) : nullptr,
                                         y(batch, row), g(batch, row), constants, dx(batch, row));
    }

    void follow(const BatchSums &sums) override {
        const double n = values(sums), step = running_.momentum;
        const auto move = [&](float &running, double value) {
            running = static_cast<float>((1 - step) * running + step * value);
        };
        for (std::size_t c = 0; c < channels_; ++c) {
            const Statistics s = of_batch(sums, c);
            move(running_.mean.value[c], s.mean);
            move(running_.variance.value[c], s.variance * n / (n - 1));
        }
        if (running_.batches != nullptr) running_.batches->value[0] += 1;
    }

  private:
    struct Statistics {
        double mean, variance;
    };

    /// Values of one channel in the batch.
    double values(const BatchSums &sums) const {
        const std::int64_t count = sums.rows * norm_.plane;
        if (count < 2)
            running_.place.refuse(
                "in training it needs more than one value a channel, got a batch of one "
                "example; choose a batch size that leaves no single example over");
        return static_cast<double>(count);
    }

    Statistics of_batch(const BatchSums &sums, std::size_t c) const {
        const double *total = sums.forward.data() + first;
        const double n = values(sums), mean = total[c] / n;
        return {mean, std::max(total[padded_ + c] / n - mean * mean, 0.0)};
    }

    Statistics statistics(const Batch &batch, std::size_t c) const {
        if (batch.training) return of_batch(*batch.sums, c);
        return {running_.mean.value[c], running_.variance.value[c]};
    }

    double inverse(const Statistics &s) const { return 1 / std::sqrt(s.variance + epsilon_); }

    double *cleared(const Batch &batch) const {
        double *sums = batch.frame->extra<double>(partial);
        std::fill_n(sums, count, 0.0);
        return sums;
    }

    /// dx = weight r (g - mean(g) - z mean(g z)), z = (x - mean) r, r = 1 / deviation; the two
    /// means are present only if the statistics are the batch's.
    void fill_gradient(const Batch &batch, std::size_t c, float *constants) const {
        const Statistics s = statistics(batch, c);
        const double r = inverse(s), scale = weight_.value[c] * r;
        constants[0] = static_cast<float>(s.mean);
        constants[padded_] = static_cast<float>(scale);
        constants[2 * padded_] = constants[3 * padded_] = 0;
        if (!batch.training) return;
        const double *total = batch.sums->backward.data() + first;
        const double n = values(*batch.sums);
        const double along = (total[padded_ + c] - s.mean * total[c]) * r / n;
        constants[2 * padded_] = static_cast<float>(-scale * along * r);
        constants[3 * padded_] = static_cast<float>(-scale * total[c] / n);
    }

    RunningStatistics running_;
    std::size_t constants_ = 0, gradient_constants_ = 0;  // of the first example, for all
};

class BatchNorm final : public NormLayer {
  public:
    static constexpr About about{
        "batchnorm",
        "(x - mean) / sqrt(variance + eps) * weight + bias, a channel; in training with the "
        "statistics of the whole batch, in evaluation with running ones, which follow each "
        "batch in training that parameter gradients are taken of, and no attack's"};
    BatchNorm() : NormLayer(about) {}

    int build(Builder &builder, int input) const override {
        input = in_channel_blocks(builder.graph, input);
        const std::int64_t channels = builder.graph.value(input).image[0];
        const ChannelNorm norm = channel_norm(builder, channels);
        const auto buffer = [&](const char *name, const Shape &shape) -> Parameter & {
            return builder.graph.parameters.add(builder.parameter(name), shape, false);
        };
        Parameter &mean = buffer("running_mean", {channels});
        Parameter &variance = buffer("running_var", {channels});
        std::fill(variance.value.begin(), variance.value.end(), 1.0F);
        Parameter &batches = buffer("num_batches_tracked", {});
        return add_batch_norm(builder.graph, input, norm,
                              {mean, variance, &batches, *momentum_, builder.place()});
    }

  private:
    spar::Number momentum_{this,
                           "momentum",
                           "share of a batch's statistics in the new running ones",
                           {.fallback = 0.1, .min = 0, .max = 1}};
};

}  // namespace

int add_batch_norm(Graph &graph, int input, const ChannelNorm &norm,
                   const RunningStatistics &running) {
    auto operation = std::make_unique<BatchNormalisation>(graph, input, norm, running);
    const int result = operation->outputs[0];
    graph.add(std::move(operation));
    return result;
}

LayerKind batchnorm() {
    return kind_of<BatchNorm>();
}

}  // namespace sequential
