// Gradients that are put aside, so that a method can look at others in their place.
#pragma once

#include <spar/method.hpp>

class Stash {
  public:
    /// Takes the gradients of the parameters with chosen(parameter) away, leaving zeros.
    template <class Chosen>
    void take(const spar::Session &session, Chosen &&chosen) {
        const std::vector<spar::Parameter> parameters = session.parameters();
        kept_.resize(parameters.size());
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const std::span<float> gradient = parameters[i].gradient;
            const bool mine = parameters[i].trainable && chosen(parameters[i]);
            kept_[i].assign(gradient.begin(), mine ? gradient.end() : gradient.begin());
            if (mine) std::ranges::fill(gradient, 0.0F);
        }
    }
    void take(const spar::Session &session) {
        take(session, [](const spar::Parameter &) { return true; });
    }

    /// Puts them back in the place of what is there now.
    void restore(const spar::Session &session) const {
        each(session, [](float &gradient, float kept) { gradient = kept; });
    }
    /// Adds them to what is there now.
    void add(const spar::Session &session) const {
        each(session, [](float &gradient, float kept) { gradient += kept; });
    }

  private:
    template <class Change>
    void each(const spar::Session &session, Change &&change) const {
        std::size_t i = 0;
        for (const spar::Parameter &p : session.parameters()) {
            const std::vector<float> &kept = kept_[i++];
            for (std::size_t j = 0; j < kept.size(); ++j) change(p.gradient[j], kept[j]);
        }
    }

    std::vector<std::vector<float>> kept_;  // of every parameter
};
