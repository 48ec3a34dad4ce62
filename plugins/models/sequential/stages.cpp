// The executor's first stage by itself.
#include "executor_impl.hpp"

namespace sequential {

// A whole micro-batch is brought straight to its place or from there; of others, copies.
void Executor::read_stage_gradient(Batch &batch, float *to) const {
    const std::int64_t size = graph_.value(graph_.stage_end).size();
    float *const place = to + batch.first * size;
    const bool all = batch.rows == graph_.width;
    const dnnl::memory plain = all ? dnnl::memory(stage_plain_, cpu(), place) : *batch.stage;
    execute(stage_read_, batch.work->stream,
            {{DNNL_ARG_FROM, &batch.work->gradient(graph_.stage_end)},
             {DNNL_ARG_TO, &plain},
             {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    if (!all)
        std::copy_n(static_cast<const float *>(plain.get_data_handle()), batch.rows * size, place);
}

void Executor::write_stage_gradient(Batch &batch, const float *p) const {
    const std::int64_t size = graph_.value(graph_.stage_end).size();
    const float *const place = p + batch.first * size;
    const bool all = batch.rows == graph_.width;
    const dnnl::memory plain =
        all ? dnnl::memory(stage_plain_, cpu(), const_cast<float *>(place)) : *batch.stage;
    if (!all) {
        auto *to = static_cast<float *>(plain.get_data_handle());
        std::copy_n(place, batch.rows * size, to);
        std::fill(to + batch.rows * size, to + graph_.width * size, 0.0F);
    }
    execute(stage_write_, batch.work->stream,
            {{DNNL_ARG_FROM, &plain},
             {DNNL_ARG_TO, &batch.work->gradient(graph_.stage_end)},
             {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
}

void Executor::ascend(float *x, std::int64_t rows, const float *p, std::int64_t steps,
                      spar_ascent ascent, void *context) {
    refresh();
    const std::int64_t size = graph_.value(0).size();
    const FusedStage *fused =
        graph_.stage_operations == 1 ? graph_.operations[0]->fused_stage() : nullptr;
    for_micro_batches(rows, nullptr, false, [&](Batch &batch) {
        batch.counted = false;
        const auto move = [&](std::int64_t first, std::int64_t count, const float *dx) {
            spar::checked([&](spar_error *error) {
                return ascent(context, first, count, x + first * size, dx, error);
            });
        };
        if (fused != nullptr) {
            float *scratch = batch.work->scratch_data();
            float *dx = batch.frame->data(0);  // no forward pass needs it here
            for (std::int64_t i = batch.first; i < batch.first + batch.rows; ++i) {
                fused->aim(p + i * graph_.value(graph_.stage_end).size(), scratch);
                for (std::int64_t step = 0; step < steps; ++step) {
                    fused->step(x + i * size, scratch, dx);
                    move(i, 1, dx);
                }
            }
            return;
        }
        for (std::int64_t step = 0; step < steps; ++step) {
            load(batch, x);
            forward(batch, stage());
            write_stage_gradient(batch, p);
            backward(batch, stage(), {.input = true}, nullptr);
            move(batch.first, batch.rows, batch.work->gradient_data(0));
        }
    });
}

void Executor::stage_accumulate(const float *x, std::int64_t rows, const float *p) {
    refresh();
    for_lanes(rows, nullptr, true, stage(), [&](Batch &batch) {
        batch.counted = false;
        load(batch, x);
        forward(batch, stage());
        write_stage_gradient(batch, p);
        backward(batch, stage(), {.parameters = true}, nullptr);
    });
    add_up(rows, stage());
}

}  // namespace sequential
