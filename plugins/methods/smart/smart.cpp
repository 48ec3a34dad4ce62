#include "../common/example.hpp"
#include "../common/smoothness.hpp"

namespace {

class Smart final : public Smoothness {
  public:
    static constexpr spar::About about{
        .type = "smart",
        .summary =
            "Smoothness-inducing regularisation, and a Bregman proximal term that holds "
            "the model near its own moving average.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + smoothness max_{|d| <= eps} D(f_w(x_i + d), "
            "f_w(x_i)) + proximity D(f_w(x_i), f_v(x_i)); v = beta v + (1 - beta) w after "
            "each step; d = N(0, noise^2), K times: d = project(d + step g / |g|), g = "
            "grad_d D",
        .reference =
            "Jiang et al. 2020, SMART: robust and efficient fine-tuning for pre-trained "
            "natural language models through principled regularized optimization, "
            "arXiv:1911.03437",
        .example = METHOD_EXAMPLE("linf", R"({"type":"smart"})"),
    };

    void prepare(const spar::Session &session) override {
        if (*proximity_ > 0) follow(session);
    }

    void gradients(const spar::Session &session) override {
        const spar::Ball ball = session.ball();
        const double step = step_size_.value_or(100 * session.threat().eps);
        const spar::Rows<float> x_adv =
            climb(session, [&](std::int64_t row, std::span<const float> g, std::span<float> x_adv) {
                add_step(g, step, ball.length(g), x_adv);
                if (limit_.is("project"))
                    ball.project(session.x()[row], x_adv);
                else
                    scale_tokens(session, row, x_adv);
            });
        if (*proximity_ > 0) ask_teacher(session);
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            add_clean_loss(session, block);
            add_divergence(session, divergence_.ref(), *smoothness_, true, block);
            if (*proximity_ > 0) add_proximity(session, block);
        });
    }

  private:
    /// The released program's: the perturbation of every position is divided by its largest value.
    static void scale_tokens(const spar::Session &session, std::int64_t row,
                             std::span<float> x_adv) {
        const spar_session &s = session.raw();
        const auto width = static_cast<std::size_t>(s.shape[s.rank - 1]);
        const std::span<const float> x = session.x()[row];
        for (std::size_t first = 0; first < x.size(); first += width) {
            double largest = 0;
            for (std::size_t i = first; i < first + width; ++i)
                largest = std::max(largest, std::fabs(double{x_adv[i]} - double{x[i]}));
            for (std::size_t i = first; i < first + width; ++i)
                x_adv[i] = static_cast<float>(x[i] + (double{x_adv[i]} - x[i]) / (largest + 1e-6));
        }
    }

    /// v = beta v + (1 - beta) w; v = w at the very beginning. All parameters, one behind the
    /// other.
    void follow(const spar::Session &session) const {
        const bool early = session.step() * 10 < session.steps();
        const auto beta = static_cast<float>(session.step() == 0 ? 0 : early ? *early_ : *late_);
        each(session, [&](float &w, float &v) { v = beta * v + (1 - beta) * w; });
    }

    void ask_teacher(const spar::Session &session) {
        const auto exchange = [&] {
            each(session, [](float &w, float &v) { std::swap(w, v); });
            session.parameters_changed();
        };
        teacher_outputs_.resize(session.count(), session.outputs());
        exchange();
        session.pass(
            {.mode = SPAR_MODE_EVAL, .outputs = teacher_outputs_.data(), .forward_only = true});
        exchange();
    }

    template <class Change>
    static void each(const spar::Session &session, Change &&change) {
        const std::vector<spar::Parameter> parameters = session.parameters();
        std::int64_t size = 0;
        for (const spar::Parameter &p : parameters) size += std::ssize(p.value);
        float *v = session.tensor("teacher", 1, size, SPAR_TENSOR_SAVED).data();
        for (const spar::Parameter &p : parameters)
            for (float &w : p.value) change(w, *v++);
    }

    void add_proximity(const spar::Session &session, const spar::PairBlock &b) const {
        std::vector<float> gradient(b.size());
        session.loss({.first = b.first,
                      .count = b.count,
                      .outputs = b.clean,
                      .reference = teacher_outputs_.data() + b.first * b.outputs,
                      .gradients = gradient.data()},
                     divergence_.ref());
        const auto weight = static_cast<float>(*proximity_);
        for (std::size_t i = 0; i < b.size(); ++i) b.clean_gradient[i] += weight * gradient[i];
    }

    spar::Number smoothness_{this,
                             "smoothness",
                             "weight of the regulariser, lambda_s; 1, 3 or 5",
                             {.fallback = 1, .min = 0}};
    spar::Number proximity_{this,
                            "proximity",
                            "weight of the Bregman term, mu; 0: no teacher",
                            {.fallback = 1, .min = 0}};
    spar::Number early_{this,
                        "early_beta",
                        "beta in the first tenth of the steps",
                        {.fallback = 0.99, .min = 0, .max = 1}};
    spar::Number late_{this, "beta", "beta afterwards", {.fallback = 0.999, .min = 0, .max = 1}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of a step; left out: 100 eps (1e-3 in the paper)",
                            {.min = 0, .unit = "as eps", .optional = true}};
    spar::Choice limit_{this,
                        "limit",
                        "how the perturbation is limited: projected into the threat model; or "
                        "per_token, near to the released program: every position divided by its "
                        "largest value, which makes it 1 and not eps",
                        {"project", "per_token"},
                        {.fallback = "project"}};
    spar::Matrix teacher_outputs_;
};

}  // namespace

SPAR_PLUGIN("smart", "1.0.0", Smart)
