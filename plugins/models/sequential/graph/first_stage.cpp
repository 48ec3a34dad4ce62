// Steps through the first stage alone. A fused stage takes them immediately after the pass of each
// micro-batch. Otherwise, or if the pass continues through the stage, p is kept until the pass is
// over.
#include "graph/lanes.hpp"

namespace sequential {
namespace {

void move(const spar_stage_steps &steps, std::int64_t first, std::int64_t rows, std::int64_t size,
          const float *dx) {
    spar::checked([&](spar_error *error) {
        return steps.ascent(steps.ascent_context, first, rows, steps.x + first * size, dx, error);
    });
}

}  // namespace

const FusedStage *Executor::fused_stage() const {
    return graph_.stage_operations == 1 ? graph_.operations[0]->fused_stage() : nullptr;
}

Wants Executor::with_steps(Wants wants, const Pass &pass) {
    if (pass.stage_steps == nullptr || pass.head == nullptr) return wants;
    wants.stop_at_stage = pass.stage_steps->full_pass == 0;
    wants.keep_stage_gradient =
        !wants.stop_at_stage || couples(pass.training) || fused_stage() == nullptr;
    if (wants.keep_stage_gradient)
        stage_gradients_.resize(static_cast<std::size_t>(pass.rows * graph_.stage_size));
    return wants;
}

void Executor::take_steps(const Pass &pass, Wants wants) {
    const FusedStage *fused = fused_stage();
    for_lanes(pass.rows, nullptr, true, stage(), [&](Batch &batch) {
        if (fused != nullptr)
            take_fused_steps(*fused, batch, stage_gradient(batch.first), *pass.stage_steps);
        else
            take_steps(batch, pass, wants);
    });
    add_up(pass.rows, stage());
}

// The stage is the one of the pass: the same padding, and the same values dropped. Only batch
// normalisation uses its running statistics.
void Executor::take_steps(Batch &batch, const Pass &pass, Wants wants) {
    const spar_stage_steps &steps = *pass.stage_steps;
    set_pass(batch, pass);
    batch.training = false;
    batch.counted = false;
    const auto pull = [&](Wants at_stage) {
        load(batch, steps.x);
        forward(batch, stage());
        // The backward pass overwrites p.
        std::copy_n(stage_gradient(batch.first), batch.rows * graph_.stage_size,
                    batch.work->gradient(graph_.stage_end));
        backward(batch, stage(), at_stage);
    };
    for (std::int64_t step = 0; step < steps.count; ++step) {
        pull({.input = true});
        move(steps, batch.first, batch.rows, graph_.value(0).size(), batch.work->gradient(0));
    }
    const bool input = wants.input && pass.dx != nullptr;
    pull({.input = input, .parameters = true});
    if (!input) return;
    if (wants.stop_at_stage) return store_input_gradient(batch, pass.dx);
    const std::int64_t size = graph_.value(0).size();
    kernels().add(batch.work->gradient(0), pass.dx + batch.first * size, batch.rows * size);
}

// One example at a time, whose p stays in the scratch memory for all its steps.
void Executor::take_fused_steps(const FusedStage &stage, Batch &batch, const float *p,
                                const spar_stage_steps &steps) const {
    const std::int64_t size = graph_.value(0).size();
    float *scratch = batch.work->scratch();
    float *dx = batch.frame->data(0);  // the pass no longer needs it
    stage.clear_sums(*batch.gradients);
    for (std::int64_t row = batch.first; row < batch.first + batch.rows;
         ++row, p += graph_.stage_size) {
        const float *x = steps.x + row * size;
        stage.load_gradient(p, scratch);
        for (std::int64_t step = 0; step < steps.count; ++step) {
            stage.step(x, scratch, dx);
            move(steps, row, 1, size, dx);
        }
        stage.add_sums(x, scratch, *batch.gradients);
    }
}

}  // namespace sequential
