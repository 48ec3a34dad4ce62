#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/mixed_derivative.hpp>

namespace {

class InputGradientPenalty final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "input_gradient_penalty",
        .summary =
            "Adds a penalty on the gradient by the input to another method (double "
            "backpropagation). It is taken by finite differences: one pass for the "
            "gradient and two for the penalty.",
        .formula = "the method's objective + weight mean_i |grad_x l(f_w(x_i), y_i)|_2^2",
        .reference =
            "Drucker, LeCun 1992, Improving generalization performance using double "
            "backpropagation; Ross, Doshi-Velez 2018, Improving the adversarial robustness "
            "and interpretability of deep neural networks by regularizing their input "
            "gradients",
        .example = METHOD_EXAMPLE("linf", R"({"type":"input_gradient_penalty","weight":0.1})"),
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override { session.prepare(method_); }

    /// d/dw |g|^2 = 2 |g| d/dw <u, g> with u = g / |g| held fixed.
    void gradients(const spar::Session &session) override {
        session.gradients(method_);
        const spar::Rows<float> g = session.points("gradient");
        session.pass({.wants = SPAR_WANT_INPUT_GRADIENT, .dx = g.data()});
        std::vector<double> factor(static_cast<std::size_t>(session.count()));
        double penalty = 0;
        for (std::int64_t row = 0; row < session.count(); ++row) {
            session.clear_masked(row, g[row]);
            const double length = spar::norm_l2(g[row]);
            penalty += length * length * session.mean();
            factor[static_cast<std::size_t>(row)] = 2 * *weight_ * length * session.mean();
            if (length > 0)
                spar::array(g[row]) = (spar::doubles(g[row]) / length).cast<float>();
            else
                std::ranges::fill(g[row], 0.0F);
        }
        session.report("input_gradient_penalty", penalty);
        derivative_.add(session, session.x(), {g.data(), g.count(), g.width()}, factor,
                        *difference_);
    }

  private:
    spar::Child method_{this,
                        "method",
                        SPAR_KIND_METHOD,
                        "to whose objective it is added",
                        {.fallback = R"({"type": "natural"})"}};
    spar::Number weight_{this, "weight", "of the penalty", {.min = 0}};
    spar::Number difference_{this,
                             "difference",
                             "l2 distance, each way, over which differences are taken",
                             {.fallback = 0.01, .above = 0.0, .unit = "as x"}};
    spar::MixedDerivative derivative_;
};

}  // namespace

SPAR_PLUGIN("input_gradient_penalty", "1.0.0", InputGradientPenalty)
