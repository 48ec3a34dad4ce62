#include "engine/optimization.hpp"

#include "instances/services.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace spar::host {

namespace {

/// In enough partial sums that no addition waits for the previous one.
double sum_of_squares(std::span<const float> values) {
    std::array<double, 16> sums{};
    const std::size_t whole = values.size() / sums.size() * sums.size();
    for (std::size_t first = 0; first < whole; first += sums.size())
        for (std::size_t i = 0; i < sums.size(); ++i)
            sums[i] += double{values[first + i]} * double{values[first + i]};
    for (std::size_t i = whole; i < values.size(); ++i)
        sums[0] += double{values[i]} * double{values[i]};
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

Optimization::Optimization(std::unique_ptr<Instance> optimizer, Network &network, Clipping clipping,
                           std::optional<Averaging> averaging)
    : optimizer_(std::move(optimizer)),
      network_(network),
      clipping_(clipping),
      averaging_(averaging) {
    const auto &table = optimizer_->table<spar_optimizer_table>();
    const std::int64_t arrays =
        optimizer_->ask("state_count", [&] { return table.state_count(optimizer_->self()); });
    for (const NetworkParameter &p : network.parameters()) {
        if (averaging_) average_.emplace_back(p.value.begin(), p.value.end());
        if (!p.trainable) continue;
        trained_.push_back(p);
        auto &of_parameter = memory_.emplace_back();
        for (std::int64_t i = 0; i < arrays; ++i) of_parameter.emplace_back(p.value.size());
    }
    const bool told = table.struct_size > offsetof(spar_optimizer_table, traits);
    const spar_optimizer_traits traits =
        told && table.traits != nullptr
            ? optimizer_->ask("traits", [&] { return table.traits(optimizer_->self()); })
            : 0;
    cut((traits & SPAR_OPTIMIZER_ELEMENTWISE) != 0);
}

/// An elementwise optimizer gets pieces that fit into a near cache together with their state, so
/// that threads share large tensors. The size is constant, and the result does not depend on it.
void Optimization::cut(bool elementwise) {
    constexpr std::size_t most = 16384;
    for (std::size_t p = 0; p < trained_.size(); ++p) {
        const std::size_t all = trained_[p].value.size();
        for (std::size_t offset = 0; offset < all;) {
            const std::size_t size = elementwise ? std::min(most, all - offset) : all;
            Piece piece{.parameter = p, .offset = offset, .size = size, .memory = {}};
            for (Fenced<float> &array : memory_[p]) piece.memory.push_back(array.data() + offset);
            pieces_.push_back(std::move(piece));
            offset += size;
        }
    }
}

spar_update Optimization::update_of(const Piece &piece, double rate_factor) const {
    const NetworkParameter &p = trained_[piece.parameter];
    return {.struct_size = sizeof(spar_update),
            .rank = static_cast<std::int32_t>(p.shape.size()),
            .step = steps_,
            .rate_factor = rate_factor,
            .name = p.name.c_str(),
            .size = static_cast<std::int64_t>(piece.size),
            .parameter = p.value.data() + piece.offset,
            .gradient = p.gradient.data() + piece.offset,
            .state = piece.memory.data(),
            .shape = p.shape.data(),
            .offset = static_cast<std::int64_t>(piece.offset)};
}

void Optimization::refuse_gradients() const {
    const auto broken = [](const NetworkParameter &p) {
        return !std::ranges::all_of(p.gradient, [](float g) { return std::isfinite(g); });
    };
    const auto first = std::ranges::find_if(trained_, broken);
    throw Failure(Exit::plugin,
                  fmt::format("training diverged: the gradient of \"{}\" is not a number, or too "
                              "large for one, after {} steps; try a smaller learning rate, or "
                              "clipping (train.clip)",
                              first != trained_.end() ? first->name : "all parameters", steps_));
}

void Optimization::clip() {
    double squares = 0;
    for (const NetworkParameter &p : trained_) squares += sum_of_squares(p.gradient);
    if (!std::isfinite(squares)) refuse_gradients();
    if (clipping_.norm) {
        // Like PyTorch's clip_grad_norm_.
        const double factor = *clipping_.norm / (std::sqrt(squares) + 1e-6);
        if (factor < 1)
            for (const NetworkParameter &p : trained_)
                for (float &g : p.gradient) g = static_cast<float>(g * factor);
    }
    if (clipping_.value) {
        const auto bound = static_cast<float>(*clipping_.value);
        for (const NetworkParameter &p : trained_)
            for (float &g : p.gradient) g = std::clamp(g, -bound, bound);
    }
}

void Optimization::step(double rate_factor) {
    clip();
    ++steps_;
    struct Context {
        Optimization *self;
        double rate_factor;
    } context{this, rate_factor};
    const auto task = [](void *c, std::int64_t index, spar_error *error) {
        auto &[self, factor] = *static_cast<Context *>(c);
        const spar_update update =
            self->update_of(self->pieces_[static_cast<std::size_t>(index)], factor);
        return self->optimizer_->table<spar_optimizer_table>().update(self->optimizer_->self(),
                                                                      &update, error);
    };
    optimizer_->call("update", [&](spar_error *error) {
        return host_table()->parallel_for(host_table(), static_cast<std::int64_t>(pieces_.size()),
                                          task, &context, error);
    });
    for (const auto &of_parameter : memory_)
        for (const Fenced<float> &array : of_parameter)
            check_ends(*optimizer_, "update", {{"state", array.data()}});
    network_.parameters_changed();
    network_.zero_gradients();
    if (averaging_) update_average();
}

void Optimization::update_average() {
    const auto t = static_cast<double>(steps_);
    // Warms up like TensorFlow's ExponentialMovingAverage with num_updates.
    const double most = averaging_->warm_up ? (1 + t) / (10 + t) : 1;
    const auto decay = static_cast<float>(std::min(averaging_->decay, most));
    std::size_t i = 0;
    for (const NetworkParameter &p : network_.parameters()) {
        std::vector<float> &average = average_[i++];
        for (std::size_t j = 0; j < average.size(); ++j)
            average[j] = decay * average[j] + (1 - decay) * p.value[j];
    }
}

void Optimization::swap_average() {
    std::size_t i = 0;
    for (const NetworkParameter &p : network_.parameters()) {
        std::vector<float> &average = average_[i++];
        std::swap_ranges(average.begin(), average.end(), p.value.begin());
    }
    network_.parameters_changed();
}

std::vector<Optimization::State> Optimization::state() {
    std::vector<State> all;
    const auto &table = optimizer_->table<spar_optimizer_table>();
    for (std::size_t i = 0; i < trained_.size(); ++i)
        for (std::size_t j = 0; j < memory_[i].size(); ++j)
            all.push_back({fmt::format("optimizer.{}.{}", trained_[i].name,
                                       optimizer_->ask("state_name",
                                                       [&] {
                                                           return table.state_name(
                                                               optimizer_->self(),
                                                               static_cast<std::int64_t>(j));
                                                       })),
                           memory_[i][j]});
    for (std::size_t i = 0; i < average_.size(); ++i)
        all.push_back({"average." + network_.parameters()[i].name, average_[i]});
    return all;
}

}  // namespace spar::host
