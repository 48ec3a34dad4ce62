#include "kernels/kernels.hpp"
#include "operations/operations.hpp"

#include <algorithm>

namespace onnx {
namespace {

using namespace sequential;

class ProductsOfTwo final : public Operation {
  public:
    ProductsOfTwo(Graph &graph, int left, int right, int result, const Products &products)
        : p_(products) {
        inputs = {left, right};
        outputs = {result};
        const std::int64_t longest = std::max({p_.in, p_.out, p_.rows});
        graph.reserve_scratch(static_cast<std::size_t>(kernels().multiply_scratch(longest)) *
                              sizeof(float));
    }

    void forward(Batch &batch) const override {
        for_products(batch, [&](std::int64_t row, std::int64_t i) {
            kernels().multiply({p_.rows, p_.in, p_.out, 1.0F, p_.out}, left(batch, row, i),
                               right(batch, row, i), batch.work->scratch(),
                               batch.value(outputs[0], row) + i * p_.rows * p_.out);
        });
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        for_products(batch, [&](std::int64_t row, std::int64_t i) {
            const float *g = batch.gradient(outputs[0], row) + i * p_.rows * p_.out;
            const Matrix a = left(batch, row, i), b = right(batch, row, i);
            kernels().multiply({p_.rows, p_.out, p_.in, 1.0F, p_.in}, {g, p_.out, 1},
                               {b.at, 1, p_.out}, batch.work->scratch(),
                               batch.gradient(inputs[0], row) + i * p_.rows * p_.in);
            kernels().multiply({p_.in, p_.rows, p_.out, 1.0F, p_.out}, {a.at, 1, p_.in},
                               {g, p_.out, 1}, batch.work->scratch(),
                               batch.gradient(inputs[1], row) + i * p_.in * p_.out);
        });
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    template <class Work>
    void for_products(const Batch &batch, Work work) const {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            for (std::int64_t i = 0; i < p_.count; ++i) work(row, i);
    }
    Matrix left(const Batch &batch, std::int64_t row, std::int64_t i) const {
        return {batch.value(inputs[0], row) + i * p_.rows * p_.in, p_.in, 1};
    }
    Matrix right(const Batch &batch, std::int64_t row, std::int64_t i) const {
        return {batch.value(inputs[1], row) + i * p_.in * p_.out, p_.out, 1};
    }

    Products p_;
};

}  // namespace

int add_products(Graph &graph, int left, int right, const Products &products) {
    const int result = graph.add_value({products.count, products.rows, products.out});
    graph.add(std::make_unique<ProductsOfTwo>(graph, left, right, result, products));
    return result;
}

}  // namespace onnx
