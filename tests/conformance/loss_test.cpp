// Every loss: its gradient is its value's, an example's loss is its own, and nothing overflows.
#include "components.hpp"

#include <spar/loss.hpp>

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::int64_t rows = 6, classes = 5;

/// Outputs and what to compare them with; a loss gets what it needs, otherwise labels.
struct Problem {
    std::vector<float> output, reference, values;
    std::vector<std::int64_t> labels, targets, ids;
    spar_loss_needs needs;

    Problem(const spar_component_ref &loss, float size) : needs(spar::needs(loss)) {
        Random random(5, 1);
        for (std::int64_t i = 0; i < rows * classes; ++i) {
            output.push_back(static_cast<float>(random.normal(i)) * size);
            reference.push_back(static_cast<float>(random.normal(1000 + i)) * size);
            values.push_back(static_cast<float>(random.uniform(2000 + i)));
        }
        for (std::int64_t i = 0; i < rows; ++i) {
            labels.push_back(i % classes);
            targets.push_back((i + 2) % classes);
            ids.push_back(100 + 7 * i);
        }
    }
};

struct Result {
    std::vector<float> loss = std::vector<float>(rows);
    std::vector<float> gradient = std::vector<float>(rows * classes, 123);
    std::vector<float> reference_gradient = std::vector<float>(rows * classes, 123);
};

/// Rows [first, first + count) of the problem into the same rows of the result.
void run(const spar_component_ref &loss, const Problem &p, Result &result, std::int64_t first = 0,
         std::int64_t count = rows, bool gradients = true) {
    const bool compares = (p.needs & SPAR_LOSS_NEEDS_REFERENCE) != 0;
    const bool by_value = (p.needs & SPAR_LOSS_NEEDS_VALUES) != 0;
    spar_loss_rows in{};
    in.struct_size = sizeof in;
    in.count = count;
    in.outputs = classes;
    in.output = p.output.data() + first * classes;
    in.reference = compares ? p.reference.data() + first * classes : nullptr;
    in.labels = by_value ? nullptr : p.labels.data() + first;
    in.values = by_value ? p.values.data() + first * classes : nullptr;
    in.targets = (p.needs & SPAR_LOSS_NEEDS_TARGETS) != 0 ? p.targets.data() + first : nullptr;
    in.ids = p.ids.data() + first;
    in.key = 4;
    in.loss = result.loss.data() + first;
    if (gradients) in.gradient = result.gradient.data() + first * classes;
    if (gradients && compares)
        in.reference_gradient = result.reference_gradient.data() + first * classes;
    spar::evaluate(loss, in);
}

/// Central difference of row `i / classes`'s loss by `input[i]`; NaN next to a kink, where the two
/// sides disagree.
double slope(const spar_component_ref &loss, Problem p, std::vector<float> Problem::*input,
             std::size_t i) {
    constexpr float step = 1.0F / 256;
    const auto row = i / classes;
    const float here = (p.*input)[i];
    const auto at = [&](float value) {
        Result result;
        (p.*input)[i] = value;
        run(loss, p, result, 0, rows, false);
        return double{result.loss[row]};
    };
    const double middle = at(here), up = at(here + step), down = at(here - step);
    const double right = (up - middle) / double{step}, left = (middle - down) / double{step};
    return std::abs(right - left) > 0.02 * (1 + std::abs(right)) ? std::nan("")
                                                                 : (right + left) / 2;
}

void check_gradient(const spar_component_ref &loss, const Problem &p,
                    std::vector<float> Problem::*input, const std::vector<float> &gradient) {
    int checked = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
        const double expected = slope(loss, p, input, i);
        if (std::isnan(expected)) continue;
        CAPTURE(i);
        CHECK(std::abs(double{gradient[i]} - expected) <= 3e-3 * (1 + std::abs(expected)));
        ++checked;
    }
    CHECK(checked > rows * classes * 2 / 3);
}

}  // namespace

TEST_CASE("the gradient is that of the value") {
    for (const Sample &sample : samples(SPAR_KIND_LOSS)) {
        INFO(sample.name());
        const Made made = sample.make();
        const spar_component_ref &loss = made.instance().ref();
        const Problem p(loss, 1.5F);
        Result result;
        run(loss, p, result);
        check_gradient(loss, p, &Problem::output, result.gradient);
        if ((p.needs & SPAR_LOSS_NEEDS_REFERENCE) != 0)
            check_gradient(loss, p, &Problem::reference, result.reference_gradient);
    }
}

