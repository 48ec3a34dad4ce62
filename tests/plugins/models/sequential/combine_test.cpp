// Values that several operations read, and operations of several values, against differences.
#include "graph/combine.hpp"
#include "fixture.hpp"
#include "kernels/kernels.hpp"
#include "layers/pointwise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

using namespace fixture;

namespace {

using Numbers = std::vector<double>;

/// A graph that a test puts together, and the same in double precision.
struct Case {
    const char *name;
    Shape input;
    std::function<int(Graph &)> build;
    std::function<Numbers(const Numbers &)> slowly;
};

int tanh_of(Graph &graph, int value) {
    return add_pointwise(graph, value, {kernels().tanh, kernels().tanh_gradient, true});
}

int gelu_of(Graph &graph, int value) {
    return add_pointwise(graph, value, {kernels().gelu, kernels().gelu_gradient, false});
}

Numbers each(const Numbers &x, double (*f)(double)) {
    Numbers y;
    for (const double value : x) y.push_back(f(value));
    return y;
}

double tanh_slowly(double x) {
    return std::tanh(x);
}
double gelu_slowly(double x) {
    return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
}

Numbers sum(Numbers a, const Numbers &b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
}
Numbers product(Numbers a, const Numbers &b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] *= b[i];
    return a;
}
Numbers behind(Numbers a, const Numbers &b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const std::vector<Case> cases{
    {"x + x",
     {5},
     [](Graph &g) { return add(g, 0, 0); },
     [](const Numbers &x) { return sum(x, x); }},
    {"x * x",
     {5},
     [](Graph &g) { return multiply(g, 0, 0); },
     [](const Numbers &x) { return product(x, x); }},
    {"three readers of an inner value",
     {7},
     [](Graph &g) {
         const int h = tanh_of(g, 0);
         return concatenate(g, {multiply(g, h, gelu_of(g, h)), add(g, h, 0)}, 0);
     },
     [](const Numbers &x) {
         const Numbers h = each(x, tanh_slowly);
         return behind(product(h, each(h, gelu_slowly)), sum(h, x));
     }},
    {"the output is read inside, too",
     {6},
     [](Graph &g) {
         const int h = tanh_of(g, 0);
         tanh_of(g, h);
         return h;
     },
     [](const Numbers &x) { return each(x, tanh_slowly); }},
    {"views of a value that is read otherwise",
     {2, 3},
     [](Graph &g) {
         const int h = tanh_of(g, 0);
         const int flat = g.add_view(h, {6});
         const int other = g.add_view(gelu_of(g, h), {6});
         return multiply(g, add(g, flat, other), flat);
     },
     [](const Numbers &x) {
         const Numbers h = each(x, tanh_slowly);
         return product(sum(h, each(h, gelu_slowly)), h);
     }},
    {"one after another along the inner axis",
     {2, 2},
     [](Graph &g) {
         return g.add_view(concatenate(g, {tanh_of(g, 0), 0}, 1), {8});
     },
     [](const Numbers &x) {
         const Numbers h = each(x, tanh_slowly);
         return Numbers{h[0], h[1], x[0], x[1], h[2], h[3], x[2], x[3]};
     }}};

}  // namespace

TEST_CASE("gradients of values with several readers, and of operations of several values") {
    for (const Case &test : cases) {
        CAPTURE(test.name);
        Graph graph(4, test.input);
        graph.finish(test.build(graph));
        const Threads threads(2);
        Executor executor(graph, threads);
        const std::int64_t rows = 11, size = graph.value(0).size(),
                           outputs = graph.value(graph.output).size();
        const std::vector<float> x = numbers(rows * size, 3, -2, 2);
        std::vector<float> y(static_cast<std::size_t>(rows * outputs)), dx(x.size());
        const auto names = ids(rows);
        HeadContext context{outputs, names.data()};
        executor.pass({.rows = rows,
                       .x = x.data(),
                       .head = head,
                       .head_context = &context,
                       .wants = {.input = true},
                       .outputs = y.data(),
                       .dx = dx.data()});
        for (std::int64_t row = 0; row < rows; ++row) {
            Numbers at(x.begin() + row * size, x.begin() + (row + 1) * size);
            const Numbers wanted = test.slowly(at);
            REQUIRE(std::ssize(wanted) == outputs);
            for (std::int64_t k = 0; k < outputs; ++k)
                REQUIRE(y[std::size_t(row * outputs + k)] ==
                        doctest::Approx(wanted[std::size_t(k)]).epsilon(1e-5));
            for (std::size_t i = 0; i < at.size(); ++i) {
                const double middle = at[i], step = 1e-6;
                double slope = 0;
                for (const int side : {1, -1}) {
                    at[i] = middle + side * step;
                    const Numbers moved = test.slowly(at);
                    for (std::int64_t k = 0; k < outputs; ++k)
                        slope += side * moved[std::size_t(k)] / (2 * step) *
                                 cotangent(names[std::size_t(row)], k,
                                           y[std::size_t(row * outputs + k)]);
                }
                at[i] = middle;
                REQUIRE(dx[std::size_t(row * size) + i] == doctest::Approx(slope).epsilon(1e-4));
            }
        }
    }
}

TEST_CASE("values that do not go together") {
    const auto message = [](const std::function<void(Graph &)> &build) -> std::string {
        Graph graph(4, {2, 3});
        try {
            build(graph);
        } catch (const spar::Error &error) {
            return error.what();
        }
        return "";
    };
    CHECK(message([](Graph &g) {
              add(g, 0, g.add_value({3, 2}));
          }) == "values of the shapes [2,3] and [3,2] do not go together value by value");
    CHECK(message([](Graph &g) {
              concatenate(g, {0, g.add_value({3, 2})}, 0);
          }) == "values of the shapes [2,3] and [3,2] do not follow each other along axis 0");
    CHECK(message([](Graph &g) { concatenate(g, {0}, 2); }) ==
          "a value of shape [2,3] has no axis 2");
    CHECK(message([](Graph &g) { concatenate(g, {0, g.add_value({4, 3})}, 0); }).empty());
}
