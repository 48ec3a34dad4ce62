#include "row_distance.hpp"

#include <spar/kit/crafting.hpp>

#include <algorithm>
#include <optional>

namespace {

/// The attention maps of one pass, and then its gradients there, in the same memory.
class Maps {
  public:
    Maps(const spar::Session &session, const char *purpose) {
        for (const spar::Site &site : session.sites()) {
            if (site.kind != SPAR_SITE_MAPS) continue;
            values_.push_back(session.at_site(site, purpose));
            shapes_.push_back(site.shape);
            sites_.push_back(site.index);
        }
        if (sites_.empty())
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "the model names no attention maps, so there is nothing to hold "
                              "together: take a model that does, as sequential with a layer "
                              "\"attention\" or \"transformer\"");
    }

    std::vector<spar::SiteUse> out() const {
        return uses([](spar::SiteUse &use, float *values) { use.values = values; });
    }
    std::vector<spar::SiteUse> back() const {
        return uses([](spar::SiteUse &use, float *values) { use.cotangent = values; });
    }
    std::size_t count() const { return sites_.size(); }
    /// Of map k: rows of the softmax in an example, heads included, and keys of each.
    std::int64_t rows(std::size_t k) const { return shapes_[k][0] * shapes_[k][1]; }
    std::int64_t keys(std::size_t k) const { return shapes_[k][2]; }
    float *example(std::size_t k, std::int64_t i) const { return values_[k][i].data(); }

  private:
    template <class Set>
    std::vector<spar::SiteUse> uses(Set &&set) const {
        std::vector<spar::SiteUse> all;
        for (std::size_t k = 0; k < sites_.size(); ++k) {
            all.push_back({.site = sites_[k]});
            set(all.back(), values_[k].data());
        }
        return all;
    }

    std::vector<spar::Rows<float>> values_;
    std::vector<std::vector<std::int64_t>> shapes_;
    std::vector<std::int32_t> sites_;
};

