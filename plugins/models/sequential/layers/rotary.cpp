// Rotary positions: pairs of values of queries and keys turn by angles that grow with the position,
// so that their products depend on the distance alone. In the memory of the input.
#include "layers/attention.hpp"

#include <cmath>

namespace sequential {
namespace {

class Rotation final : public Operation {
  public:
    Rotation(const Graph &graph, int input, int result, std::int64_t heads)
        : length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1] / 3),
          pairs_(dim_ / heads / 2) {
        inputs = {input};
        outputs = {result};
        for (std::int64_t i = 0; i < length_; ++i)
            for (std::int64_t c = 0; c < pairs_; ++c) {
                const double speed =
                    std::pow(10000.0, -static_cast<double>(c) / static_cast<double>(pairs_));
                const double angle = static_cast<double>(i) * speed;
                turns_.push_back(
                    {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
            }
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            turn(batch.value(outputs[0], row), 1);
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            turn(batch.gradient(outputs[0], row), -1);
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

  private:
    struct Turn {
        float cosine, sine;
    };

    // Queries and keys of all heads lie side by side.
    void turn(float *values, float sign) const {
        for (std::int64_t i = 0; i < length_; ++i, values += 3 * dim_) {
            const Turn *turns = turns_.data() + i * pairs_;
            for (std::int64_t c = 0; c < dim_; ++c) {
                const auto [cosine, sine] = turns[c % pairs_];
                float &a = values[2 * c], &b = values[2 * c + 1];
                const float x = a, y = b;
                a = x * cosine - sign * y * sine;
                b = y * cosine + sign * x * sine;
            }
        }
    }

    std::int64_t length_, dim_, pairs_;  // of a head
    std::vector<Turn> turns_;            // of each position and pair
};

}  // namespace

int rotate(Graph &graph, int input, std::int64_t heads) {
    const int result = graph.add_view(input, graph.value(input).shape);
    graph.add(std::make_unique<Rotation>(graph, input, result, heads));
    return result;
}

}  // namespace sequential
