// Dropout on the maps of attention: what is dropped, by what, and the gradients under it.
#include "gradient_check.hpp"

using namespace fixture;

namespace {

constexpr std::int64_t heads = 2, width = 8, dim = heads * width, length = 6;
constexpr double probability = 0.3;

Json dropping(const Json &layer) {
    return with(with(layer, "heads", heads), "attention_dropout", probability);
}

Result pass(Net &net, const std::vector<float> &x, const std::vector<std::int64_t> &names,
            std::uint64_t key, bool training = true) {
    const auto rows = std::ssize(names);
    Result result;
    result.outputs.resize(static_cast<std::size_t>(rows * net.outputs));
    result.dx.resize(x.size());
    HeadContext context{net.outputs, names.data()};
    net.zero_gradients();
    net.executor.pass({.rows = rows,
                       .x = x.data(),
                       .mask = net.mask.empty() ? nullptr : net.mask.data(),
                       .ids = names.data(),
                       .key = key,
                       .training = training,
                       .head = head,
                       .head_context = &context,
                       .wants = {.input = true, .parameters = true},
                       .outputs = result.outputs.data(),
                       .dx = result.dx.data()});
    result.gradients = net.gradients();
    return result;
}

/// Attention that looks everywhere alike, and whose value at position j is 1 at place j of each
/// head: its outputs are its maps.
struct Shown : Net {
    Shown() : Net({dropping(layer("attention")), layer("flatten")}, {length, dim}) {
        for (std::int64_t i = 0; i < graph->parameters.size(); ++i)
            std::ranges::fill(graph->parameters[i].value, 0.0F);
        for (std::int64_t c = 0; c < dim; ++c) {
            graph->parameters[0].value[static_cast<std::size_t>((2 * dim + c) * dim + c)] = 1;
            graph->parameters[2].value[static_cast<std::size_t>(c * dim + c)] = 1;
        }
        executor.parameters_changed();
    }
    static std::vector<float> x(std::int64_t rows) {
        std::vector<float> values;
        for (std::int64_t i = 0; i < rows * length * dim; ++i)
            values.push_back(i / dim % length == i % width ? 1.0F : 0.0F);
        return values;
    }
};

/// What the cotangent of a pass is the gradient of.
double value_of(const std::vector<float> &outputs, std::int64_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto at = static_cast<std::int64_t>(i);
        const double z = outputs[i];
        sum += cotangent(100 + at / count, at % count, 0) * z + 0.05 * z * z;
    }
    return sum;
}

/// The slope along a direction, beside the gradient's.
void check_along(const std::vector<float> &gradient, std::uint64_t key,
                 const std::function<double(const std::vector<float> &, double)> &value) {
    const std::vector<float> direction = numbers(std::ssize(gradient), key, -1, 1);
    double wanted = 0, size = 0, steep = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
        wanted += double{gradient[i]} * direction[i];
        size += double{direction[i]} * direction[i];
        steep += double{gradient[i]} * gradient[i];
    }
    const double step = 0.03 / std::sqrt(size);
    const double slope = (value(direction, step) - value(direction, -step)) / (2 * step);
    CHECK(std::abs(slope - wanted) < 2e-3 * std::sqrt(steep * size));
}

std::vector<float> moved(std::vector<float> values, const std::vector<float> &direction,
                         double by) {
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(values[i] + by * direction[i]);
    return values;
}

}  // namespace

