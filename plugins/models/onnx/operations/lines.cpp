// Softmax and sums of the lines of a value.
#include "kernels/kernels.hpp"
#include "operations/operations.hpp"

#include <algorithm>
#include <cmath>

namespace onnx {
namespace {

using namespace sequential;

class Softmax final : public Operation {
  public:
    Softmax(const Graph &graph, int input, int result)
        : lines_(graph.value(input).shape[0]), width_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            float *y = batch.value(outputs[0], row);
            std::copy_n(batch.value(inputs[0], row), lines_ * width_, y);
            for (std::int64_t i = 0; i < lines_; ++i)
                kernels().softmax(width_, nullptr, nullptr, y + i * width_);
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *y = batch.value(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            std::copy_n(batch.gradient(outputs[0], row), lines_ * width_, dx);
            for (std::int64_t i = 0; i < lines_; ++i)
                kernels().softmax_gradient(width_, y + i * width_, dx + i * width_);
        }
    }

    bool by_example() const override { return true; }

  private:
    std::int64_t lines_, width_;
};

/// y = x - log(sum of exp(x)), in double.
class LogSoftmax final : public Operation {
  public:
    LogSoftmax(const Graph &graph, int input, int result)
        : lines_(graph.value(input).shape[0]), width_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row);
            float *y = batch.value(outputs[0], row);
            for (std::int64_t i = 0; i < lines_; ++i, x += width_, y += width_) {
                const double most = *std::max_element(x, x + width_);
                double sum = 0;
                for (std::int64_t k = 0; k < width_; ++k) sum += std::exp(x[k] - most);
                for (std::int64_t k = 0; k < width_; ++k)
                    y[k] = static_cast<float>(x[k] - most - std::log(sum));
            }
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *y = batch.value(outputs[0], row), *g = batch.gradient(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            for (std::int64_t i = 0; i < lines_; ++i, y += width_, g += width_, dx += width_) {
                double sum = 0;
                for (std::int64_t k = 0; k < width_; ++k) sum += g[k];
                for (std::int64_t k = 0; k < width_; ++k)
                    dx[k] = static_cast<float>(g[k] - std::exp(static_cast<double>(y[k])) * sum);
            }
        }
    }

    bool by_example() const override { return true; }

  private:
    std::int64_t lines_, width_;
};

/// Sums are in double; the gradient of an extreme value is that of the first that has it.
class Reduce final : public Operation {
  public:
    Reduce(const Graph &graph, int input, int result, Reduction reduction)
        : reduction_(reduction),
          lines_(graph.value(input).shape[0]),
          width_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row);
            float *y = batch.value(outputs[0], row);
            for (std::int64_t i = 0; i < lines_; ++i, x += width_) y[i] = of_line(x);
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row), *g = batch.gradient(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            for (std::int64_t i = 0; i < lines_; ++i, x += width_, dx += width_) {
                if (reduction_ == Reduction::sum || reduction_ == Reduction::mean) {
                    std::fill_n(dx, width_, g[i] * share());
                } else {
                    std::fill_n(dx, width_, 0.0F);
                    dx[extreme(x)] = g[i];
                }
            }
        }
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    float share() const {
        return reduction_ == Reduction::mean ? 1.0F / static_cast<float>(width_) : 1.0F;
    }
    std::int64_t extreme(const float *x) const {
        const float *found = reduction_ == Reduction::max ? std::max_element(x, x + width_)
                                                          : std::min_element(x, x + width_);
        return found - x;
    }
    float of_line(const float *x) const {
        if (reduction_ == Reduction::max || reduction_ == Reduction::min) return x[extreme(x)];
        double sum = 0;
        for (std::int64_t i = 0; i < width_; ++i) sum += x[i];
        return static_cast<float>(
            sum / (reduction_ == Reduction::mean ? static_cast<double>(width_) : 1.0));
    }

    Reduction reduction_;
    std::int64_t lines_, width_;
};

}  // namespace

int add_softmax(Graph &graph, int input) {
    const int result = graph.add_value(graph.value(input).shape);
    graph.add(std::make_unique<Softmax>(graph, input, result));
    return result;
}

int add_log_softmax(Graph &graph, int input) {
    const int result = graph.add_value(graph.value(input).shape);
    graph.add(std::make_unique<LogSoftmax>(graph, input, result));
    return result;
}

int add_reduction(Graph &graph, int input, Reduction reduction) {
    const int result = graph.add_value({graph.value(input).shape[0]});
    graph.add(std::make_unique<Reduce>(graph, input, result, reduction));
    return result;
}

}  // namespace onnx