TEST_CASE("an example's loss depends neither on the other rows nor on which gradients are wanted") {
    for (const Sample &sample : samples(SPAR_KIND_LOSS)) {
        INFO(sample.name());
        const Made made = sample.make();
        const spar_component_ref &loss = made.instance().ref();
        const Problem p(loss, 2);
        Result together, alone, value;
        run(loss, p, together);
        for (std::int64_t row = 0; row < rows; ++row) run(loss, p, alone, row, 1);
        run(loss, p, value, 0, rows, false);
        CHECK(alone.loss == together.loss);
        CHECK(alone.gradient == together.gradient);
        CHECK(alone.reference_gradient == together.reference_gradient);
        CHECK(value.loss == together.loss);
    }
}

TEST_CASE("an example's loss does not depend on where its row lies in memory") {
    for (const Sample &sample : samples(SPAR_KIND_LOSS)) {
        INFO(sample.name());
        const Made made = sample.make();
        const spar_component_ref &loss = made.instance().ref();
        const Problem p(loss, 2);
        Result plain;
        run(loss, p, plain);
        for (std::ptrdiff_t offset = 1; offset < 8; ++offset) {
            CAPTURE(offset);
            const auto moved = [&](auto &values) {
                values.insert(values.begin(), offset * classes, 0);
            };
            Problem q = p;
            for (auto *values : {&q.output, &q.reference, &q.values}) moved(*values);
            for (auto *values : {&q.labels, &q.targets, &q.ids})
                values->insert(values->begin(), static_cast<std::size_t>(offset), 0);
            Result result;
            result.loss.resize(static_cast<std::size_t>(rows + offset));
            moved(result.gradient);
            moved(result.reference_gradient);
            run(loss, q, result, offset);
            CHECK(std::equal(plain.loss.begin(), plain.loss.end(), result.loss.begin() + offset));
            CHECK(std::equal(plain.gradient.begin(), plain.gradient.end(),
                             result.gradient.begin() + offset * classes));
            CHECK(std::equal(plain.reference_gradient.begin(), plain.reference_gradient.end(),
                             result.reference_gradient.begin() + offset * classes));
        }
    }
}

TEST_CASE("outputs of 1e4 and outputs of equal values give finite numbers") {
    for (const Sample &sample : samples(SPAR_KIND_LOSS)) {
        INFO(sample.name());
        const Made made = sample.make();
        const spar_component_ref &loss = made.instance().ref();
        for (const float size : {1e4F, -1e4F, 0.0F, 1e-30F}) {
            CAPTURE(size);
            Problem p(loss, 1);
            for (std::size_t i = 0; i < p.output.size(); ++i) {
                p.output[i] = i / classes == 0 ? size : (i % 3 == 0 ? size : -size);
                p.reference[i] = i % 2 == 0 ? size : -size;
            }
            Result result;
            run(loss, p, result);
            for (const float value : result.loss) CHECK(std::isfinite(value));
            for (const float value : result.gradient) CHECK(std::isfinite(value));
            for (const float value : result.reference_gradient) CHECK(std::isfinite(value));
        }
    }
}

TEST_CASE("a label that the outputs do not have is refused") {
    for (const Sample &sample : samples(SPAR_KIND_LOSS)) {
        INFO(sample.name());
        const Made made = sample.make();
        Problem p(made.instance().ref(), 1);
        if ((p.needs & SPAR_LOSS_NEEDS_VALUES) != 0) continue;
        for (const std::int64_t label : {std::int64_t{classes}, std::int64_t{-1}, INT64_MAX}) {
            p.labels[2] = label;
            p.targets[2] = label;
            Result result;
            // A loss that only compares never looks at labels; whatever it answers must be numbers.
            try {
                run(made.instance().ref(), p, result);
                for (const float value : result.loss) CHECK(std::isfinite(value));
            } catch (const Error &error) {
                CHECK(std::string(error.what()).size() > 10);
            }
        }
    }
}
