// The oracle behind the table that an attack gets: a model, its loss, and the query count.
#pragma once

#include "base/embedder.hpp"
#include "engine/attacker.hpp"

#include <exception>

namespace spar::host {

/// Arrays per point, reused so that a query allocates nothing once warm.
struct OracleMemory {
    std::vector<std::int64_t> labels, targets, ids, tokens;
    std::vector<float> values, reference, mask;
    EmbeddedTokens texts;     // the points of the last query, in the space of tokens
    FencedMatrix at_vectors;  // the gradient there
    /// Which examples the points of each tape belong to.
    std::array<std::vector<std::int64_t>, 9> tape_rows;
};

struct OracleHandle {
    const AttackTask &task;
    QueryCount &queries;
    OracleMemory &memory;
    /// What the host itself threw inside a query; the attack sees only a status.
    std::exception_ptr failure{};

    /// Valid as long as this handle lives.
    spar_oracle table();

    /// A training step is completed before a run stops, so that it can be resumed bit for bit.
    bool cancelled() const {
        return task.batch.purpose == SPAR_PURPOSE_EVALUATE && embedder().stop_requested();
    }

    void evaluate(const spar_query &query);
    void note(std::int64_t row, const char *code, double value);
    void pullback(std::int32_t tape, const float *cotangent, float *gradient);

    /// The attack asked for more than the budget and was refused.
    bool budget_spent = false;
    void enter(const std::string &stage);
    /// The stage that the attack announced.
    std::string stage{};
    /// Tape slots that this oracle has filled.
    std::array<bool, 9> taped{};

  private:
    void offer_texts(spar_oracle &oracle) const;
    void count(const spar_query &query);
    /// Records which examples got an all-zero gradient, of `size` values each.
    void look_at(const float *gradient, std::int64_t points, const std::int64_t *rows,
                 std::int64_t size);
    /// The arrays of `memory` for these points.
    Network::Points gather(const spar_query &query);
    Network::Points gather_texts(const spar_query &query, const std::int64_t *ids);
    /// From rows as long as the model has taken them to rows as long as the query's.
    void give_gradient(const spar_query &query);
};

}  // namespace spar::host
