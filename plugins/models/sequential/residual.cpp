// Two ways from one value, added up where they meet again.
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// One value for two users, in the same memory. Their gradients add up: that of the second lies
/// where the value's own does, that of the first is added.
class Fork final : public Operation {
  public:
    Fork(int input, Branches branches, std::int64_t size) : size_(size) {
        inputs = {input};
        outputs = {branches.body, branches.shortcut};
    }
    void forward(Batch &) const override {}
    void backward(Batch &batch, bool input, bool) const override {
        if (input)
            kernels().add(batch.work->gradient_data(outputs[0]),
                          batch.work->gradient_data(inputs[0]), size_);
    }

  private:
    std::int64_t size_;
};

/// The sum's gradient is that of both; it lies where the first one's does.
class Sum final : public Operation {
  public:
    Sum(Branches branches, int result, std::int64_t size) : size_(size) {
        inputs = {branches.body, branches.shortcut};
        outputs = {result};
    }
    void forward(Batch &batch) const override {
        const float *body = batch.frame->data(inputs[0]);
        float *sum = batch.frame->data(outputs[0]);
        if (sum != body) std::copy_n(body, size_, sum);
        kernels().add(batch.frame->data(inputs[1]), sum, size_);
    }
    void backward(Batch &batch, bool input, bool) const override {
        if (input)
            std::copy_n(batch.work->gradient_data(outputs[0]), size_,
                        batch.work->gradient_data(inputs[1]));
    }

  private:
    std::int64_t size_;
};

std::int64_t floats(const Graph &graph, int value) {
    return graph.value(value).stride() * graph.width;
}

}  // namespace

Branches fork(Graph &graph, int input) {
    const Value value = graph.value(input);
    const Branches branches{graph.add_view(input, value.shape, value.desc),
                            graph.add_view(input, value.shape, value.desc)};
    graph.value(branches.body).gradient = branches.body;
    graph.add(std::make_unique<Fork>(input, branches, floats(graph, input)));
    return branches;
}

int join(Graph &graph, Branches branches, bool in_place) {
    const bool alike = graph.value(branches.body).desc == graph.value(branches.shortcut).desc;
    if (!alike) {
        const bool image = graph.value(branches.body).shape.size() == 3;
        const auto same = [&](int value) {
            return image ? to_blocked(graph, value) : to_plain(graph, value);
        };
        branches = {same(branches.body), same(branches.shortcut)};
    }
    const Value body = graph.value(branches.body);
    const int result = in_place ? graph.add_view(branches.body, body.shape, body.desc)
                                : graph.add_value(body.shape, body.desc, body.blocked);
    graph.value(result).gradient = body.gradient;
    graph.add(std::make_unique<Sum>(branches, result, floats(graph, result)));
    return result;
}

}  // namespace sequential
