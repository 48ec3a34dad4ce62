// What a method sets aside while it evaluates the model elsewhere.
#pragma once

#include <spar/array.hpp>
#include <spar/method.hpp>

/// Gradients of all parameters.
class Stash {
  public:
    /// Moves the gradients out, leaving zeros.
    void take(const spar::Session &session) {
        const std::vector<spar::Parameter> parameters = session.parameters();
        kept_.resize(parameters.size());
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const std::span<float> gradient = parameters[i].gradient;
            kept_[i].assign(gradient.begin(), gradient.end());
            std::ranges::fill(gradient, 0.0F);
        }
    }

    /// Adds them to the present gradients.
    void add(const spar::Session &session) const {
        std::size_t i = 0;
        for (const spar::Parameter &p : session.parameters())
            spar::array(p.gradient) += spar::array(kept_[i++]);
    }

  private:
    std::vector<std::vector<float>> kept_;  // of every parameter
};

/// Values of buffers: running statistics, which a pass for gradients changes.
class Buffers {
  public:
    void take(const spar::Session &session) {
        kept_.clear();
        for (const spar::Parameter &p : session.parameters())
            if (!p.trainable) kept_.emplace_back(p.value.begin(), p.value.end());
    }
    void put_back(const spar::Session &session) const {
        if (kept_.empty()) return;
        auto kept = kept_.begin();
        for (const spar::Parameter &p : session.parameters())
            if (!p.trainable) std::ranges::copy(*kept++, p.value.begin());
        session.parameters_changed();
    }

  private:
    std::vector<std::vector<float>> kept_;
};
