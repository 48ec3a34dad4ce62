#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/crafting.hpp>

namespace {

class MixedBatchAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "mixed_batch_at",
        .summary =
            "Adversarial training on mixed batches: a share of each is replaced by adversarial "
            "examples of any attack, which may weigh less than the clean ones.",
        .formula =
            "min_w (sum over clean l(f_w(x_i), y_i) + lambda sum over adversarial "
            "l(f_w(x_i + d_i), y_i)) / (n - k + lambda k), k = round(share n)",
        .reference =
            "Kurakin, Goodfellow, Bengio 2017, Adversarial machine learning at scale, "
            "arXiv:1611.01236",
        .example = METHOD_EXAMPLE("linf", R"({"type":"mixed_batch_at","attack":{"type":"fgsm"}})"),
        .formerly = "augment",
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override {
        const spar::Rows<float> x = session.points("x");
        start_at_x(session, x);
        if (adversarial(session) > 0)
            loss_.attack(session, attack_, x.data(),
                         {.mode = *mode_, .count = adversarial(session)});
    }

    void gradients(const spar::Session &session) override {
        const std::int64_t k = adversarial(session), n = session.count();
        const double total = static_cast<double>(n - k) + *lambda_ * static_cast<double>(k);
        if (total == 0) return;
        auto head = [&](std::int64_t first, std::int64_t count, const float *outputs,
                        float *gradients) {
            session.loss(
                {.first = first, .count = count, .outputs = outputs, .gradients = gradients});
            const spar::Rows<float> rows(gradients, count, session.outputs());
            for (std::int64_t row = 0; row < count; ++row) {
                const double weight = (first + row < k ? *lambda_ : 1) / total;
                spar::array(rows[row]) = (spar::doubles(rows[row]) * weight).cast<float>();
            }
        };
        session.pass({.x = session.points("x").data(), .head = head});
    }

  private:
    /// Batches are shuffled, so the first examples are as good as any.
    std::int64_t adversarial(const spar::Session &session) const {
        return std::llround(*share_ * static_cast<double>(session.count()));
    }

    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "crafts the adversarial examples",
                        {.fallback = R"({"type": "fgsm"})"}};
    spar::Number share_{
        this, "share", "of the batch that is adversarial", {.fallback = 0.5, .min = 0, .max = 1}};
    spar::Number lambda_{this,
                         "lambda",
                         "weight of an adversarial example; a clean one's is 1",
                         {.fallback = 0.3, .min = 0}};
    spar::CraftingLoss loss_{this};
    spar::CraftingMode mode_{this, "eval"};
};

}  // namespace

SPAR_PLUGIN("mixed_batch_at", "1.0.0", MixedBatchAt)
