#include "layers/recurrent.hpp"

#include "graph/combine.hpp"
#include "graph/reorder.hpp"
#include "layers/dense.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// From the gates' summands of the inputs, [length, gates size], to states [length, size]. All
/// texts of a micro-batch take a step together. At padding the state waits, and the output is zero.
class Recurrence final : public DenseOperation {
  public:
    Recurrence(Graph &graph, int input, int result, const Padding &padding, const Cell &cell,
               const Weights &weights, bool reverse)
        : DenseOperation(graph.value(result).shape[0],
                         Dense(weights, graph.value(result).shape[1], {})),
          padding_(padding),
          cell_(cell),
          reverse_(reverse),
          length_(graph.value(result).shape[0]),
          size_(graph.value(result).shape[1]),
          gates_(cell.gates() * size_) {
        inputs = {input};
        outputs = {result};
        const std::int64_t lines = graph.width * length_;
        const auto room = [&](std::int64_t values) {
            return graph.reserve(static_cast<std::size_t>(lines * values) * sizeof(float));
        };
        tokens_ = graph.reserve(static_cast<std::size_t>(lines));
        before_ = room(size_);
        kept_ = room(cell.kept() * size_);
        const std::int64_t rows = graph.width * (3 * size_ + gates_);
        graph.reserve_scratch(static_cast<std::size_t>(rows + lines * gates_) * sizeof(float));
    }

    void forward(Batch &batch) const override {
        const Room room(*this, batch);
        std::fill_n(room.h, batch.rows * size_, 0.0F);
        std::fill_n(room.c, batch.rows * size_, 0.0F);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            padding_.tokens(batch, row, length_, tokens(batch) + row * length_);
        for (std::int64_t t = 0; t < length_; ++t) {
            dense_.forward(batch.rows, room.h, room.gates);
            for (std::int64_t row = 0; row < batch.rows; ++row) {
                const std::int64_t line = this->line(row, t);
                float *h = room.h + row * size_;
                float *y = batch.frame->data(outputs[0]) + line * size_;
                std::copy_n(h, size_, before(batch) + line * size_);
                if (tokens(batch)[line] == 0) {
                    std::fill_n(y, size_, 0.0F);
                    continue;
                }
                cell_.step(size_, batch.frame->data(inputs[0]) + line * gates_,
                           room.gates + row * gates_, h, room.c + row * size_, kept(batch, line));
                std::copy_n(h, size_, y);
            }
        }
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        const Room room(*this, batch);
        float *dh = room.h, *dc = room.c;
        std::fill_n(dh, batch.rows * size_, 0.0F);
        std::fill_n(dc, batch.rows * size_, 0.0F);
        for (std::int64_t t = length_; t-- > 0;) {
            for (std::int64_t row = 0; row < batch.rows; ++row)
                step_back(batch, room, row, line(row, t));
            dense_.gradient(batch.rows, room.gates, room.through);
            kernels().add(room.through, dh, batch.rows * size_);
        }
        if (parameters)
            dense_.keep(batch.first * length_, batch.rows * length_, before(batch), room.lines);
    }

    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = lines_each_ = graph.value(inputs[0]).shape[0];
        graph.value(outputs[0]).shape[0] = length_;
        return true;
    }

  private:
    /// Scratch memory, shared out: for every row two states, the gates and what comes through them;
    /// for every line the gradient at the gates.
    struct Room {
        Room(const Recurrence &r, const Batch &batch)
            : h(batch.work->scratch()),
              c(h + batch.rows * r.size_),
              through(c + batch.rows * r.size_),
              gates(through + batch.rows * r.size_),
              lines(gates + batch.rows * r.gates_) {}
        float *h, *c, *through, *gates, *lines;
    };

    void step_back(const Batch &batch, const Room &room, std::int64_t row,
                   std::int64_t line) const {
        float *input = batch.work->gradient(inputs[0]) + line * gates_;
        float *hidden = room.gates + row * gates_, *dh = room.h + row * size_;
        if (tokens(batch)[line] == 0) {
            std::fill_n(input, gates_, 0.0F);
            std::fill_n(hidden, gates_, 0.0F);
        } else {
            kernels().add(batch.work->gradient(outputs[0]) + line * size_, dh, size_);
            cell_.back(size_, before(batch) + line * size_, kept(batch, line), dh,
                       room.c + row * size_, input, hidden);
        }
        std::copy_n(hidden, gates_, room.lines + line * gates_);
    }

    /// The number of a row's step t among all positions.
    std::int64_t line(std::int64_t row, std::int64_t t) const {
        return row * length_ + (reverse_ ? length_ - 1 - t : t);
    }
    std::uint8_t *tokens(const Batch &batch) const {
        return batch.frame->extra<std::uint8_t>(tokens_);
    }
    float *before(const Batch &batch) const { return batch.frame->extra<float>(before_); }
    float *kept(const Batch &batch, std::int64_t line) const {
        return batch.frame->extra<float>(kept_) + line * cell_.kept() * size_;
    }

    Padding padding_;
    const Cell &cell_;
    bool reverse_;
    std::int64_t length_, size_, gates_;
    std::size_t tokens_ = 0, before_ = 0, kept_ = 0;
};

