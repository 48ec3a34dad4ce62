// The examples of a batch that an attack still has to break, gathered next to each other.
#pragma once

#include "run/evaluate.hpp"

namespace spar::host {

/// One batch under evaluation. In the space of embeddings x is the vectors.
struct EvaluationBatch {
    std::size_t begin;  /// its start among the evaluated examples
    Batch batch;
    FencedMatrix vectors;

    const float *x(std::int64_t row, std::int64_t size) const {
        return (batch.tokens.empty() ? batch.x : vectors).data() + row * size;
    }
    Network::Points points() const {
        return {batch.count, x(0, 0), batch.ids.data(),
                batch.tokens.empty() ? nullptr : batch.tokens.data(),
                batch.tokens.empty() ? nullptr : batch.mask.data()};
    }
};

/// The examples that one attack is run on.
struct Survivors {
    std::vector<std::int64_t> rows;  /// of the batch
    Matrix x, values, outputs;
    std::vector<std::int64_t> labels, targets, ids, tokens;
    std::vector<float> mask;

    std::int64_t count() const { return static_cast<std::int64_t>(rows.size()); }
    Network::Points points(const float *at) const {
        return {count(), at, ids.data(), tokens.empty() ? nullptr : tokens.data(),
                tokens.empty() ? nullptr : mask.data()};
    }
    const std::int64_t *label_data() const { return labels.empty() ? nullptr : labels.data(); }
    const float *value_data() const { return values.count() == 0 ? nullptr : values.data(); }
    const std::int64_t *target_data() const { return targets.empty() ? nullptr : targets.data(); }

    /// Gathers the rows that are `correct` and that the goal allows, with their targets. correct
    /// and clean_outputs cover all evaluated examples.
    void gather(const EvaluationBatch &from, const PreparedAttack &plan, std::uint64_t target_key,
                const std::vector<bool> &correct, const Matrix &clean_outputs);
};

}  // namespace spar::host
