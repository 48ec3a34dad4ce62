// Every model: an example's outputs are its own, and nothing superfluous is computed.
#include "components.hpp"

#include "engine/network.hpp"

#include <spar/head.hpp>

#include <cmath>
#include <cstring>

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::int64_t count = 37;

/// A model set up on the data of its own example.
struct Bench {
    explicit Bench(const Sample &sample) : data(make_data(sample)), network(model(sample), data) {
        data.read(host::index_range(0, count), batch);
        if (data.tokens()) network.embed(batch, vectors);
    }

    static std::unique_ptr<host::Instance> model(const Sample &sample) {
        return sample.make().take();
    }
    static host::Data make_data(const Sample &sample) {
        const host::Node &node =
            sample.plan.data.test ? sample.plan.data.test : sample.plan.data.train;
        return host::Data(Made(SPAR_KIND_DATASET, node.json->dump()).take());
    }
    const float *x(std::int64_t first) const {
        return (data.tokens() ? vectors : batch.x).data() + first * network.size();
    }
    host::Network::Points points(std::int64_t first, std::int64_t n) const {
        host::Network::Points points{n, x(first), batch.ids.data() + first};
        if (data.tokens()) {
            const std::int64_t length = data.shape()[0];
            points.tokens = batch.tokens.data() + first * length;
            points.mask = batch.mask.data() + first * length;
        }
        return points;
    }

    host::Data data;
    host::Batch batch;
    host::FencedMatrix vectors;
    host::Network network;
};

/// Cotangent i, j is a fixed number of the example's own.
spar_status cotangent(void *context, std::int64_t first, std::int64_t rows, const float *outputs,
                      float *gradients, spar_error *) {
    const auto &[offset, width] = *static_cast<std::pair<std::int64_t, std::int64_t> *>(context);
    for (std::int64_t i = 0; gradients != nullptr && i < rows * width; ++i) {
        const auto at = static_cast<double>((offset + first) * width + i);
        gradients[i] = static_cast<float>(std::sin(at)) + 0.01F * outputs[i];
    }
    return SPAR_OK;
}

struct Passed {
    std::vector<float> outputs, dx;
    bool operator==(const Passed &) const = default;
};

void pass(Bench &bench, Passed &into, std::int64_t first, std::int64_t n, spar_wants wants,
          spar_mode mode = SPAR_MODE_EVAL, std::int32_t tape = 0) {
    const std::int64_t width = bench.network.outputs(), size = bench.network.size();
    into.outputs.resize(static_cast<std::size_t>(count * width));
    into.dx.resize(static_cast<std::size_t>(count * size));
    std::pair<std::int64_t, std::int64_t> context{first, width};
    spar_pass request{};
    request.wants = wants;
    request.mode = mode;
    request.tape = tape;
    request.key = 11;
    request.head = cotangent;
    request.head_context = &context;
    request.outputs = into.outputs.data() + first * width;
    request.dx = (wants & SPAR_WANT_INPUT_GRADIENT) != 0 ? into.dx.data() + first * size : nullptr;
    bench.network.pass(bench.points(first, n), request);
}

std::vector<float> gradients(const Bench &bench) {
    std::vector<float> all;
    for (const auto &parameter : bench.network.parameters())
        all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
    return all;
}

const spar_counters *counters(const Bench &bench) {
    const host::Instance &model = bench.network.instance();
    const auto &table = model.table<spar_model_table>();
    return table.extension == nullptr ? nullptr
                                      : static_cast<const spar_counters *>(
                                            table.extension(model.self(), SPAR_MODEL_COUNTERS));
}

}  // namespace

TEST_CASE(
    "outputs and input gradients of an example do not depend on the split, nor on the mode's "
    "company") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        Bench bench(sample);
        for (const spar_mode mode : {SPAR_MODE_EVAL, SPAR_MODE_TRAIN}) {
            Passed whole, again;
            pass(bench, whole, 0, count, SPAR_WANT_INPUT_GRADIENT, mode);
            pass(bench, again, 0, count, SPAR_WANT_INPUT_GRADIENT, mode);
            CHECK((whole == again));
            for (const std::int64_t split : {1, 7, 16, 36}) {
                CAPTURE(split);
                Passed parts;
                for (std::int64_t first = 0; first < count; first += split)
                    pass(bench, parts, first, std::min(split, count - first),
                         SPAR_WANT_INPUT_GRADIENT, mode);
                CHECK((parts == whole));
            }
            for (const float value : whole.dx) CHECK(std::isfinite(value));
        }
    }
}

