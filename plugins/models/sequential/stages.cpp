// The executor's first stage by itself.
#include "executor_impl.hpp"

namespace sequential {

void Executor::read_stage_gradient(const Batch &batch, float *to) const {
    const std::int64_t size = graph_.stage_size;
    std::copy_n(batch.work->gradient_data(graph_.stage_end), batch.rows * size,
                to + batch.first * size);
}

void Executor::write_stage_gradient(const Batch &batch, const float *p) const {
    const std::int64_t size = graph_.stage_size;
    float *const to = batch.work->gradient_data(graph_.stage_end);
    std::copy_n(p + batch.first * size, batch.rows * size, to);
}

void Executor::ascend(float *x, std::int64_t rows, const float *p, std::int64_t steps,
                      spar_ascent ascent, void *context) {
    refresh();
    const std::int64_t size = graph_.value(0).size();
    const FusedStage *fused =
        graph_.stage_operations == 1 ? graph_.operations[0]->fused_stage() : nullptr;
    for_lanes(rows, nullptr, true, stage(), [&](Batch &batch) {
        batch.counted = false;
        const auto move = [&](std::int64_t first, std::int64_t count, const float *dx) {
            spar::checked([&](spar_error *error) {
                return ascent(context, first, count, x + first * size, dx, error);
            });
        };
        if (fused != nullptr) return ascend_fused(*fused, batch, x, p, steps, move);
        const auto pull = [&](Wants wants) {
            load(batch, x);
            forward(batch, stage());
            write_stage_gradient(batch, p);
            backward(batch, stage(), wants, nullptr);
        };
        for (std::int64_t step = 0; step < steps; ++step) {
            pull({.input = true});
            move(batch.first, batch.rows, batch.work->gradient_data(0));
        }
        pull({.parameters = true});
    });
    add_up(rows, stage());
}

// One example after the other, whose p stays in the scratch memory for all its steps.
template <class Move>
void Executor::ascend_fused(const FusedStage &stage, Batch &batch, float *x, const float *p,
                            std::int64_t steps, Move move) const {
    const std::int64_t size = graph_.value(0).size();
    const std::int64_t stage_size = graph_.stage_size;
    float *scratch = batch.work->scratch_data();
    float *dx = batch.frame->data(0);  // no forward pass needs it here
    stage.clear_sums(*batch.gradients);
    for (std::int64_t i = batch.first; i < batch.first + batch.rows; ++i) {
        stage.aim(p + i * stage_size, scratch);
        for (std::int64_t step = 0; step < steps; ++step) {
            stage.step(x + i * size, scratch, dx);
            move(i, 1, dx);
        }
        stage.add_sums(x + i * size, scratch, *batch.gradients);
    }
}

}  // namespace sequential
