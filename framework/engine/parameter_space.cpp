#include "engine/parameter_space.hpp"

#include "base/words.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace spar::host {

/// While it lives, gradients start from zero. Afterwards the previous gradients are restored, with
/// or without those taken in between.
class ParameterSpace::GradientsAside {
  public:
    /// Those of `chosen`; null: of all parameters.
    GradientsAside(const Network &network, const NetworkParameter *chosen) {
        for (const NetworkParameter &p : network.parameters()) {
            if (!p.trainable || (chosen != nullptr && chosen != &p)) continue;
            kept_.push_back({p.gradient, {p.gradient.begin(), p.gradient.end()}});
            std::fill(p.gradient.begin(), p.gradient.end(), 0.0F);
        }
    }
    GradientsAside(const GradientsAside &) = delete;
    GradientsAside &operator=(const GradientsAside &) = delete;
    ~GradientsAside() {
        for (const Kept &kept : kept_) {
            if (!adds_) std::ranges::copy(kept.before, kept.gradient.begin());
            for (std::size_t i = 0; adds_ && i < kept.before.size(); ++i)
                kept.gradient[i] += kept.before[i];
        }
    }
    void add() { adds_ = true; }

  private:
    struct Kept {
        std::span<float> gradient;
        std::vector<float> before;
    };
    std::vector<Kept> kept_;
    bool adds_ = false;
};

ParameterSpace::ParameterSpace(Network &network, const std::string &name) : network_(network) {
    std::vector<std::string> names;
    for (const NetworkParameter &p : network.parameters()) {
        if (!p.trainable) continue;
        names.push_back(p.name);
        if (p.name == name) parameter_ = &p;
    }
    if (parameter_ == nullptr) {
        const std::string meant = did_you_mean(name, names);
        throw Failure(
            Exit::pipeline,
            fmt::format("#/threat/parameter: the model trains no parameter {}; {}{}{}", quote(name),
                        meant, meant.empty() ? "it trains " : " It trains ", listed(names)));
    }
    renew();
}

void ParameterSpace::attend(const Batch &batch) {
    batch_ = &batch;
    renew();
}

void ParameterSpace::renew() {
    clean_.assign(parameter_->value.begin(), parameter_->value.end());
}

void ParameterSpace::write(const float *x) {
    std::copy_n(x, clean_.size(), parameter_->value.begin());
    network_.parameters_changed();
}

void ParameterSpace::pass(const Points &points, spar_pass pass) {
    const auto *loss = pass.head == LossHead::evaluate
                           ? static_cast<const LossHead *>(pass.head_context)
                           : nullptr;
    if (!points.sites.empty())
        throw Error(SPAR_E_UNSUPPORTED,
                    "where a parameter is perturbed, the batch is one point and has no values of "
                    "its own at sites; perturb examples instead");
    const bool own_labels =
        loss != nullptr && loss->labels != nullptr && loss->labels != batch_->label_data();
    if ((pass.head != nullptr && loss == nullptr) || own_labels ||
        (loss != nullptr && loss->reference != nullptr) || pass.tape != 0)
        throw Error(SPAR_E_UNSUPPORTED,
                    "where a parameter is perturbed, the whole batch is one point, and there is "
                    "nothing to ask for but the loss and its gradient; choose a method and an "
                    "attack that need no more, or another \"space\" in \"threat\"");
    for (std::int64_t i = 0; i < points.count; ++i) {
        evaluate(points.x + i * size(), pass, pass.dx != nullptr ? pass.dx + i * size() : nullptr);
        if (pass.outputs != nullptr) mean_outputs(pass.outputs + i * outputs());
        if (loss != nullptr && loss->loss_values != nullptr) loss->loss_values[i] = mean_loss();
    }
}

void ParameterSpace::backward(const Points &, std::int32_t, const float *, spar_wants, float *) {
    throw Error(SPAR_E_UNSUPPORTED, "where a parameter is perturbed, there are no tapes");
}

void ParameterSpace::evaluate(const float *x, const spar_pass &pass, float *dx) {
    const auto count = static_cast<std::size_t>(batch_->count);
    outputs_.resize(batch_->count, outputs());
    losses_.resize(count);
    spar_pass whole = pass;
    LossHead loss{.loss = nullptr, .outputs = outputs()};
    if (pass.head != nullptr) {
        loss = *static_cast<const LossHead *>(pass.head_context);
        loss.weight = static_cast<float>(double{loss.weight} / static_cast<double>(count));
        loss.labels = batch_->label_data();
        loss.values = batch_->value_data();
        loss.ids = batch_->ids.data();
        loss.loss_values = losses_.data();
        whole.head_context = &loss;
    }
    whole.ids = batch_->ids.data();
    whole.outputs = outputs_.data();
    whole.dx = nullptr;
    const bool moves = (pass.wants & SPAR_WANT_INPUT_GRADIENT) != 0;
    const bool learns = (pass.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0;
    whole.wants = moves || learns ? SPAR_WANT_PARAMETER_GRADIENTS : 0U;

    const auto run = [&] {
        if (!moves) return network_.pass(examples(), whole);
        GradientsAside aside(network_, learns ? parameter_ : nullptr);
        network_.pass(examples(), whole);
        std::ranges::copy(parameter_->gradient, dx);
        if (learns) aside.add();
    };
    if (x == clean_.data()) return run();
    write(x);
    try {
        run();
    } catch (...) {
        write(clean_.data());
        throw;
    }
    write(clean_.data());
}

/// The examples of the batch, embedded with the current parameter.
Space::Points ParameterSpace::examples() {
    const Batch &b = *batch_;
    if (b.tokens.empty()) return {b.count, b.x.data(), b.ids.data()};
    network_.embed(b, vectors_);
    return {b.count, vectors_.data(), b.ids.data(), b.tokens.data(), b.mask.data()};
}

float ParameterSpace::mean_loss() const {
    double sum = 0;
    for (const float loss : losses_) sum += double{loss};
    return static_cast<float>(sum / static_cast<double>(losses_.size()));
}

void ParameterSpace::mean_outputs(float *means) const {
    for (std::int64_t k = 0; k < outputs(); ++k) {
        double sum = 0;
        for (std::int64_t i = 0; i < outputs_.count(); ++i)
            sum += double{outputs_[i][static_cast<std::size_t>(k)]};
        means[k] = static_cast<float>(sum / static_cast<double>(outputs_.count()));
    }
}

}  // namespace spar::host
