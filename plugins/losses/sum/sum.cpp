#include <spar/array.hpp>
#include <spar/kit/targets.hpp>

namespace {

struct Term : spar::Record {
    spar::Child loss{this, "loss", SPAR_KIND_LOSS, "the loss"};
    spar::Number weight{this, "weight", "its weight", {.fallback = 1}};
    spar::Choice at{this,
                    "at",
                    "the outputs it is taken at: those of the perturbed or of the clean input",
                    {"adversarial", "clean"},
                    {.fallback = "adversarial"}};
};

class Sum : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "sum",
        .summary = "A weighted sum of any losses, at perturbed and at clean inputs.",
        .formula = "sum_j weight_j loss_j",
        .reference =
            "Goodfellow et al. 2015, Explaining and harnessing adversarial examples: "
            "0.5 clean + 0.5 adversarial",
        .example = R"({"version":2,"name":"sum","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"sum","terms":[
  {"loss":{"type":"cross_entropy"}},{"loss":{"type":"margin"},"weight":0.1}]},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Records<Term> terms{this, "terms", "the losses and their weights"};

    spar_loss_needs needs() const override {
        spar_loss_needs all = 0;
        for (const auto &term : terms.parts()) {
            all |= spar::needs(*term->loss.ref());
            if (term->at.is("clean")) all |= SPAR_LOSS_NEEDS_REFERENCE;
        }
        return all;
    }

    double evaluate(const spar::LossRow &row) const override {
        std::fill(row.gradient.begin(), row.gradient.end(), 0.0F);
        std::fill(row.reference_gradient.begin(), row.reference_gradient.end(), 0.0F);
        std::vector<float> own(row.gradient.size()), other(row.reference_gradient.size());
        double total = 0;
        for (const auto &term : terms.parts()) total += add(*term, row, own, other);
        return total;
    }

  private:
    /// Adds one term to the gradients; `own` and `other` are scratch for them.
    static double add(const Term &term, const spar::LossRow &row, std::span<float> own,
                      std::span<float> other) {
        const bool clean = term.at.is("clean");
        const std::span<const float> output = clean ? spar::clean_outputs(row) : row.output;
        const std::span<float> gradient = clean ? other : own;
        const std::int64_t id = row.random.id();
        float value = 0;
        spar_loss_rows rows{};
        rows.struct_size = sizeof rows;
        rows.count = 1;
        rows.outputs = std::ssize(output);
        rows.output = output.data();
        rows.reference = row.reference.empty() ? nullptr : row.reference.data();
        rows.labels = row.label;
        rows.values = row.values.empty() ? nullptr : row.values.data();
        rows.targets = row.target;
        rows.ids = &id;
        rows.key = row.random.key();
        rows.loss = &value;
        rows.gradient = gradient.empty() ? nullptr : gradient.data();
        rows.reference_gradient = clean || other.empty() ? nullptr : other.data();
        std::fill(own.begin(), own.end(), 0.0F);
        std::fill(other.begin(), other.end(), 0.0F);
        spar::evaluate(*term.loss.ref(), rows);
        const auto weight = static_cast<float>(*term.weight);
        spar::array(row.gradient) += weight * spar::array(own);
        spar::array(row.reference_gradient) += weight * spar::array(other);
        return *term.weight * double{value};
    }
};

}  // namespace

SPAR_PLUGIN("sum", "1.0.0", Sum)
