#include <spar/array.hpp>
#include <spar/kit/targets.hpp>

namespace {

/// KL(p || q) from log-probabilities. Adds to gradient_p and gradient_q, if wanted, the gradients
/// at the outputs whose softmax p and q are.
double divergence(std::span<const float> p, std::span<const float> q, std::span<float> gradient_p,
                  std::span<float> gradient_q) {
    const auto log_p = spar::doubles(p) - spar::log_sum_exp(p);
    const auto log_q = spar::doubles(q) - spar::log_sum_exp(q);
    const auto share_p = spar::each_exp(log_p), share_q = spar::each_exp(log_q);
    const double divergence = spar::total(share_p * (log_p - log_q));
    if (!gradient_p.empty())
        spar::array(gradient_p) += (share_p * (log_p - log_q - divergence)).cast<float>();
    if (!gradient_q.empty()) spar::array(gradient_q) += (share_q - share_p).cast<float>();
    return divergence;
}

class KullbackLeibler : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "kl",
        .summary =
            "Kullback-Leibler divergence between the softmax of the outputs and that of the "
            "same examples elsewhere: at the clean input, or of a teacher.",
        .formula =
            "forward: sum_i r_i (log r_i - log p_i), r the reference; backward: the same with "
            "r and p exchanged; symmetric: the sum of both",
        .reference =
            "Zhang et al. 2019 (TRADES); Miyato et al. 2018 (VAT); Jiang et al. 2020 (SMART)",
        .example = R"({"version":2,"name":"kl","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"trades","divergence":{"type":"kl"},
   "attack":{"type":"pgd","steps":2,"start_noise":0.001}},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Choice direction{this,
                           "direction",
                           "which of the two is the first argument",
                           {"forward", "backward", "symmetric"},
                           {.fallback = "forward"}};

    spar_loss_needs needs() const override { return SPAR_LOSS_NEEDS_REFERENCE; }

    double evaluate(const spar::LossRow &row) const override {
        if (row.reference.empty())
            throw spar::invalid(
                "kl compares with the outputs of the same examples elsewhere, and "
                "this method or attack offers none: use it with trades or smart");
        spar::require_softmax(row.output);
        std::fill(row.gradient.begin(), row.gradient.end(), 0.0F);
        std::fill(row.reference_gradient.begin(), row.reference_gradient.end(), 0.0F);
        double loss = 0;
        if (!direction.is("backward"))
            loss += divergence(row.reference, row.output, row.reference_gradient, row.gradient);
        if (!direction.is("forward"))
            loss += divergence(row.output, row.reference, row.gradient, row.reference_gradient);
        return loss;
    }
};

}  // namespace

SPAR_PLUGIN("kl", "1.0.0", KullbackLeibler)
