// An attack never pays for parameter gradients: the model counts what it computes.
#include "components.hpp"

#include "engine/attacker.hpp"

using namespace spar;
using namespace spar::test;

TEST_CASE("no attack makes the model compute a parameter gradient, and queries are counted") {
    constexpr std::int64_t count = 6;
    const host::Data data(Made(SPAR_KIND_DATASET, R"({"type": "digits", "examples": 6})").take());
    const Made loss(SPAR_KIND_LOSS, R"({"type": "cross_entropy"})");
    host::Batch batch;
    data.read(host::index_range(0, count), batch);
    for (const Sample &sample : samples(SPAR_KIND_ATTACK)) {
        INFO(sample.name());
        if (sample.plan.threat && sample.plan.threat->space == SPAR_SPACE_TOKENS)
            continue;  // needs texts
        host::Network network(
            Made(SPAR_KIND_MODEL, R"({"type": "sequential", "layers": [{"type": "flatten"},
                {"type": "linear", "out": 12}, {"type": "relu"}, {"type": "linear", "out": 10}]})")
                .take(),
            data);
        const Made attack = sample.make();
        void *self = network.instance().self();
        const auto *counters = static_cast<const spar_counters *>(
            network.instance().table<spar_model_table>().extension(self, SPAR_MODEL_COUNTERS));
        REQUIRE(counters != nullptr);
        spar_threat threat{};
        threat.struct_size = sizeof threat;
        threat.norm = sample.plan.threat ? sample.plan.threat->norm : SPAR_NORM_LINF;
        threat.eps = 0.1;
        threat.upper = 1;
        host::AttackTask task{};
        task.attack = &attack.instance();
        task.space = &network;
        task.loss = &loss.instance().ref();
        task.batch.threat = &threat;
        task.batch.key = 5;
        task.set_points({.count = count, .x = batch.x.data(), .ids = batch.ids.data()});
        task.batch.labels = batch.labels.data();
        Matrix x_adv(count, network.size());
        host::QueryCount queries;
        host::run_attack(task, x_adv.data(), queries);
        CHECK(counters->parameter_gradient_rows(self) == 0);
        std::int64_t forward = 0, gradient = 0;
        for (const std::int64_t n : queries.forward) forward += n;
        for (const std::int64_t n : queries.gradient) gradient += n;
        CHECK(counters->forward_rows(self) == forward);
        CHECK(counters->input_gradient_rows(self) == gradient);
    }
}
