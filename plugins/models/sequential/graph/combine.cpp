#include "graph/combine.hpp"

#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// The sum's gradient is that of both; it is stored where the first one's is.
class Sum final : public Operation {
  public:
    Sum(const Graph &graph, int left, int right, int result)
        : stride_(graph.value(result).stride()) {
        inputs = {left, right};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *left = batch.value(inputs[0], row);
            float *sum = batch.value(outputs[0], row);
            if (sum != left) std::copy_n(left, stride_, sum);
            kernels().add(batch.value(inputs[1], row), sum, stride_);
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            std::copy_n(batch.gradient(outputs[0], row), stride_, batch.gradient(inputs[1], row));
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        stride_ = graph.value(inputs[0]).stride();
        return true;
    }

  private:
    std::int64_t stride_;
};

class Multiplication final : public Operation {
  public:
    Multiplication(const Graph &graph, int left, int right, int result)
        : stride_(graph.value(result).stride()) {
        inputs = {left, right};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            multiply(batch.value(inputs[0], row), batch.value(inputs[1], row),
                     batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *g = batch.gradient(outputs[0], row);
            multiply(g, batch.value(inputs[1], row), batch.gradient(inputs[0], row));
            multiply(g, batch.value(inputs[0], row), batch.gradient(inputs[1], row));
        }
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        stride_ = graph.value(inputs[0]).stride();
        return true;
    }

  private:
    void multiply(const float *a, const float *b, float *product) const {
        for (std::int64_t i = 0; i < stride_; ++i) product[i] = a[i] * b[i];
    }

    std::int64_t stride_;
};

class Concatenation final : public Operation {
  public:
    Concatenation(const Graph &graph, const std::vector<int> &parts, std::size_t axis, int result) {
        inputs = parts;
        outputs = {result};
        axis_ = axis;
        read_sizes(graph);
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            float *to = batch.value(outputs[0], row);
            for (std::int64_t o = 0; o < outer_; ++o)
                for (std::size_t part = 0; part < inputs.size(); ++part)
                    to = std::copy_n(batch.value(inputs[part], row) + o * sizes_[part],
                                     sizes_[part], to);
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *from = batch.gradient(outputs[0], row);
            for (std::int64_t o = 0; o < outer_; ++o)
                for (std::size_t part = 0; part < inputs.size(); from += sizes_[part++])
                    std::copy_n(from, sizes_[part],
                                batch.gradient(inputs[part], row) + o * sizes_[part]);
        }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    /// Along another axis than the positions.
    bool resize(Graph &graph) override {
        if (axis_ == 0) return false;
        graph.value(outputs[0]).shape[0] = graph.value(inputs[0]).shape[0];
        read_sizes(graph);
        return true;
    }

  private:
    void read_sizes(const Graph &graph) {
        const Shape &shape = graph.value(outputs[0]).shape;
        const auto inner = shape.begin() + static_cast<std::ptrdiff_t>(axis_);
        outer_ = spar::product({shape.begin(), inner});
        sizes_.clear();
        for (const int part : inputs) sizes_.push_back(graph.value(part).size() / outer_);
    }

    std::size_t axis_ = 0;
    std::int64_t outer_ = 1;
    std::vector<std::int64_t> sizes_;  // per part, for one index of the axes before
};

struct Pair {
    int left, right;
};

/// Brings both into one layout.
Pair alike(Graph &graph, int left, int right) {
    if (graph.value(left).shape != graph.value(right).shape)
        throw spar::invalid("values of the shapes " + spar::shape_text(graph.value(left).shape) +
                            " and " + spar::shape_text(graph.value(right).shape) +
                            " do not go together value by value");
    if (graph.value(left).image == graph.value(right).image) return {left, right};
    if (graph.value(left).shape.size() == 3)
        return {to_blocked(graph, left), to_blocked(graph, right)};
    return {to_plain(graph, left), to_plain(graph, right)};
}

}  // namespace

int add(Graph &graph, int left, int right) {
    const Pair pair = alike(graph, left, right);
    const int result = graph.add_over(pair.left);
    graph.add(std::make_unique<Sum>(graph, pair.left, pair.right, result));
    return result;
}

int multiply(Graph &graph, int left, int right) {
    const Pair pair = alike(graph, left, right);
    const Value &value = graph.value(pair.left);
    const int result = graph.add_value(value.shape, value.image);
    graph.add(std::make_unique<Multiplication>(graph, pair.left, pair.right, result));
    return result;
}

int concatenate(Graph &graph, const std::vector<int> &parts, std::size_t axis) {
    if (parts.empty()) throw spar::invalid("nothing to concatenate");
    std::vector<int> plain;
    Shape shape = graph.value(parts[0]).shape;
    if (axis >= shape.size())
        throw spar::invalid("a value of shape " + spar::shape_text(shape) + " has no axis " +
                            std::to_string(axis));
    std::int64_t length = 0;
    for (const int part : parts) {
        Shape own = graph.value(part).shape;
        if (own.size() == shape.size()) {
            length += own[axis];
            own[axis] = shape[axis];
        }
        if (own != shape)
            throw spar::invalid("values of the shapes " + spar::shape_text(shape) + " and " +
                                spar::shape_text(graph.value(part).shape) +
                                " do not follow each other along axis " + std::to_string(axis));
        plain.push_back(to_plain(graph, part));
    }
    shape[axis] = length;
    const int result = graph.add_value(shape);
    graph.add(std::make_unique<Concatenation>(graph, plain, axis, result));
    return result;
}

}  // namespace sequential
