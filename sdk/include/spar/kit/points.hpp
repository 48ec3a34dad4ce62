// Points under attack: one or several per example (restarts, targets); finished ones are left out
// of the queries.
#pragma once

#include <spar/attack.hpp>

#include <numeric>

namespace SPAR_HIDDEN spar {

/// Copies of the batch's examples: point p belongs to example p / copies. begin() a batch, then
/// alternate ask() and drop() until no point is live. Memory is reused from batch to batch.
class Points {
  public:
    void begin(const AttackBatch &batch, std::int64_t copies) {
        copies_ = copies;
        live_.resize(static_cast<std::size_t>(batch.count() * copies));
        std::iota(live_.begin(), live_.end(), std::int64_t{0});
        total_ = batch.count() * copies;
    }

    std::int64_t total() const { return total_; }
    std::int64_t copies() const { return copies_; }
    std::int64_t row(std::int64_t point) const { return point / copies_; }
    std::int64_t copy(std::int64_t point) const { return point % copies_; }

    /// Points that are still queried, in ascending order.
    const std::vector<std::int64_t> &live() const { return live_; }
    std::int64_t live_count() const { return std::ssize(live_); }

    /// Drops the live points for which gone(point) holds.
    template <class Gone>
    void drop(Gone &&gone) {
        std::erase_if(live_, gone);
    }

    /// What to ask for each point.
    struct Wants {
        bool gradient = false, outputs = false, loss_values = false;
        const spar_component_ref *loss = nullptr;
        HeadRef head{};  /// sees rows in the order of live()
        std::int32_t tape = 0;
    };

    /// Queries row p of `x` for every live point p. Row k of the answers belongs to live()[k].
    void ask(const Oracle &oracle, const Matrix &x, const Wants &wants) {
        const std::int64_t count = live_count();
        rows_.resize(live_.size());
        for (std::size_t k = 0; k < live_.size(); ++k) rows_[k] = row(live_[k]);
        Query query;
        query.x = count == total_ ? x.data() : packed(x);
        query.count = count;
        query.rows = count == total_ && copies_ == 1 ? nullptr : rows_.data();
        query.loss = wants.loss;
        query.head = wants.head;
        query.tape = wants.tape;
        if (wants.gradient) {
            gradient.resize(count, x.width());
            query.gradient = gradient.data();
        }
        if (wants.outputs) {
            outputs.resize(count, oracle.outputs());
            query.outputs = outputs.data();
        }
        if (wants.loss_values) {
            losses.resize(live_.size());
            query.loss_values = losses.data();
        }
        oracle.evaluate(query);
    }

    Matrix gradient, outputs;
    std::vector<float> losses;

  private:
    const float *packed(const Matrix &x) {
        packed_.resize(live_count(), x.width());
        for (std::int64_t k = 0; k < live_count(); ++k) {
            const auto source = x[live_[static_cast<std::size_t>(k)]];
            std::copy(source.begin(), source.end(), packed_[k].begin());
        }
        return packed_.data();
    }

    std::int64_t copies_ = 1, total_ = 0;
    std::vector<std::int64_t> live_, rows_;
    Matrix packed_;
};

}  // namespace spar
