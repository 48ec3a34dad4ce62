#include "kernels/kernels.hpp"
#include "operations/operations.hpp"

#include <algorithm>

namespace onnx {
namespace {

using namespace sequential;

class Constants final : public Operation {
  public:
    Constants(Graph &graph, int result, Parameter &parameter, bool trained)
        : parameter_(parameter), trained_(trained), size_(std::ssize(parameter.value)) {
        outputs = {result};
        if (trained_) slot_ = graph.add_gradient_slot(size_);
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            std::ranges::copy(parameter_.value, batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        if (!parameters) return;
        float *sums = batch.gradients->slot(slot_);
        std::fill_n(sums, size_, 0.0F);
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().add(batch.gradient(outputs[0], row), sums, size_);
    }

    bool has_parameters() const override { return trained_; }
    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }
    void deposit(const ParameterGradients &gradients) const override {
        if (trained_) kernels().add(gradients.slot(slot_), parameter_.gradient.data(), size_);
    }

  private:
    Parameter &parameter_;
    bool trained_;
    std::int64_t size_;
    int slot_ = 0;
};

}  // namespace

int add_constant(Graph &graph, Parameter &parameter, const Shape &shape, bool trained) {
    const int result = graph.add_value(shape);
    graph.add(std::make_unique<Constants>(graph, result, parameter, trained));
    return result;
}

}  // namespace onnx
