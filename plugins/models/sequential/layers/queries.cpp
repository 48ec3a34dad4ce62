#include "layers/queries.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// The same for every example; nothing goes in.
class Queries final : public Operation {
  public:
    Queries(Graph &graph, int result, Parameter &weight)
        : weight_(weight),
          size_(graph.value(result).size()),
          slot_(graph.add_gradient_slot(size_)) {
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            std::copy(weight_.value.begin(), weight_.value.end(), batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        if (!parameters) return;
        float *sum = batch.gradients->slot(slot_);
        std::fill_n(sum, size_, 0.0F);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            kernels().add(batch.gradient(outputs[0], row), sum, size_);
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(slot_), weight_.gradient.data(), size_);
    }

  private:
    Parameter &weight_;
    std::int64_t size_;
    int slot_;
};

}  // namespace

int add_queries(Graph &graph, Parameter &weight) {
    const int result = graph.add_value(weight.shape);
    graph.add(std::make_unique<Queries>(graph, result, weight));
    return result;
}

}  // namespace sequential
