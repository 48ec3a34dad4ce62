#include <spar/attack.hpp>

namespace {

class Noise : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "noise",
        .summary =
            "Uniform noise from the ball, clamped to the box: the baseline that every attack "
            "must beat. Under l0, eps values or pixels at random, uniform in the box.",
        .formula = "x' = clip(x + u), u uniform in {||u|| <= eps}",
        .example = R"({"version":2,"name":"noise","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"noise"}]}})",
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void perturb(const spar::Oracle &, const spar::AttackBatch &batch) override {
        const spar::Ball ball = batch.ball();
        for_rows(batch.count(), [&](std::int64_t row) {
            batch.random_point(row, ball, batch.random(row), batch.x_adv()[row]);
        });
    }
};

}  // namespace

SPAR_PLUGIN("noise", "1.0.0", Noise)