class AttentionConsistency final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "attention_consistency",
        .summary =
            "Training on clean and perturbed examples whose attention maps are held together by a "
            "penalty. An attack perturbs, or without one noise, which needs no threat model.",
        .formula =
            "min_w mean_i clean_weight l(f_w(x_i), y_i) + adversarial_weight l(f_w(x'_i), y_i) + "
            "weight mean_r d(A_r(x_i), A_r(x'_i)); A_r: the rows of the softmax of all layers, "
            "heads "
            "and positions but padding; d(a, b) = |a - b|_2^2, or KL(a || b) + KL(b || a)",
        .reference =
            "after Goodman et al. 2019, Improving adversarial robustness via attention and "
            "adversarial logit pairing, arXiv:1908.11435, who pair attention computed from "
            "activations of a convolutional network; the symmetric divergence is that of Jiang et "
            "al. 2020 (SMART), there between outputs",
        .example = R"({
  "version": 2, "name": "attention-consistency",
  "data": {"train": {"type": "digits", "examples": 64}},
  "model": {"type": "sequential", "layers": [{"type": "patches", "size": 7, "out": 16},
    {"type": "transformer", "heads": 2, "hidden": 32}, {"type": "mean_pool"},
    {"type": "linear", "out": 10}]},
  "threat": {"norm": "linf", "eps": 0.1},
  "train": {"method": {"type": "attention_consistency", "attack": {"type": "pgd", "steps": 3}},
            "loss": {"type": "cross_entropy"},
            "optimizer": {"type": "adam"}, "epochs": 1, "batch_size": 32}
})"};

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override {
        if (session.loss_compares() && (clean_weight_.given() || adversarial_weight_.given()))
            throw spar::invalid(
                "the loss compares perturbed outputs with clean ones and is one term: leave "
                "clean_weight and adversarial_weight out",
                clean_weight_.given() ? "/clean_weight" : "/adversarial_weight");
        const spar::Rows<float> x = session.points("perturbed");
        if (attack_.given())
            loss_.attack(session, attack_, x.data(), {.mode = *mode_});
        else
            add_noise(session, x);
    }

    void gradients(const spar::Session &session) override {
        const Maps clean(session, "clean"), other(session, "perturbed");
        clean_.resize(session.count(), session.outputs());
        other_.resize(session.count(), session.outputs());
        forward(session, nullptr, 1, clean, clean_);
        forward(session, session.points("perturbed").data(), 2, other, other_);
        pull_together(session, clean, other);
        turn_into_gradients(session);
        back(session, 1, clean, clean_);
        back(session, 2, other, other_);
    }

  private:
    static void forward(const spar::Session &session, const float *x, std::int32_t tape,
                        const Maps &maps, spar::Matrix &outputs) {
        const auto uses = maps.out();
        session.pass(
            {.x = x, .outputs = outputs.data(), .tape = tape, .forward_only = true, .sites = uses});
    }
    static void back(const spar::Session &session, std::int32_t tape, const Maps &maps,
                     const spar::Matrix &gradient) {
        session.backward_at(tape, gradient.data(), maps.back(), SPAR_WANT_PARAMETER_GRADIENTS);
    }

    void add_noise(const spar::Session &session, spar::Rows<float> x) const {
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            for (std::size_t i = 0; i < x[row].size(); ++i)
                x[row][i] = session.x()[row][i] + static_cast<float>(*noise_) *
                                                      random.normal(static_cast<std::int64_t>(i));
            session.hold_masked(row, x[row]);
        });
    }

    /// The maps become the gradients of the penalty's batch mean.
    void pull_together(const spar::Session &session, const Maps &clean, const Maps &other) const {
        const bool fixed = through_.is("perturbed");
        const auto distance = distance_.is("squared") ? attention_consistency::squared
                                                      : attention_consistency::symmetric_kl;
        double total = 0;
        for (std::int64_t i = 0; i < session.count(); ++i) {
            const std::int64_t rows = attending(clean, i);
            if (rows == 0) continue;
            const double factor = *weight_ * session.mean() / static_cast<double>(rows);
            double sum = 0;
            for (std::size_t k = 0; k < clean.count(); ++k)
                for (std::int64_t r = 0; r < clean.rows(k); ++r) {
                    const std::int64_t keys = clean.keys(k);
                    float *a = clean.example(k, i) + r * keys, *b = other.example(k, i) + r * keys;
                    sum += distance(a, b, keys, factor, a, b);
                    if (fixed) std::fill_n(a, keys, 0.0F);
                }
            total += sum / static_cast<double>(rows);
        }
        session.report("attention_gap", total * session.mean());
    }

    /// Rows of an example that attend to anything: those of padding do not.
    static std::int64_t attending(const Maps &maps, std::int64_t i) {
        std::int64_t count = 0;
        for (std::size_t k = 0; k < maps.count(); ++k)
            for (std::int64_t r = 0; r < maps.rows(k); ++r) {
                const float *row = maps.example(k, i) + r * maps.keys(k);
                count += std::any_of(row, row + maps.keys(k), [](float a) { return a != 0; });
            }
        return count;
    }

    /// Both outputs become the gradients of the loss's batch mean there.
    void turn_into_gradients(const spar::Session &session) {
        const spar::Matrix clean = clean_, other = other_;
        const std::int64_t n = session.count();
        if (session.loss_compares()) {
            session.loss({.first = 0,
                          .count = n,
                          .outputs = other.data(),
                          .reference = clean.data(),
                          .gradients = other_.data(),
                          .reference_gradients = clean_.data()});
            scale(clean_, session.mean());
            return scale(other_, session.mean());
        }
        const auto at = [&](const spar::Matrix &outputs, double weight, spar::Matrix &gradient) {
            session.loss(
                {.first = 0, .count = n, .outputs = outputs.data(), .gradients = gradient.data()});
            scale(gradient, weight * session.mean());
        };
        at(clean, clean_weight_.value_or(0.5), clean_);
        at(other, adversarial_weight_.value_or(0.5), other_);
    }
    static void scale(spar::Matrix &gradient, double factor) {
        for (float &g : gradient.rows().flat()) g *= static_cast<float>(factor);
    }

    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "perturbs the examples; left out, noise does",
                        {.optional = true}};
    spar::Number noise_{this,
                        "noise",
                        "standard deviation of the normal noise, where there is no attack",
                        {.fallback = 0.01, .min = 0, .unit = "as x"}};
    spar::Number weight_{this, "weight", "of the penalty", {.fallback = 1, .min = 0}};
    spar::Choice distance_{this,
                           "distance",
                           "of two rows of attention: the squared Euclidean, or the symmetric "
                           "Kullback-Leibler divergence",
                           {"squared", "kl"},
                           {.fallback = "squared"}};
    spar::Choice through_{this,
                          "through",
                          "what the penalty moves: both maps, or the perturbed ones alone, towards "
                          "clean ones held fixed",
                          {"both", "perturbed"},
                          {.fallback = "both"}};
    spar::Number clean_weight_{
        this, "clean_weight", "of the clean loss; left out: 0.5", {.min = 0, .optional = true}};
    spar::Number adversarial_weight_{this,
                                     "adversarial_weight",
                                     "of the loss at perturbed examples; left out: 0.5",
                                     {.min = 0, .optional = true}};
    spar::CraftingLoss loss_{this};
    spar::CraftingMode mode_{this, "eval"};
    spar::Matrix clean_, other_;
};

}  // namespace

SPAR_PLUGIN("attention_consistency", "1.0.0", AttentionConsistency)
