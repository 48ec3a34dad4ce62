// Every method: one step on a small problem, and a run that is stopped after every few batches ends
// in the same bytes as one that is not.
#include "app/terminal.hpp"
#include "components.hpp"
#include "interrupting.hpp"

#include "engine/fitting.hpp"
#include "engine/session.hpp"
#include "run/run.hpp"

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

/// Everything a step of training needs, from the example of the method.
struct Bench {
    explicit Bench(const Sample &sample)
        : plan(sample.plan),
          builder(registry(), 1,
                  [this](const std::string &, const std::string &text) { return plan.path(text); }),
          data(make(SPAR_KIND_DATASET, plan.data.train)),
          network(make(SPAR_KIND_MODEL, plan.model), data),
          method(make(SPAR_KIND_METHOD, plan.train->method)),
          loss(make(SPAR_KIND_LOSS, plan.train->loss)),
          optimization(make(SPAR_KIND_OPTIMIZER, plan.train->optimizer), network, {}, std::nullopt),
          session(network, optimization, builder, *method, loss->ref(), threat()) {
        data.read(host::index_range(0, std::min<std::int64_t>(data.size(), 20)), batch);
    }

    std::unique_ptr<host::Instance> make(spar_kind kind, const host::Node &node) const {
        return builder.build(kind, *node.json, node.pointer);
    }
    std::optional<spar_threat> threat() const {
        return plan.threat
                   ? std::optional(host::threat_for(*plan.threat, data, data.info().outputs))
                   : std::nullopt;
    }
    std::vector<float> gradients() const {
        std::vector<float> all;
        for (const auto &parameter : network.parameters())
            all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
        return all;
    }
    host::TrainingSession::Outcome step(std::int64_t index) {
        return session.run(batch, {0, 1, index, 10, batch.count, 1.0});
    }

    host::Plan plan;
    host::Builder builder;
    host::Data data;
    host::Network network;
    std::unique_ptr<host::Instance> method, loss;
    host::Optimization optimization;
    host::TrainingSession session;
    host::Batch batch;
};

}  // namespace

TEST_CASE("one step gives finite gradients, and the same ones again") {
    for (const Sample &sample : samples(SPAR_KIND_METHOD)) {
        INFO(sample.name());
        Bench one(sample), other(sample);
        one.network.zero_gradients();
        other.network.zero_gradients();
        for (std::int64_t step = 0; step < 3; ++step) {
            const auto outcome = one.step(step);
            CHECK(std::isfinite(outcome.loss));
            CHECK((outcome.correct >= 0 && outcome.correct <= one.batch.count));
            const std::vector<float> gradients = one.gradients();
            CHECK(std::ranges::all_of(gradients, [](float g) { return std::isfinite(g); }));
            CHECK(std::ranges::any_of(gradients, [](float g) { return g != 0; }));
            other.step(step);
            CHECK((other.gradients() == gradients));
            one.optimization.step(1);
            other.optimization.step(1);
        }
    }
}

TEST_CASE("a run that is stopped repeatedly ends in the bytes of one that was not") {
    host::terminal().set_quiet(true);
    for (const Sample &sample : samples(SPAR_KIND_METHOD)) {
        INFO(sample.name());
        host::Json pipeline = *sample.plan.resolved;
        // Choosing some examples reads them, and would be stopped: the data holds no more.
        if (pipeline["data"]["train"]["type"] == "digits")
            pipeline["data"]["train"]["examples"] = 3 * sample.plan.train->batch_size / 2;
        pipeline["data"]["train"] = {{"type", "interrupting"}, {"data", pipeline["data"]["train"]}};
        pipeline["train"]["epochs"] = 2;
        pipeline.erase("evaluate");
        const host::Registry with = registry_with_interrupting();
        const host::Plan plan =
            host::parse_plan(pipeline.dump(), "p", example_folder().path(), {}, with);
        const Folder folder;
        host::RunOptions options;
        options.terminal = false;
        options.out = folder / "whole";
        host::run_pipeline(plan, with, options);

        options.out = folder / "stopped";
        int stops = 0;
        for (bool ended = false; !ended; options.resume = true) {
            REQUIRE(stops < 100);
            const StopAfter stop(1);
            try {
                host::run_pipeline(plan, with, options);
                ended = true;
            } catch (const host::Failure &failure) {
                INFO(failure.what());
                REQUIRE(failure.exit() == host::Exit::stopped);
                ++stops;
            }
        }
        CHECK(stops >= 2);
        CHECK((file_content(folder / "stopped/model.safetensors") ==
               file_content(folder / "whole/model.safetensors")));
    }
}
