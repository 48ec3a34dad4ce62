#include "executor_impl.hpp"

#include <cstring>

namespace sequential {

Executor::Executor(Graph &graph, const Parallel &parallel)
    : graph_(graph),
      parallel_(parallel),
      first_parameters_(graph.operations.size()),
      workers_(std::make_unique<Worker[]>(most_workers)) {
    for (std::size_t i = graph.operations.size(); i-- > 0;)
        if (graph.operations[i]->has_parameters()) first_parameters_ = i;
    const Value &stage = graph.value(graph.stage_end);
    stage_plain_ = plain_desc(stage.desc.dims());
    const OneThread one;
    stage_read_ = dnnl::reorder({cpu(), stage.desc, cpu(), stage_plain_, own_scratch()});
    stage_write_ = dnnl::reorder({cpu(), stage_plain_, cpu(), stage.desc, own_scratch()});
}

Executor::~Executor() = default;

void Executor::refresh() {
    if (!stale_) return;
    for (const auto &operation : graph_.operations) operation->pack();
    stale_ = false;
}

Executor::Tape &Executor::tape(int slot) {
    if (slot < 1 || slot > tapes)
        throw spar::Error(SPAR_E_CONTRACT, "there is no tape " + std::to_string(slot));
    return tapes_[static_cast<std::size_t>(slot - 1)];
}

// At most eight sums of gradients: enough for eight threads, and little memory.
std::int64_t Executor::lane_count(std::int64_t micro_batches) const {
    return std::min<std::int64_t>(micro_batches, 8);
}

void Executor::add_up(std::int64_t lanes) {
    constexpr std::int64_t chunk = 1 << 15;
    const std::int64_t size = lanes_[0]->size();
    parallel_((size + chunk - 1) / chunk, [&](std::int64_t i) {
        const std::int64_t begin = i * chunk, count = std::min(chunk, size - begin);
        for (std::int64_t lane = 1; lane < lanes; ++lane)
            kernels().add(lanes_[static_cast<std::size_t>(lane)]->data() + begin,
                          lanes_[0]->data() + begin, count);
    });
    for (const auto &operation : graph_.operations) operation->deposit(*lanes_[0]);
}

void Executor::load(Batch &batch, const float *x) const {
    const std::int64_t size = graph_.value(0).size();
    float *to = batch.frame->data(0);
    std::copy_n(x + batch.first * size, batch.rows * size, to);
    std::fill(to + batch.rows * size, to + graph_.width * size, 0.0F);
}

void Executor::forward(Batch &batch, std::size_t operations) {
    for (std::size_t i = 0; i < operations; ++i) graph_.operations[i]->forward(batch);
    if (operations == graph_.operations.size()) counters_.forward += batch.rows;
}

void Executor::backward(Batch &batch, std::size_t operations, Wants wants, float *stage_gradient) {
    const bool whole = operations == graph_.operations.size();
    if (stage_gradient != nullptr && operations == graph_.stage_operations)
        read_stage_gradient(batch, stage_gradient);
    for (std::size_t i = operations; i-- > 0;) {
        const Operation &operation = *graph_.operations[i];
        const bool input = wants.input || (wants.parameters && i > first_parameters_) ||
                           (stage_gradient != nullptr && i >= graph_.stage_operations);
        const bool parameters = wants.parameters && operation.has_parameters();
        if (!input && !parameters) break;
        operation.backward(batch, input, parameters);
        if (stage_gradient != nullptr && i == graph_.stage_operations)
            read_stage_gradient(batch, stage_gradient);
        if (whole && input && i == 0) counters_.input_gradient += batch.rows;
        if (whole && parameters && i == first_parameters_)
            counters_.parameter_gradient += batch.rows;
    }
}

void Executor::store_input_gradient(const Batch &batch, float *dx) const {
    const std::int64_t size = graph_.value(0).size();
    std::copy_n(batch.work->gradient_data(0), batch.rows * size, dx + batch.first * size);
}

void Executor::pass(const Pass &pass) {
    refresh();
    Tape *tape = nullptr;
    if (pass.tape != 0) {
        tape = &this->tape(pass.tape);
        tape->rows = pass.rows;
        tape->training = pass.training;
        const auto needed = static_cast<std::size_t>(micro_batches(pass.rows));
        if (tape->frames.size() < needed) tape->frames.resize(needed);
    }
    const Wants wants = pass.head != nullptr ? pass.wants : Wants{};
    float *stage_gradient = pass.head != nullptr ? pass.stage_gradient : nullptr;
    const bool back = wants.input || wants.parameters || stage_gradient != nullptr;
    const std::int64_t outputs = graph_.value(graph_.output).size();
    const std::size_t operations = graph_.operations.size();

    for_micro_batches(pass.rows, tape, wants.parameters, [&](Batch &batch) {
        batch.training = pass.training;
        batch.key = pass.key;
        batch.ids = pass.ids != nullptr ? pass.ids + batch.first : nullptr;
        batch.mask =
            pass.mask != nullptr ? pass.mask + batch.first * graph_.value(0).shape[0] : nullptr;
        load(batch, pass.x);
        forward(batch, operations);
        const float *values = batch.frame->data(graph_.output);
        if (pass.outputs != nullptr)
            std::copy_n(values, batch.rows * outputs, pass.outputs + batch.first * outputs);
        if (pass.head == nullptr) return;
        float *gradient = back ? batch.work->gradient_data(graph_.output) : nullptr;
        spar::checked([&](spar_error *error) {
            return pass.head(pass.head_context, batch.first, batch.rows, values, gradient, error);
        });
        if (!back) return;
        std::fill(gradient + batch.rows * outputs, gradient + graph_.width * outputs, 0.0F);
        backward(batch, operations, wants, stage_gradient);
        if (wants.input && pass.dx != nullptr) store_input_gradient(batch, pass.dx);
    });
}

void Executor::backward(int slot, const float *cotangent, Wants wants, float *dx) {
    refresh();
    Tape &tape = this->tape(slot);
    if (tape.rows == 0)
        throw spar::Error(SPAR_E_CONTRACT, "nothing was recorded on tape " + std::to_string(slot));
    const std::int64_t outputs = graph_.value(graph_.output).size();
    for_micro_batches(tape.rows, &tape, wants.parameters, [&](Batch &batch) {
        batch.training = tape.training;
        float *gradient = batch.work->gradient_data(graph_.output);
        std::copy_n(cotangent + batch.first * outputs, batch.rows * outputs, gradient);
        std::fill(gradient + batch.rows * outputs, gradient + graph_.width * outputs, 0.0F);
        backward(batch, graph_.operations.size(), wants, nullptr);
        if (wants.input && dx != nullptr) store_input_gradient(batch, dx);
    });
}

}  // namespace sequential
