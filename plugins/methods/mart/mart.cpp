#include "../common/example.hpp"

#include <spar/kit/crafting.hpp>
#include <spar/kit/pair.hpp>

namespace {

class Mart final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "mart",
        .summary =
            "Misclassification-aware adversarial training: examples that the model gets "
            "wrong weigh more in the divergence.",
        .formula =
            "min_w mean_i -log q_y - log(1 - max_{k != y} q_k) + lambda KL(p || q) (1 - "
            "p_y), p = p_w(x_i), q = p_w(x_i + d), d from the attack on l",
        .reference =
            "Wang et al. 2020, Improving adversarial robustness requires revisiting "
            "misclassified examples, ICLR",
        .example = METHOD_EXAMPLE(
            "linf", R"({"type":"mart","attack":{"type":"pgd","steps":3,"start_noise":0.001}})"),
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override {
        if (session.labels() == nullptr)
            throw spar::invalid(
                "mart needs classes, and there are none: the data holds values (use trades), or a "
                "parameter is perturbed instead of the examples");
        loss_.attack(session, attack_, session.points("x_adv").data());
    }

    void gradients(const spar::Session &session) override {
        pair_.clean(session);
        pair_.pull(session, session.points("x_adv").data(), "weighted_divergence",
                   [&](const auto &block) { add_objective(session, block); });
    }

  private:
    void add_objective(const spar::Session &session, const spar::PairBlock &b) const {
        std::vector<float> clean(b.size()), other(b.size());
        session.loss({.first = b.first,
                      .count = b.count,
                      .outputs = b.other,
                      .reference = b.clean,
                      .values = b.values,
                      .gradients = other.data(),
                      .reference_gradients = clean.data()},
                     divergence_.ref());
        const auto width = static_cast<std::size_t>(b.outputs);
        for (std::size_t i = 0; i < static_cast<std::size_t>(b.count); ++i) {
            const auto row = [&](auto *from) { return std::span(from + i * width, width); };
            const auto y =
                static_cast<std::size_t>(session.labels()[b.first + static_cast<std::int64_t>(i)]);
            add_boosted_cross_entropy(row(b.other), y, row(b.other_gradient));
            b.values[i] = weigh(row(b.clean), y, b.values[i], row(clean.data()), row(other.data()),
                                row(b.clean_gradient), row(b.other_gradient));
        }
    }

    /// -log q_y - log(1 - q_o), o the strongest other class. With Z the sum over all classes but o
    /// of e^z, the second term is log(Z + e^{z_o}) - log Z.
    static void add_boosted_cross_entropy(std::span<const float> z, std::size_t y,
                                          std::span<float> gradient) {
        const auto o =
            static_cast<std::size_t>(spar::argmax_except(z, static_cast<std::int64_t>(y)));
        std::vector<float> rest(z.begin(), z.end());
        rest[o] = -std::numeric_limits<float>::infinity();
        const double all = spar::log_sum_exp(z), others = spar::log_sum_exp(rest);
        for (std::size_t k = 0; k < z.size(); ++k) {
            const double q = std::exp(z[k] - all);
            const double among_others = k == o ? 0 : std::exp(z[k] - others);
            gradient[k] += static_cast<float>(2 * q - (k == y ? 1 : 0) - among_others);
        }
    }

    /// Adds lambda (1 - p_y) divergence; returns (1 - p_y) divergence.
    float weigh(std::span<const float> z, std::size_t y, double divergence,
                std::span<const float> by_clean, std::span<const float> by_other,
                std::span<float> clean_gradient, std::span<float> other_gradient) const {
        const double all = spar::log_sum_exp(z), p_y = std::exp(z[y] - all);
        for (std::size_t k = 0; k < z.size(); ++k) {
            const double p = std::exp(z[k] - all);
            const double slope_of_weight = p_y * (p - (k == y ? 1 : 0));
            other_gradient[k] += static_cast<float>(*lambda_ * (1 - p_y) * by_other[k]);
            clean_gradient[k] += static_cast<float>(
                *lambda_ * ((1 - p_y) * by_clean[k] + divergence * slope_of_weight));
        }
        return static_cast<float>((1 - p_y) * divergence);
    }

    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "crafts the examples to train on",
                        {.fallback = R"({"type": "pgd", "steps": 10, "start_noise": 0.001})"}};
    spar::Number lambda_{
        this,
        "lambda",
        "weight of the divergence; 6 in the paper's experiments, 5 in the authors' program",
        {.fallback = 5, .min = 0}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl"})"}};
    spar::CraftingLoss loss_{this};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("mart", "1.0.0", Mart)
