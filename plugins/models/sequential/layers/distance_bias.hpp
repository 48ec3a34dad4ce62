// What attention adds to the scores by the distance between query and key: a learned number for
// each distance and head (the bias of T5, Raffel et al. 2020, with a bucket for every distance), or
// ALiBi (Press et al. 2022).
#pragma once

#include "kernels/kernels.hpp"
#include "layers/attention.hpp"

#include <algorithm>
#include <cmath>

namespace sequential {

/// How scores fall with the distance: 2^(-8 / heads) to powers of 1, 2, ..., and where the heads
/// are no power of two, every second one of twice as many for the others, as in the paper.
inline double alibi_slope(std::int64_t head, std::int64_t heads) {
    std::int64_t power = 1;
    while (2 * power <= heads) power *= 2;
    const bool inside = head < power;
    const auto step = static_cast<double>(inside ? head + 1 : 2 * (head - power) + 1);
    return std::exp2(-8.0 * step / static_cast<double>(inside ? power : 2 * power));
}

/// Numbers for each head and for the distances from 1 - length to length - 1.
class DistanceBias {
  public:
    /// `learned` null: by ALiBi, or not at all. `length`: the greatest; `padded`: in whole blocks.
    DistanceBias(Graph &graph, const Attention &attention, Parameter *learned, std::int64_t length,
                 std::int64_t padded)
        : learned_(learned), heads_(attention.heads), length_(length) {
        const bool alibi = attention.distances == Distances::alibi;
        if (learned_ != nullptr) slot_ = graph.add_gradient_slot(size());
        if (learned_ != nullptr || alibi)
            values_.resize(static_cast<std::size_t>(size() + padded - length));
        if (alibi) add_alibi();
    }

    bool learned() const { return learned_ != nullptr; }
    /// Of a query's keys; null: none.
    const float *line(std::int64_t head, std::int64_t query) const {
        return values_.empty() ? nullptr : values_.data() + place(head, query);
    }
    void pack() {
        if (learned_ != nullptr)
            std::copy(learned_->value.begin(), learned_->value.end(), values_.begin());
    }

    void clear_sums(const ParameterGradients &gradients) const {
        if (learned_ != nullptr) std::fill_n(gradients.slot(slot_), size(), 0.0F);
    }
    /// Adds the gradients at the scores of a query with the first `keys` keys.
    void add_to_sums(const ParameterGradients &gradients, std::int64_t head, std::int64_t query,
                     std::int64_t keys, const float *slopes) const {
        kernels().add(slopes, gradients.slot(slot_) + place(head, query), keys);
    }
    void deposit(const ParameterGradients &gradients) const {
        if (learned_ != nullptr)
            kernels().add(gradients.slot(slot_), learned_->gradient.data(), size());
    }

  private:
    std::int64_t distances() const { return 2 * length_ - 1; }
    std::int64_t size() const { return heads_ * distances(); }
    std::int64_t place(std::int64_t head, std::int64_t query) const {
        return head * distances() + length_ - 1 - query;
    }
    void add_alibi() {
        for (std::int64_t head = 0; head < heads_; ++head)
            for (std::int64_t d = 1 - length_; d < length_; ++d)
                values_[static_cast<std::size_t>(place(head, -d))] = static_cast<float>(
                    -alibi_slope(head, heads_) * static_cast<double>(std::abs(d)));
    }

    Parameter *learned_;
    std::int64_t heads_, length_;
    std::vector<float> values_;  // and zeros for filling; empty: none
    int slot_ = -1;
};

}  // namespace sequential
