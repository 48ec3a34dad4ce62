#include <spar/kit/descent.hpp>

namespace {

class Pgd : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "pgd",
        .summary =
            "Projected gradient descent: steps in the steepest direction of the threat's "
            "norm from a random start, each projected back into ball and box.",
        .formula =
            "x_{k+1} = project(x_k + step_size u(grad_x loss)), u the steepest direction: "
            "sign (linf), gradient over its norm (l2), the sign shared by the hundredth "
            "largest entries (l1), gradient over its l1 norm (l0)",
        .reference =
            "Madry et al. 2018, Towards deep learning models resistant to adversarial "
            "attacks; l1: Tramer and Boneh 2019, Croce and Hein 2021; l0: PGD_0 of Croce and Hein "
            "2019, Sparse and imperceivable adversarial attacks",
        .example = R"({"version":2,"name":"pgd","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"pgd","steps":5,"restarts":2}]}})",
    };

    spar::DescentFields fields{this, 10,
                               "2.5 eps / steps; under l0, where it is a length in l1, 0.077 n "
                               "(upper - lower) for n values per example"};
    spar::Boolean random_start{
        this, "random_start", "begin uniformly in the ball instead of at x", {.fallback = true}};
    spar::Number start_noise{this,
                             "start_noise",
                             "standard deviation of the normal noise to begin with, as TRADES "
                             "does; 0: uniform in the ball",
                             {.fallback = 0, .min = 0, .unit = "as x"}};
    spar::Integer restarts{
        this, "restarts", "runs from different random starts", {.fallback = 1, .min = 1}};
    spar::KeepFields keeping{this};

    void configure() override {
        if (*start_noise > 0 && !*random_start)
            throw spar::invalid(
                "start_noise is a random start: set random_start to true, or leave start_noise out",
                "/start_noise");
        if (*restarts > 1 && !*random_start)
            throw spar::invalid(
                "restarts without a random start are all alike: set random_start to true, or "
                "restarts to 1",
                "/restarts");
    }

    spar::Fit fit() const override { return spar::Fit::any(); }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule = fields.rule(default_step(batch));
        rule.random_start = *random_start;
        rule.start_noise = *start_noise;
        rule.restarts = *restarts;
        keeping.apply(batch, rule);
        return rule;
    }
    /// Under l0 a step must move values far enough to displace others: the authors' program for
    /// CIFAR-10 takes steps of 235 for 3,072 values in [0, 1].
    double default_step(const spar::AttackBatch &batch) const {
        const spar_threat &threat = batch.threat();
        if (threat.norm == SPAR_NORM_L0)
            return 0.077 * static_cast<double>(batch.size()) * (threat.upper - threat.lower);
        return 2.5 * threat.eps / static_cast<double>(*fields.steps);
    }
};

}  // namespace

SPAR_PLUGIN("pgd", "1.0.0", Pgd)
