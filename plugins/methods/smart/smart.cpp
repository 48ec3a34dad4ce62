#include "../common/example.hpp"
#include "../common/smoothness.hpp"

#include <spar/array.hpp>

namespace {

class Smart final : public Smoothness {
  public:
    static constexpr spar::About about{
        .type = "smart",
        .summary =
            "Smoothness-inducing regularisation, and a Bregman proximal term that holds "
            "the model near its own moving average. That term is for fine-tuning a trained model: "
            "from random weights it holds the model near them and learning is slow; set "
            "\"proximity\" to 0 there.",
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

    spar::Fit fit() const override { return {.tokens = true}; }
    bool unlabelled() const override { return true; }

    void prepare(const spar::Session &session) override {
        if (*proximity_ == 0) return;
        follow(session);
        if (session.pretrained() || std::exchange(warned_, true)) return;
        warn({.code = "proximity_from_random_weights",
              .message = "the proximal term holds the model near weights that are random, which "
                         "slows learning down; it is for fine-tuning",
              .remedy = "set \"proximity\" to 0, or begin with trained weights by \"model\": "
                        "{\"weights\": ...}",
              .pointer = "/proximity"});
    }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = climb(session);
        if (*proximity_ > 0) ask_teacher(session);
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            put_loss(session, block);
            add_divergence(session, divergence_.ref(), *smoothness_, true, block);
            if (*proximity_ > 0) add_proximity(session, block);
        });
    }

  private:
    /// v = beta v + (1 - beta) w; v = w at the very beginning. All parameters, concatenated.
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
        spar::array(std::span(b.clean_gradient, b.size())) +=
            static_cast<float>(*proximity_) * spar::array(std::span(gradient));
    }

    spar::Number smoothness_{this,
                             "smoothness",
                             "weight of the regulariser, lambda_s; 1, 3 or 5",
                             {.fallback = 1, .min = 0}};
    spar::Number proximity_{this,
                            "proximity",
                            "weight of the Bregman term, mu; 0, no teacher, is for training from "
                            "random weights",
                            {.fallback = 1, .min = 0}};
    spar::Number early_{this,
                        "early_beta",
                        "beta in the first tenth of the steps",
                        {.fallback = 0.99, .min = 0, .max = 1}};
    spar::Number late_{this, "beta", "beta afterwards", {.fallback = 0.999, .min = 0, .max = 1}};
    spar::Matrix teacher_outputs_;
    bool warned_ = false;
};

}  // namespace

SPAR_PLUGIN("smart", "1.0.0", Smart)
