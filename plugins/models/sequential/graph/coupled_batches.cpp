// The executor for coupled examples: training with batch normalisation. All micro-batches advance
// to the next operation that couples them, their sums are added up in order, then all continue.
// Hence every micro-batch keeps its own frame and workspace.
#include "graph/lanes.hpp"

namespace sequential {

void Executor::enter(Batch &batch, const Tape &tape) {
    auto &work = coupled_works_[static_cast<std::size_t>(batch.first / graph_.width)];
    if (!work) work = std::make_unique<Workspace>(graph_);
    batch.work = work.get();
    batch.training = tape.training;
    batch.bf16 = tape.bf16;
    batch.sums = &tape.sums;
}

void Executor::add_up(const Coupled &operation, const Tape &tape,
                      std::vector<double> &totals) const {
    double *total = totals.data() + operation.first;
    std::fill_n(total, operation.count, 0.0);
    for (std::int64_t i = 0; i < micro_batch_count(tape.rows); ++i) {
        const auto *part =
            tape.frames[static_cast<std::size_t>(i)]->extra<double>(operation.partial);
        for (std::size_t j = 0; j < operation.count; ++j) total[j] += part[j];
    }
}

void Executor::follow(Tape &tape) {
    if (tape.followed || tape.rows == 0) return;
    tape.followed = true;
    for (const std::size_t i : coupled_) graph_.operations[i]->coupled()->follow(tape.sums);
}

void Executor::pass_coupled(const Pass &pass, Tape &tape, Wants wants) {
    if (coupled_works_.size() < tape.frames.size()) coupled_works_.resize(tape.frames.size());
    tape.sums.rows = pass.rows;
    tape.sums.forward.resize(graph_.sums());
    tape.sums.backward.resize(graph_.sums());
    const bool back = wants.any();
    std::size_t first = 0;
    for (std::size_t k = 0; k <= coupled_.size(); ++k) {
        const std::size_t last = k < coupled_.size() ? coupled_[k] : graph_.operations.size();
        Coupled *next = k < coupled_.size() ? graph_.operations[last]->coupled() : nullptr;
        for_micro_batches(pass.rows, &tape, {}, [&](Batch &batch) {
            enter(batch, tape);
            set_pass(batch, pass);
            if (k == 0) load(batch, pass.x);
            forward(batch, {first, last});
            if (next != nullptr)
                next->gather(batch);
            else
                call_head(batch, pass, back);
        });
        if (next != nullptr) add_up(*next, tape, tape.sums.forward);
        first = last;
    }
    if (back) backward_coupled(tape, wants, pass.dx);
}

void Executor::backward_coupled(Tape &tape, Wants wants, float *dx) {
    if (wants.parameters) follow(tape);
    std::size_t last = graph_.operations.size();
    for (std::size_t k = coupled_.size() + 1; k-- > 0;) {
        const std::size_t first = k > 0 ? coupled_[k - 1] + 1 : 0;
        Coupled *next = k > 0 ? graph_.operations[first - 1]->coupled() : nullptr;
        if (next != nullptr) {
            const Wants further = wanted(first - 1, wants);
            if (!further.input && !further.parameters) next = nullptr;
        }
        for_lanes(tape.rows, &tape, wants.parameters, {first, last}, [&](Batch &batch) {
            enter(batch, tape);
            backward(batch, {first, last}, wants);
            if (next != nullptr) next->gather_gradient(batch);
            if (k == 0 && wants.input && dx != nullptr) store_input_gradient(batch, dx);
        });
        if (next != nullptr) add_up(*next, tape, tape.sums.backward);
        if (next == nullptr) break;
        last = first;
    }
    if (wants.parameters) add_up(tape.rows, learning(wants));
}

}  // namespace sequential