TEST_CASE("every number is the same for 1, 2, 3 and 4 threads") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        std::vector<std::pair<Passed, std::vector<float>>> results;
        for (const int threads : {1, 2, 3, 4}) {
            host::set_threads(threads);
            Bench bench(sample);
            Passed passed;
            bench.network.zero_gradients();
            pass(bench, passed, 0, count, SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS,
                 SPAR_MODE_TRAIN);
            results.emplace_back(passed, gradients(bench));
            CHECK((results.back() == results.front()));
        }
        host::set_threads(1);
    }
}

TEST_CASE("what is not wanted is not computed") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        Bench bench(sample);
        for (const auto &parameter : bench.network.parameters())
            std::ranges::fill(parameter.gradient, 0.25F);
        const std::vector<float> before = gradients(bench);
        Passed passed;
        pass(bench, passed, 0, count, SPAR_WANT_INPUT_GRADIENT);
        CHECK((gradients(bench) == before));
        if (const spar_counters *counted = counters(bench)) {
            void *self = bench.network.instance().self();
            CHECK(counted->parameter_gradient_rows(self) == 0);
            CHECK(counted->input_gradient_rows(self) == count);
            CHECK(counted->forward_rows(self) == count);
            pass(bench, passed, 0, count, SPAR_WANT_PARAMETER_GRADIENTS);
            CHECK(counted->parameter_gradient_rows(self) == count);
            CHECK(counted->input_gradient_rows(self) == count);
        }
        pass(bench, passed, 0, count, SPAR_WANT_PARAMETER_GRADIENTS);
        CHECK((gradients(bench) != before));
    }
}

TEST_CASE("parameter gradients are added to what is there") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        Bench bench(sample);
        Passed passed;
        bench.network.zero_gradients();
        pass(bench, passed, 0, count, SPAR_WANT_PARAMETER_GRADIENTS);
        const std::vector<float> once = gradients(bench);
        pass(bench, passed, 0, count, SPAR_WANT_PARAMETER_GRADIENTS);
        const std::vector<float> twice = gradients(bench);
        for (std::size_t i = 0; i < once.size(); ++i)
            CHECK(std::abs(twice[i] - 2 * once[i]) <= 1e-4F * (1 + std::abs(once[i])));
    }
}

TEST_CASE("backward through a tape gives what the pass gave") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        Bench bench(sample);
        const std::int64_t width = bench.network.outputs();
        Passed passed, back;
        bench.network.zero_gradients();
        pass(bench, passed, 0, count, SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS,
             SPAR_MODE_EVAL, 3);
        const std::vector<float> expected = gradients(bench);
        std::vector<float> at(static_cast<std::size_t>(count * width));
        std::pair<std::int64_t, std::int64_t> context{0, width};
        cotangent(&context, 0, count, passed.outputs.data(), at.data(), nullptr);
        back = passed;
        for (int again = 0; again < 2; ++again) {
            bench.network.zero_gradients();
            std::ranges::fill(back.dx, 0.0F);
            bench.network.backward(bench.points(0, count), 3, at.data(),
                                   SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS,
                                   back.dx.data());
            CHECK((back.dx == passed.dx));
            CHECK((gradients(bench) == expected));
        }
    }
}

TEST_CASE("a changed parameter changes the outputs, and back again") {
    for (const Sample &sample : samples(SPAR_KIND_MODEL)) {
        INFO(sample.name());
        Bench bench(sample);
        Passed before, changed, after;
        pass(bench, before, 0, count, 0);
        const auto &parameter = bench.network.parameters().front();
        const std::vector<float> kept(parameter.value.begin(), parameter.value.end());
        for (float &value : parameter.value) value = -2 * value + 0.5F;
        bench.network.parameters_changed();
        pass(bench, changed, 0, count, 0);
        std::ranges::copy(kept, parameter.value.begin());
        bench.network.parameters_changed();
        pass(bench, after, 0, count, 0);
        CHECK((before.outputs != changed.outputs));
        CHECK((before.outputs == after.outputs));
    }
}