/// Of each input the vector at its last token or, of the second one, at the first; zero where there
/// is none.
class LastStates final : public Operation {
  public:
    LastStates(Graph &graph, const std::vector<int> &states, int result, const Padding &padding)
        : padding_(padding),
          length_(graph.value(states[0]).shape[0]),
          size_(graph.value(states[0]).shape[1]) {
        inputs = states;
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            padding_.tokens(batch, row, length_, tokens(batch, row));
            for (std::size_t k = 0; k < inputs.size(); ++k) {
                const std::int64_t place = this->place(batch, row, k);
                float *y = part(batch.value(outputs[0], row), k);
                if (place < 0)
                    std::fill_n(y, size_, 0.0F);
                else
                    std::copy_n(batch.value(inputs[k], row) + place * size_, size_, y);
            }
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            for (std::size_t k = 0; k < inputs.size(); ++k) {
                float *dx = batch.gradient(inputs[k], row);
                std::fill_n(dx, length_ * size_, 0.0F);
                if (const std::int64_t place = this->place(batch, row, k); place >= 0)
                    std::copy_n(part(batch.gradient(outputs[0], row), k), size_,
                                dx + place * size_);
            }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

  private:
    std::uint8_t *tokens(const Batch &batch, std::int64_t row) const {
        return batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
    }
    float *part(float *both, std::size_t k) const {
        return both + static_cast<std::int64_t>(k) * size_;
    }
    std::int64_t place(const Batch &batch, std::int64_t row, std::size_t k) const {
        const std::uint8_t *begin = tokens(batch, row);
        for (std::int64_t i = 0; i < length_; ++i) {
            const std::int64_t at = k == 0 ? length_ - 1 - i : i;
            if (begin[at] != 0) return at;
        }
        return -1;
    }

    Padding padding_;
    std::int64_t length_, size_;
    std::size_t tokens_ = 0;
};

}  // namespace

int RecurrentLayer::direction(Builder &builder, int input, std::int64_t layer, bool reverse) const {
    Graph &graph = builder.graph;
    const Shape in = graph.value(input).shape;
    const std::int64_t gates = cell_.gates() * *hidden_;
    const std::string suffix = "_l" + std::to_string(layer) + (reverse ? "_reverse" : "");
    const auto add = [&](const char *name, const Shape &shape) -> Parameter & {
        Parameter &own = graph.parameters.add(builder.parameter(name + suffix), shape);
        initialise_bias(own, "pytorch", *hidden_, builder.key);  // all, as PyTorch's
        return own;
    };
    Parameter &of_input = add("weight_ih", {gates, in[1]});
    Parameter &of_state = add("weight_hh", {gates, *hidden_});
    Parameter *input_bias = *bias_ ? &add("bias_ih", {gates}) : nullptr;
    Parameter *state_bias = *bias_ ? &add("bias_hh", {gates}) : nullptr;
    const int summands = add_dense(graph, input, {of_input, input_bias});
    const int states = graph.add_value({in[0], *hidden_});
    graph.add(std::make_unique<Recurrence>(graph, summands, states, builder.padding, cell_,
                                           Weights{of_state, state_bias}, reverse));
    return states;
}

int RecurrentLayer::build(Builder &builder, int input) const {
    Graph &graph = builder.graph;
    expect_vectors(graph, input);
    input = to_plain(graph, input);
    for (std::int64_t layer = 0; layer < *layers_; ++layer) {
        std::vector<int> states{direction(builder, input, layer, false)};
        if (*bidirectional_) states.push_back(direction(builder, input, layer, true));
        if (layer + 1 == *layers_ && *output_ == "last") {
            const int last = graph.add_value({static_cast<std::int64_t>(states.size()) * *hidden_});
            graph.add(std::make_unique<LastStates>(graph, states, last, builder.padding));
            return last;
        }
        input = states.size() == 1 ? states[0] : concatenate(graph, states, 1);
    }
    return input;
}

}  // namespace sequential
