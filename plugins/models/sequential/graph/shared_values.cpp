// Values that several operations read: every reader gets its own copy of the value, and an
// operation before the first reader adds up their gradients in the backward pass.
#include "graph/graph.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// One value as several, one for each reader. Its gradient is that of the last, to which those of
/// the others are added in order.
class Fork final : public Operation {
  public:
    Fork(const Graph &graph, int input, std::vector<int> ways)
        : stride_(graph.value(input).stride()) {
        inputs = {input};
        outputs = std::move(ways);
    }

    void forward(Batch &batch) const override {
        for (const int way : outputs) {
            float *copy = batch.value(way, batch.begin);
            const float *value = batch.value(inputs[0], batch.begin);
            if (copy == value) continue;  // the same memory
            for (std::int64_t row = batch.begin; row < batch.end; ++row)
                std::copy_n(batch.value(inputs[0], row), stride_, batch.value(way, row));
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (const int way : outputs)
            for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
                if (float *to = batch.gradient(inputs[0], row); to != batch.gradient(way, row))
                    kernels().add(batch.gradient(way, row), to, stride_);
    }

    bool by_example() const override { return true; }
    bool resize(Graph &graph) override {
        for (const int way : outputs) graph.value(way).shape = graph.value(inputs[0]).shape;
        stride_ = graph.value(inputs[0]).stride();
        return true;
    }

  private:
    std::int64_t stride_;
};

}  // namespace

/// Whether a value is another one, or a view of it without an operation.
bool Graph::is_view_of(int id, int other) const {
    while (id != other && value(id).shares_value >= 0 && maker(id) == nullptr)
        id = value(id).shares_value;
    return id == other;
}

bool Graph::is_read(int id) const {
    const auto reads = [&](const auto &operation) {
        return std::ranges::any_of(operation->inputs, [&](int in) { return is_view_of(in, id); });
    };
    return is_view_of(output, id) || std::ranges::any_of(operations, reads);
}

/// Views of a value that some operation reads.
std::vector<int> Graph::views_of(int id) const {
    std::vector<int> views;
    for (int view = 0; view < static_cast<int>(values_.size()); ++view)
        if (value(view).shares_value == id && maker(view) == nullptr && is_read(view))
            views.push_back(view);
    return views;
}

void Graph::insert(std::size_t place, std::unique_ptr<Operation> operation) {
    const auto at = static_cast<std::ptrdiff_t>(place);
    operations.insert(operations.begin() + at, std::move(operation));
    slot_ends_.insert(slot_ends_.begin() + at, place > 0 ? slot_ends_[place - 1] : 0);
    if (place < stage_operations) ++stage_operations;
}

void Graph::split(int id) {
    struct Reader {
        Operation *operation;
        std::size_t input;
    };
    std::vector<Reader> readers;
    std::size_t first = operations.size();
    const std::vector<int> views = views_of(id);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        auto &in = operations[i]->inputs;
        for (std::size_t k = 0; k < in.size(); ++k)
            if (in[k] == id) readers.push_back({operations[i].get(), k});
        if (std::ranges::any_of(in, [&](int value) { return is_view_of(value, id); }))
            first = std::min(first, i);
    }
    // The gradient of the network's output comes from outside, into the output's own memory.
    const std::size_t outside = id == output ? 1 : 0, count = readers.size() + views.size();
    if (count + outside < 2 || count == 0) return;

    std::vector<int> ways;
    const auto new_way = [&](bool copies) {
        const int way = add_view(id, value(id).shape);
        if (copies) value(way).shares_value = -1;
        if (ways.size() + 1 < count || id == output) value(way).shares_gradient = -1;
        ways.push_back(way);
        return way;
    };
    for (const Reader &reader : readers) {
        const auto in_place = [&](int out) { return value(out).shares_value == id; };
        const auto &outputs = reader.operation->outputs;
        const bool writes = reader.input == 0 && std::ranges::any_of(outputs, in_place);
        const int way = new_way(writes);
        reader.operation->inputs[reader.input] = way;
        for (const int out : outputs)
            for (int Value::*shares : {&Value::shares_value, &Value::shares_gradient})
                if (reader.input == 0 && value(out).*shares == id) value(out).*shares = way;
    }
    for (const int view : views) {
        const int way = new_way(false);
        value(view).shares_value = value(view).shares_gradient = way;
    }
    insert(first, std::make_unique<Fork>(*this, id, ways));
}

void Graph::split_shared_values() {
    const auto count = static_cast<int>(values_.size());
    for (int id = 0; id < count; ++id) split(id);
}

}  // namespace sequential
