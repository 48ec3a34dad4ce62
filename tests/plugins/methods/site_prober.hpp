// A small encoder of texts, and passes over it that read its maps and perturb its logits.
#pragma once

#include "training.hpp"

namespace spar::test {

inline constexpr const char *encoder = R"({"type":"sequential","layers":[
    {"type":"embedding","dim":6},
    {"type":"transformer","layers":2,"heads":2,"hidden":8},
    {"type":"mean_pool"},{"type":"linear","out":3}]})";
inline constexpr const char *at_logits =
    R"({"norm":"l2","eps":0.7,"space":"site","site":"attention_logits"})";

inline Choices on_encoder(const std::string &method, const std::string &threat) {
    return {.method = method,
            .model = encoder,
            .data = R"({"type":"tiny_data","kind":"text"})",
            .threat = threat,
            .optimizer = R"({"type":"sgd","lr":0.1})"};
}

/// A pass over the batch's texts, each moved by `moved`, with other logits; the values of the maps
/// and the gradient at the logits, by site.
struct Passed {
    double loss = 0;  // mean
    std::vector<Floats> maps, gradients;
};

class Prober {
  public:
    explicit Prober(Training &t) : t_(t), rows_(t.batch().count) { embed(); }

    std::int64_t size(std::size_t site) const {
        const spar_site found = t_.network().site(std::int64_t(site));
        return product({found.shape, std::size_t(found.rank)});
    }
    bool is(std::size_t site, spar_site_kind kind) const {
        return t_.network().sites()[site].kind == kind;
    }
    /// New vectors, after the weights changed.
    void embed() { t_.network().embed(t_.batch(), vectors_); }

    Passed pass(const Floats *moved, const std::vector<Floats> &added = {}, bool learns = false) {
        Passed result;
        std::vector<spar_site_use> uses;
        const auto &sites = t_.network().sites();
        result.maps.resize(sites.size());
        result.gradients.resize(sites.size());
        for (std::size_t s = 0; s < sites.size(); ++s) {
            spar_site_use use{sizeof use, std::int32_t(s), nullptr, nullptr, nullptr, nullptr};
            const auto count = std::size_t(rows_ * size(s));
            if (is(s, SPAR_SITE_MAPS)) {
                result.maps[s].resize(count);
                use.values = result.maps[s].data();
            } else if (is(s, SPAR_SITE_LOGITS)) {
                result.gradients[s].resize(count);
                use.gradient = result.gradients[s].data();
                if (!added.empty()) use.add = added[s].data();
            } else {
                continue;
            }
            uses.push_back(use);
        }
        const host::Batch &b = t_.batch();
        Floats x(vectors_.data(), vectors_.data() + rows_ * t_.network().size());
        for (std::size_t i = 0; moved != nullptr && i < x.size(); ++i) x[i] += (*moved)[i];
        std::vector<float> losses(std::size_t(rows_), 0.0F);
        host::LossHead head{.loss = loss_.get(), .outputs = 3};
        head.labels = b.label_data();
        head.loss_values = losses.data();
        if (learns) head.weight = 1.0F / float(rows_);
        spar_pass pass{};
        pass.head = host::LossHead::evaluate;
        pass.head_context = &head;
        if (learns) pass.wants = SPAR_WANT_PARAMETER_GRADIENTS;
        t_.network().pass({.count = rows_,
                           .x = x.data(),
                           .ids = b.ids.data(),
                           .tokens = b.tokens.data(),
                           .mask = b.mask.data(),
                           .sites = uses},
                          pass);
        for (const float loss : losses) result.loss += double{loss} / double(rows_);
        return result;
    }

  private:
    struct Loss {
        Loss() {
            host::Json node{{"type", "cross_entropy"}};
            instance = builder.build(SPAR_KIND_LOSS, node, "/loss");
        }
        const spar_component_ref *get() const { return &instance->ref(); }
        host::Builder builder{tiny_registry(), 1,
                              [](const auto &, const auto &path) { return path; }};
        std::unique_ptr<host::Instance> instance;
    };
    Training &t_;
    std::int64_t rows_;
    host::FencedMatrix vectors_;
    Loss loss_;
};

}  // namespace spar::test
