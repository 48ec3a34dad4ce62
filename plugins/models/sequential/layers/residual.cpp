// Two ways from one value, added up where they meet again.
#include "kernels/kernels.hpp"
#include "layers/operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// One value for two users, in the same memory. Their gradients add up: that of the second lies
/// where the value's own does, that of the first is added.
class Fork final : public Operation {
  public:
    Fork(int input, Branches branches, std::int64_t stride) : stride_(stride) {
        inputs = {input};
        outputs = {branches.body, branches.shortcut};
    }
    void forward(Batch &) const override {}
    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            kernels().add(batch.gradient(outputs[0], row), batch.gradient(inputs[0], row), stride_);
    }
    bool by_example() const override { return true; }

  private:
    std::int64_t stride_;
};

/// The sum's gradient is that of both; it lies where the first one's does.
class Sum final : public Operation {
  public:
    Sum(Branches branches, int result, std::int64_t stride) : stride_(stride) {
        inputs = {branches.body, branches.shortcut};
        outputs = {result};
    }
    void forward(Batch &batch) const override {
        const std::int64_t first = batch.begin * stride_, size = batch.end * stride_ - first;
        const float *body = batch.frame->data(inputs[0]) + first;
        float *sum = batch.frame->data(outputs[0]) + first;
        if (sum != body) std::copy_n(body, size, sum);
        kernels().add(batch.frame->data(inputs[1]) + first, sum, size);
    }
    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            std::copy_n(batch.gradient(outputs[0], row), stride_, batch.gradient(inputs[1], row));
    }
    bool by_example() const override { return true; }

  private:
    std::int64_t stride_;
};

}  // namespace

Branches fork(Graph &graph, int input) {
    const Value value = graph.value(input);
    const Branches branches{graph.add_view(input, value.shape, value.desc),
                            graph.add_view(input, value.shape, value.desc)};
    graph.value(branches.body).gradient = branches.body;
    graph.add(std::make_unique<Fork>(input, branches, value.stride()));
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
    graph.add(std::make_unique<Sum>(branches, result, body.stride()));
    return result;
}

}  // namespace sequential
