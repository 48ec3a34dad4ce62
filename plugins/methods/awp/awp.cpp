#include "../common/example.hpp"
#include "../common/stash.hpp"

#include <spar/array.hpp>
#include <spar/method.hpp>

namespace {

class Awp final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "awp",
        .summary =
            "Adversarial weight perturbation around another method: its gradients are "
            "taken where the weights are a little worse, and used where they are.",
        .formula =
            "v_l = gamma |w_l| g_l / |g_l| for each weight tensor l, g the method's "
            "gradient at w; the step at w uses the method's gradient at w + v",
        .reference =
            "Wu, Xia, Wang 2020, Adversarial weight perturbation helps robust "
            "generalization, arXiv:2004.05884",
        .example = METHOD_EXAMPLE(
            "linf",
            R"({"type":"awp","method":{"type":"pgd_at","attack":{"type":"pgd","steps":3}}})"),
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override {
        if (session.step() == 0 && *warmup_epochs_ > 0 && *warmup_epochs_ >= session.epochs())
            warn({.code = "long_warmup",
                  .message = "a warm-up of " + std::to_string(*warmup_epochs_) +
                             " epochs in a training of " + std::to_string(session.epochs()) +
                             ": the weights are never perturbed",
                  .remedy = "make it shorter than \"epochs\"",
                  .pointer = "/warmup_epochs"});
        session.prepare(method_);
    }

    void gradients(const spar::Session &session) override {
        if (session.epoch() < *warmup_epochs_) return session.gradients(method_);
        const std::vector<spar::Parameter> parameters = session.parameters();
        std::vector<std::vector<float>> before;
        for (const spar::Parameter &p : parameters)
            before.emplace_back(p.value.begin(), p.value.end());

        earlier_.take(session);
        session.gradients(method_);
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            std::ranges::copy(before[i], parameters[i].value.begin());  // running means have moved
            if (perturbed(parameters[i])) perturb(parameters[i]);
        }
        session.zero_gradients();
        session.parameters_changed();

        session.gradients(method_);
        for (std::size_t i = 0; i < parameters.size(); ++i)
            if (perturbed(parameters[i])) std::ranges::copy(before[i], parameters[i].value.begin());
        session.parameters_changed();
        earlier_.add(session);
    }

  private:
    static bool perturbed(const spar::Parameter &p) {
        return p.trainable && p.shape.size() > 1 && p.name.find("weight") != p.name.npos;
    }
    void perturb(const spar::Parameter &p) const {
        const double length = spar::norm_l2(p.gradient);
        if (!(length > 0)) return;
        const double scale = *gamma_ * spar::norm_l2(p.value) / length;
        spar::array(p.value) =
            (spar::doubles(p.value) + scale * spar::doubles(p.gradient)).cast<float>();
    }

    spar::Child method_{this,
                        "method",
                        SPAR_KIND_METHOD,
                        "whose gradients are taken",
                        {.fallback = R"({"type": "pgd_at"})"}};
    spar::Number gamma_{this,
                        "gamma",
                        "length of the perturbation of a tensor as a share of the tensor's own; "
                        "0.005 around trades",
                        {.fallback = 0.01, .min = 0}};
    spar::Integer warmup_epochs_{
        this, "warmup_epochs", "epochs without perturbation", {.fallback = 0, .min = 0}};
    Stash earlier_;
};

}  // namespace

SPAR_PLUGIN("awp", "1.0.0", Awp)