TEST_CASE("dropout on maps zeroes entries, and scales up the others") {
    Shown net;
    const std::int64_t rows = 50;
    const Result dropped = pass(net, Shown::x(rows), ids(rows), 5);
    const Result whole = pass(net, Shown::x(rows), ids(rows), 5, false);
    std::int64_t zeros = 0, entries = 0, unlike_head = 0, unlike_row = 0;
    std::int64_t unlike_query = 0, unlike_key = 0;
    const auto at = [&](std::int64_t row, std::int64_t query, std::int64_t place) {
        return dropped.outputs[static_cast<std::size_t>((row * length + query) * dim + place)];
    };
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t query = 0; query < length; ++query)
            for (std::int64_t place = 0; place < dim; ++place) {
                const bool shown = place % width < length;
                const float entry = at(row, query, place);
                const auto i = static_cast<std::size_t>((row * length + query) * dim + place);
                CHECK(whole.outputs[i] == doctest::Approx(shown ? 1.0 / length : 0.0));
                if (!shown) continue;
                ++entries;
                zeros += entry == 0 ? 1 : 0;
                if (entry != 0) CHECK(entry == doctest::Approx(1 / (1 - probability) / length));
                unlike_head += entry != at(row, query, (place + width) % dim) ? 1 : 0;
                unlike_row += entry != at((row + 1) % rows, query, place) ? 1 : 0;
                unlike_query += entry != at(row, (query + 1) % length, place) ? 1 : 0;
                const std::int64_t key = place % width;
                unlike_key += entry != at(row, query, place - key + (key + 1) % length) ? 1 : 0;
            }
    const auto count = static_cast<double>(entries), p = probability;
    CHECK(static_cast<double>(zeros) / count == doctest::Approx(p).epsilon(0.06));
    for (const std::int64_t unlike : {unlike_head, unlike_row, unlike_query, unlike_key})
        CHECK(static_cast<double>(unlike) / count == doctest::Approx(2 * p * (1 - p)).epsilon(0.1));
}

TEST_CASE("what maps lose depends on the pass's key and the example alone") {
    Shown net;
    const Result one = pass(net, Shown::x(2), {7, 8}, 5), same = pass(net, Shown::x(2), {7, 8}, 5),
                 swapped = pass(net, Shown::x(2), {8, 7}, 5),
                 other = pass(net, Shown::x(2), {7, 8}, 6);
    const std::ptrdiff_t half = std::ssize(one.outputs) / 2;
    CHECK(one.outputs == same.outputs);
    CHECK(one.outputs != other.outputs);
    CHECK(std::equal(one.outputs.begin(), one.outputs.begin() + half,
                     swapped.outputs.begin() + half));
    CHECK(!std::equal(one.outputs.begin(), one.outputs.begin() + half, swapped.outputs.begin()));
}

TEST_CASE("gradients under dropout on maps") {
    // Without kinks, at which differences are of no use.
    const Json encoder{{"type", "transformer"}, {"hidden", 10}, {"activation", "gelu"}};
    for (const Json &first :
         {dropping(layer("attention")), with(dropping(layer("attention")), "positions", "relative"),
          with(dropping(layer("attention")), "score", "additive"), dropping(encoder),
          with(dropping(encoder), "queries", 4)}) {
        CAPTURE(first.dump());
        const std::int64_t rows = 3;
        Net net({first, layer("mean_pool"), linear(3)}, {length, dim});
        scatter_parameters(net);
        net.mask = padding_of(rows, length);
        const std::vector<float> x = numbers(rows * net.size, 9, -1, 1);
        const Result here = pass(net, x, ids(rows), 5);
        CHECK(here.outputs != pass(net, x, ids(rows), 5, false).outputs);
        const auto value = [&](const std::vector<float> &at) {
            return value_of(pass(net, at, ids(rows), 5).outputs, net.outputs);
        };
        for (const std::uint64_t key : {1U, 2U, 3U}) {
            check_along(here.dx, key, [&](const auto &direction, double by) {
                return value(moved(x, direction, by));
            });
            auto gradient = here.gradients.begin();
            for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
                Parameter &p = net.graph->parameters[i];
                CAPTURE(p.name);
                const auto end = gradient + std::ssize(p.value);
                check_along({gradient, end}, key, [&](const auto &direction, double by) {
                    const auto before = p.value;
                    std::ranges::copy(moved(before, direction, by), p.value.begin());
                    net.executor.parameters_changed();
                    const double there = value(x);
                    std::ranges::copy(before, p.value.begin());
                    net.executor.parameters_changed();
                    return there;
                });
                gradient = end;
            }
        }
    }
}
