// Steps through the first stage alone. p, the gradient at its output, is where the pass left it.
#include "executor_impl.hpp"

namespace sequential {

namespace {

void move(const spar_stage_steps &steps, std::int64_t first, std::int64_t rows, std::int64_t size,
          const float *dx) {
    spar::checked([&](spar_error *error) {
        return steps.ascent(steps.ascent_context, first, rows, steps.x + first * size, dx, error);
    });
}

}  // namespace

void Executor::take_stage_steps(Batch &batch, const spar_stage_steps &steps) {
    if (graph_.stage_operations == 1)
        if (const FusedStage *fused = graph_.operations[0]->fused_stage(); fused != nullptr)
            return take_fused_steps(*fused, batch, steps);
    batch.counted = batch.training = batch.coarse = false;
    batch.sums = nullptr;
    // Going back through the stage spoils p.
    float *const p = batch.work->gradient_data(graph_.stage_end);
    const std::int64_t p_size = batch.rows * graph_.value(graph_.stage_end).stride();
    std::vector<float> &kept = batch.work->stage_gradient;
    kept.assign(p, p + p_size);
    const auto pull = [&](Wants wants) {
        std::copy_n(steps.x + batch.first * graph_.value(0).size(),
                    batch.rows * graph_.value(0).size(), batch.frame->data(0));
        forward(batch, stage());
        std::copy(kept.begin(), kept.end(), p);
        backward(batch, stage(), wants);
    };
    const ParameterGradients &sum = *batch.gradients;
    if (steps.from_start != 0) {
        pull({.parameters = true});
        auto &later = batch.work->later_gradients;
        if (!later) later = std::make_unique<ParameterGradients>(graph_);
        batch.gradients = later.get();
    }
    for (std::int64_t step = 0; step < steps.count; ++step) {
        pull({.input = true});
        move(steps, batch.first, batch.rows, graph_.value(0).size(), batch.work->gradient_data(0));
    }
    pull({.parameters = true});
    if (steps.from_start != 0) sum.add(*batch.gradients, stage().first, stage().last);
}

// One example after the other, whose p stays in the scratch memory for all its steps.
void Executor::take_fused_steps(const FusedStage &stage, Batch &batch,
                                const spar_stage_steps &steps) const {
    const std::int64_t size = graph_.value(0).size();
    float *scratch = batch.work->scratch_data();
    float *dx = batch.frame->data(0);  // the pass needs it no more
    stage.clear_sums(*batch.gradients);
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        const float *x = steps.x + (batch.first + row) * size;
        const float *p = batch.gradient(graph_.stage_end, row);
        if (steps.from_start != 0) {
            stage.aim(p, scratch);
            stage.add_sums(x, scratch, *batch.gradients);
        }
        stage.aim(p, scratch);
        for (std::int64_t step = 0; step < steps.count; ++step) {
            stage.step(x, scratch, dx);
            move(steps, batch.first + row, 1, size, dx);
        }
        stage.add_sums(x, scratch, *batch.gradients);
    }
}

}  // namespace sequential
