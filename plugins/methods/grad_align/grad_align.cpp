#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/crafting.hpp>
#include <spar/kit/mixed_derivative.hpp>

namespace {

class GradAlign final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "grad_align",
        .summary =
            "FGSM training with a regulariser that keeps the gradient's direction the same "
            "all over the ball, against catastrophic overfitting. The regulariser's double "
            "backpropagation is taken by finite differences: two training passes.",
        .formula =
            "min_w mean_i l(f_w(x_i + eps sign(g_i)), y_i) + lambda (1 - mean_i cos(g_i, "
            "grad_x l(f_w(x_i + n_i), y_i))), g_i = grad_x l(f_w(x_i), y_i) held fixed, "
            "n_i ~ U(ball)",
        .reference =
            "Andriushchenko, Flammarion 2020, Understanding and improving fast adversarial "
            "training, arXiv:2007.02617",
        .example = METHOD_EXAMPLE("linf", R"({"type":"grad_align"})"),
    };

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv"), noisy = session.points("noisy");
        const spar::Rows<float> g = session.points("g"), g_noisy = session.points("g_noisy");
        random_start(session, session.ball().without_box(), noisy);
        input_gradient(session, session.x().data(), g);
        input_gradient(session, noisy.data(), g_noisy);
        align(session, g, noisy, g_noisy);

        if (loss_.of(session) != nullptr) loss_.gradient(session, {}, g.data());
        start_at_x(session, x_adv);
        ascend(session, g, *step_ * session.threat().eps, x_adv);
        session.pass({.x = x_adv.data(), .weight = session.mean()});
    }

  private:
    void input_gradient(const spar::Session &session, const float *x, spar::Rows<float> g) const {
        session.pass({.x = x, .wants = SPAR_WANT_INPUT_GRADIENT, .dx = g.data()});
        for_rows(session.count(), [&](std::int64_t row) { session.clear_masked(row, g[row]); });
    }

    /// Adds the gradient of lambda (1 - mean cos(g, h)), with h the gradient at the noisy points,
    /// through h alone: d cos / d h = v = (g/|g| - cos h/|h|) / |h|. Examples without a gradient
    /// are ignored.
    void align(const spar::Session &session, spar::Rows<float> g, spar::Rows<float> noisy,
               spar::Rows<float> h) {
        const auto rows = static_cast<std::size_t>(session.count());
        std::vector<double> cosine(rows), length(rows);
        std::vector<char> counts(rows);
        for_rows(session.count(), [&](std::int64_t row) {
            const auto at = static_cast<std::size_t>(row);
            const double of_g = spar::norm_l2(g[row]), of_h = spar::norm_l2(h[row]);
            counts[at] = of_g > 0 && of_h > 0 ? 1 : 0;
            if (counts[at] == 0) {
                std::ranges::fill(h[row], 0.0F);
                return;
            }
            cosine[at] = spar::dot(g[row], h[row]) / (of_g * of_h);
            auto v = spar::array(h[row]);
            v = ((spar::doubles(g[row]) / of_g - cosine[at] * spar::doubles(h[row]) / of_h) / of_h)
                    .cast<float>();
            length[at] = spar::norm_l2(h[row]);
            const double inverse = length[at] > 0 ? 1 / length[at] : 0;
            v = (spar::doubles(h[row]) * inverse).cast<float>();
        });
        const auto kept = static_cast<double>(std::ranges::count(counts, 1));
        if (kept == 0) return;
        double sum = 0;
        for (std::size_t i = 0; i < rows; ++i) {
            sum += cosine[i];
            length[i] *= -*lambda_ / kept;
        }
        session.report("gradient_alignment", sum / kept);
        if (*lambda_ > 0)
            derivative_.add(session, {noisy.data(), noisy.count(), noisy.width()},
                            {h.data(), h.count(), h.width()}, length, *difference_);
    }

    spar::Number lambda_{this,
                         "lambda",
                         "weight of the regulariser; 0.2 for CIFAR-10 at 8/255",
                         {.fallback = 0.2, .min = 0}};
    spar::Number step_{
        this, "step", "length of the step", {.fallback = 1, .above = 0.0, .unit = "eps"}};
    spar::Number difference_{this,
                             "difference",
                             "l2 distance, each way, over which differences are taken",
                             {.fallback = 0.01, .above = 0.0, .unit = "as x"}};
    spar::CraftingLoss loss_{this};
    spar::MixedDerivative derivative_;
};

}  // namespace

SPAR_PLUGIN("grad_align", "1.0.0", GradAlign)
