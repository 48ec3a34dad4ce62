#include <spar/kit/descent.hpp>

namespace {

constexpr const char *loss_help = "what to make grow; left out: the pipeline's loss";

class Fgm : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "fgm",
        .summary =
            "Fast gradient method: one step along each example's gradient over its l2 norm "
            "(over that of every token, if each has a ball of its own).",
        .formula = "x' = clip(x + step_size grad / ||grad||_2), the norm over one example",
        .reference =
            "Miyato et al. 2017, Adversarial training methods for semi-supervised text "
            "classification",
        .example = R"({"version":2,"name":"fgm","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"fgm"}]}})",
    };

    spar::Number step_size{this,
                           "step_size",
                           "l2 length of the step; left out: eps",
                           {.above = 0.0, .optional = true}};
    spar::Child loss{this, "loss", SPAR_KIND_LOSS, loss_help, {.optional = true}};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule;
        rule.step = static_cast<float>(step_size.value_or(batch.threat().eps));
        rule.loss = loss.ref();
        return rule;
    }
    void move(const Place &p) const override {
        p.ball.for_each(p.x.size(), [&](std::size_t first, std::size_t count) {
            const std::span<const float> g = p.gradient.subspan(first, count);
            spar::step_along(g, spar::norm_l2(g), p.step, p.x.subspan(first, count));
        });
        p.ball.project(p.center, p.x);
    }
};

/// An example's result depends on its batch here: that is inherent in this form of the method.
class FgmBatch : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "fgm_batch",
        .summary =
            "Fast gradient method over the whole tensor: one step along the gradient over "
            "the l2 norm of the gradients of all examples of the batch together.",
        .formula = "x' = clip(x + step_size grad / ||grad||_2), the norm over the whole batch",
        .reference = "common practice in language processing, on the matrix of word embeddings",
        .example = R"({"version":2,"name":"fgm_batch","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"fgm_batch"}]}})",
    };

    spar::Number step_size{this,
                           "step_size",
                           "l2 length of the step of the whole batch; left out: eps",
                           {.above = 0.0, .optional = true}};
    spar::Child loss{this, "loss", SPAR_KIND_LOSS, loss_help, {.optional = true}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        gradient_.resize(batch.count(), batch.size());
        oracle.evaluate({.x = batch.x().data(),
                         .count = batch.count(),
                         .loss = loss.ref(),
                         .gradient = gradient_.data()});
        double squares = 0;
        for (std::int64_t row = 0; row < batch.count(); ++row) {
            batch.clear_masked(row, gradient_[row]);
            squares += spar::dot(gradient_[row], gradient_[row]);
        }
        const auto step = static_cast<float>(step_size.value_or(batch.threat().eps));
        for_rows(batch.count(), [&](std::int64_t row) {
            spar::step_along(gradient_[row], std::sqrt(squares), step, batch.x_adv()[row]);
            batch.ball().project(batch.x()[row], batch.x_adv()[row]);
        });
    }

  private:
    spar::Matrix gradient_;
};

}  // namespace

SPAR_PLUGIN("fgm", "1.0.0", Fgm, FgmBatch)
