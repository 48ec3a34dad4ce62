// Gradients that are put aside, so that a method can look at others in their place.
#pragma once

#include <spar/method.hpp>

class Stash {
  public:
    /// Takes the gradients of all parameters away, leaving zeros.
    void take(const spar::Session &session) {
        const std::vector<spar::Parameter> parameters = session.parameters();
        kept_.resize(parameters.size());
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const std::span<float> gradient = parameters[i].gradient;
            kept_[i].assign(gradient.begin(), gradient.end());
            std::ranges::fill(gradient, 0.0F);
        }
    }

    /// Adds them to what is there now.
    void add(const spar::Session &session) const {
        std::size_t i = 0;
        for (const spar::Parameter &p : session.parameters()) {
            const std::vector<float> &kept = kept_[i++];
            for (std::size_t j = 0; j < kept.size(); ++j) p.gradient[j] += kept[j];
        }
    }

  private:
    std::vector<std::vector<float>> kept_;  // of every parameter
};
