// Group normalisation (Wu, He 2018): statistics of one example, over groups of its channels.
#include "layers/norm.hpp"

#include <algorithm>
#include <cmath>

namespace sequential {
namespace {

class GroupNormalisation final : public Normalisation {
  public:
    GroupNormalisation(Graph &graph, int input, const ChannelNorm &norm, std::int64_t groups)
        : Normalisation(graph, input, norm),
          groups_(static_cast<std::size_t>(groups)),
          width_(channels_ / groups_) {
        statistics_ =
            graph.reserve(static_cast<std::size_t>(graph.width) * groups_ * sizeof(Statistics));
        graph.reserve_scratch(padded_ * (4 * sizeof(double) + 4 * sizeof(float)));
    }

    void forward(Batch &batch) const override {
        const Room room = room_in(batch);
        std::fill_n(room.constants, 3 * padded_, 0.0F);
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            std::fill_n(room.sums, 2 * padded_, 0.0);
            kernels().moments(norm_, x(batch, row), room.sums);
            for (std::size_t group = 0; group < groups_; ++group)
                at(batch, row, group) = of_group(room.sums, group);
            for (std::size_t c = 0; c < channels_; ++c) {
                const Statistics s = at(batch, row, c / width_);
                room.constants[c] = static_cast<float>(s.mean);
                room.constants[padded_ + c] = static_cast<float>(weight_.value[c] * s.inverse);
                room.constants[2 * padded_ + c] = bias_.value[c];
            }
            kernels().normalise(norm_, x(batch, row), room.constants, y(batch, row));
        }
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        const Room room = room_in(batch);
        std::fill_n(room.constants, 4 * padded_, 0.0F);
        std::fill_n(room.totals, 2 * padded_, 0.0);
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            std::fill_n(room.sums, 2 * padded_, 0.0);
            kernels().gradient_moments(norm_, x(batch, row), y(batch, row), g(batch, row),
                                       room.sums);
            for (std::size_t c = 0; c < channels_; ++c) {  // from g x to g z, z normalised
                const Statistics s = at(batch, row, c / width_);
                double &along = room.sums[padded_ + c];
                along = (along - s.mean * room.sums[c]) * s.inverse;
                room.totals[c] += room.sums[c];
                room.totals[padded_ + c] += along;
            }
            if (!input) continue;
            for (std::size_t group = 0; group < groups_; ++group)
                fill_gradient(at(batch, row, group), group, room);
            kernels().normalise_gradient(norm_, x(batch, row), y(batch, row), g(batch, row),
                                         room.constants, dx(batch, row));
        }
        if (!parameters) return;
        for (std::size_t c = 0; c < channels_; ++c)
            store(batch, c, room.totals[padded_ + c], room.totals[c]);
    }

  private:
    struct Statistics {
        double mean, inverse;  // of the deviation
    };
    /// Scratch memory; two vectors of sums, two of their totals.
    struct Room {
        double *sums, *totals;
        float *constants;
    };

    Room room_in(const Batch &batch) const {
        auto *doubles = reinterpret_cast<double *>(batch.work->scratch());
        return {doubles, doubles + 2 * padded_, reinterpret_cast<float *>(doubles + 4 * padded_)};
    }

    Statistics &at(const Batch &batch, std::int64_t row, std::size_t group) const {
        return batch.frame->extra<Statistics>(
            statistics_)[static_cast<std::size_t>(row) * groups_ + group];
    }

    /// Values of one group.
    double values() const { return static_cast<double>(width_) * static_cast<double>(norm_.plane); }

    Statistics of_group(const double *sums, std::size_t group) const {
        double sum = 0, squares = 0;
        for (std::size_t c = group * width_; c < (group + 1) * width_; ++c) {
            sum += sums[c];
            squares += sums[padded_ + c];
        }
        const double mean = sum / values();
        const double variance = std::max(squares / values() - mean * mean, 0.0);
        return {mean, 1 / std::sqrt(variance + epsilon_)};
    }

    /// dx = r (w g - mean(w g) - z mean(w g z)), z = (x - mean) r, r = 1 / deviation, w the weight;
    /// means over the group.
    void fill_gradient(const Statistics &s, std::size_t group, const Room &room) const {
        double sum = 0, along = 0;
        for (std::size_t c = group * width_; c < (group + 1) * width_; ++c) {
            sum += weight_.value[c] * room.sums[c];
            along += weight_.value[c] * room.sums[padded_ + c];
        }
        for (std::size_t c = group * width_; c < (group + 1) * width_; ++c) {
            room.constants[c] = static_cast<float>(s.mean);
            room.constants[padded_ + c] = static_cast<float>(weight_.value[c] * s.inverse);
            room.constants[2 * padded_ + c] =
                static_cast<float>(-s.inverse * s.inverse * along / values());
            room.constants[3 * padded_ + c] = static_cast<float>(-s.inverse * sum / values());
        }
    }

    std::size_t groups_, width_;
    std::size_t statistics_ = 0;
};

class GroupNorm final : public NormLayer {
  public:
    static constexpr About about{
        "groupnorm",
        "(x - mean) / sqrt(variance + eps) * weight + bias, with the statistics of one "
        "example's group of channels"};
    GroupNorm() : NormLayer(about) {}

    int build(Builder &builder, int input) const override {
        input = in_channel_blocks(builder.graph, input);
        const std::int64_t channels = builder.graph.value(input).shape[0];
        if (channels % *groups_ != 0)
            throw spar::invalid("the groups must divide the channels, got " +
                                std::to_string(*groups_) + " groups and " +
                                std::to_string(channels) + " channels");
        return add_group_norm(builder.graph, input, channel_norm(builder, channels), *groups_);
    }

  private:
    spar::Integer groups_{this,
                          "groups",
                          "of neighbouring channels; divides their number",
                          {.min = 1, .max = 1 << 20}};
};

}  // namespace

int add_group_norm(Graph &graph, int input, const ChannelNorm &norm, std::int64_t groups) {
    auto operation = std::make_unique<GroupNormalisation>(graph, input, norm, groups);
    const int result = operation->outputs[0];
    graph.add(std::move(operation));
    return result;
}

LayerKind groupnorm() {
    return kind_of<GroupNorm>();
}

}  // namespace sequential
