#include <spar/attack.hpp>

namespace {

class Mine final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "mine",
                                       .summary = "One step along the sign of the gradient."};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        gradient_.resize(batch.count(), batch.size());
        oracle.evaluate(
            {.x = batch.x().data(), .count = batch.count(), .gradient = gradient_.data()});
        const spar::Ball ball = batch.ball();
        for (std::int64_t i = 0; i < batch.count(); ++i) {
            const std::span<const float> x = batch.x()[i];
            const std::span<float> x_adv = batch.x_adv()[i];
            ball.steepest(gradient_[i], x_adv);
            for (std::size_t j = 0; j < x.size(); ++j)
                x_adv[j] = x[j] + static_cast<float>(*share_) * ball.eps * x_adv[j];
            ball.project(x, x_adv);
        }
    }

  private:
    spar::Number share_{this,
                        "share",
                        "length of the step, as a share of eps",
                        {.fallback = 1, .min = 0, .max = 1}};
    spar::Matrix gradient_;
};

}  // namespace

SPAR_PLUGIN("mine", "1.0.0", Mine)
