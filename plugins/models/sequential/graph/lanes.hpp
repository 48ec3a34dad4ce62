// What the files of the executor share.
#pragma once

#include "graph/executor.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {

/// Memory for one thread. Created on first use and kept; which one a thread gets does not affect
/// the numbers.
struct Executor::Worker {
    std::atomic<bool> busy{false};
    std::unique_ptr<Workspace> work;
    std::unique_ptr<Frame> frame;
    std::unique_ptr<ParameterGradients>
        gradients;  /// of the second and later micro-batches of a lane
};

constexpr std::size_t most_workers = 256;

/// Holds a free worker exclusively.
class Executor::Lease {
  public:
    explicit Lease(Executor &executor) : worker_(find(executor)) {
        if (!worker_.work) worker_.work = std::make_unique<Workspace>(executor.graph_);
    }
    ~Lease() { worker_.busy.store(false, std::memory_order_release); }
    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;
    Worker *operator->() const { return &worker_; }

  private:
    static Worker &find(Executor &executor) {
        for (std::size_t i = 0; i < most_workers; ++i)
            if (!executor.workers_[i].busy.exchange(true, std::memory_order_acquire))
                return executor.workers_[i];
        throw spar::Error(SPAR_E_INTERNAL, "more threads than the model has memory for");
    }

    Worker &worker_;
};

/// Calls body() for the micro-batch, or once for each of its examples.
template <class Body>
void for_examples(Batch &batch, bool one_by_one, Body body) {
    if (!one_by_one) return body();
    const std::int64_t end = batch.end;
    batch.one_by_one = true;
    for (std::int64_t i = 0; i < end; ++i) {
        batch.begin = i;
        batch.end = i + 1;
        body();
    }
    batch.one_by_one = false;
    batch.begin = 0;
    batch.end = end;
}

template <class Body>
void Executor::for_lanes(std::int64_t rows, Tape *tape, bool parameters, Stretch stretch,
                         Body body) {
    const bool input_gradient_only = tape == nullptr && !parameters;
    const Parts parts = this->parts(rows, input_gradient_only);
    const std::int64_t total = parts.count(), tasks = parameters ? lane_count(total) : total;
    while (parameters && static_cast<std::int64_t>(lanes_.size()) < tasks)
        lanes_.push_back(std::make_unique<ParameterGradients>(graph_));
    for (std::size_t i = stretch.first; parameters && i < stretch.last; ++i)
        graph_.operations[i]->expect(rows);

    parallel_(tasks, [&](std::int64_t task) {
        const Lease worker(*this);
        const std::int64_t begin = task * total / tasks, end = (task + 1) * total / tasks;
        for (std::int64_t i = begin; i < end; ++i) {
            const auto at = static_cast<std::size_t>(i);
            Batch batch;
            batch.first = parts.first(i);
            batch.rows = parts.size(i);
            batch.end = batch.rows;
            batch.input_gradient_only = input_gradient_only;
            batch.work = worker->work.get();
            auto &frame = tape != nullptr ? tape->frames[at] : worker->frame;
            if (!frame) frame = std::make_unique<Frame>(graph_);
            batch.frame = frame.get();
            const ParameterGradients *lane = nullptr;
            if (parameters) {
                lane = lanes_[static_cast<std::size_t>(task)].get();
                if (i > begin && !worker->gradients)
                    worker->gradients = std::make_unique<ParameterGradients>(graph_);
                batch.gradients = i == begin ? lane : worker->gradients.get();
            }
            body(batch);
            if (parameters && i > begin) lane->add(*worker->gradients, stretch.first, stretch.last);
        }
    });
}

template <class Body>
void Executor::for_micro_batches(std::int64_t rows, Tape *tape, Wants wants, Body body) {
    for_lanes(rows, tape, wants.parameters, learning(wants), body);
    if (wants.parameters) add_up(rows, learning(wants));
}

}  // namespace sequential
