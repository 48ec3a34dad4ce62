// A few steps of training with any method, on a model small enough to be written out again.
#pragma once

#include "engine/crafting.hpp"
#include "engine/fitting.hpp"
#include "engine/loss_head.hpp"
#include "engine/session.hpp"
#include "plan/plan.hpp"
#include "plugin_loader.hpp"
#include "run/checkpoint.hpp"
#include "run/train.hpp"

namespace spar::test {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// All built plugins, and the tiny model and dataset.
inline const host::Registry &tiny_registry() {
    static const host::Registry found =
        host::Registry::discover({SPAR_PLUGIN_DIR, SPAR_TINY_DIR}, host::host_table());
    return found;
}

struct Choices {
    std::string method, model = R"({"type":"tiny_mlp"})", data = R"({"type":"tiny_data"})",
                        loss = R"({"type":"cross_entropy"})",
                        threat = R"({"norm":"linf","eps":0.1})",
                        optimizer = R"({"type":"sgd","lr":0.1,"momentum":0.9})";
    std::int64_t batch_size = 8, epochs = 2;
    host::Clipping clipping{};
    std::optional<host::Averaging> averaging{};
};

class Training {
  public:
    explicit Training(const Choices &c)
        : choices_(c),
          plan_(host::parse_plan(text(c), "test", ".", {}, tiny_registry())),
          builder_(tiny_registry(), 1, [](const auto &, const auto &path) { return path; }),
          data_(make(SPAR_KIND_DATASET, plan_.data.train)),
          network_(make(SPAR_KIND_MODEL, plan_.model), data_),
          optimization_(make(SPAR_KIND_OPTIMIZER, plan_.train->optimizer), network_, c.clipping,
                        c.averaging),
          method_(make(SPAR_KIND_METHOD, plan_.train->method)),
          loss_(make(SPAR_KIND_LOSS, plan_.train->loss)),
          session_(network_, optimization_, builder_, *method_, loss_->ref(), threat(),
                   plan_.threat->parameter) {
        crafting_ = host::crafting_loss(builder_, plan_, *loss_, data_.classes());
        if (crafting_) session_.crafting_loss = &crafting_->ref();
        next_batch();
    }
    Training(const Training &) = delete;
    Training &operator=(const Training &) = delete;

    /// The method's gradients on the batch; the weights stay.
    Floats gradients() {
        network_.zero_gradients();
        outcome = session_.run(batch_, {step_ / batches(), choices_.epochs, step_,
                                        batches() * choices_.epochs, choices_.batch_size, 1.0});
        return gradient();
    }
    /// The optimizer's step with the gradients as they stand; on to the next batch.
    void finish() {
        optimization_.step(1);
        skip_to(step_ + 1);
    }
    /// The optimizer's step with other gradients; the batch stays.
    void update(const Floats &gradient) {
        auto from = gradient.begin();
        for (const host::NetworkParameter &p : network_.parameters())
            for (float &g : p.gradient) g = *from++;
        optimization_.step(1);
    }
    void step() {
        gradients();
        finish();
    }

    /// The current gradients of all parameters, concatenated.
    Floats gradient() const {
        Floats all;
        for (const host::NetworkParameter &p : network_.parameters())
            all.insert(all.end(), p.gradient.begin(), p.gradient.end());
        return all;
    }
    Floats weights() const {
        Floats all;
        for (const host::NetworkParameter &p : network_.parameters())
            all.insert(all.end(), p.value.begin(), p.value.end());
        return all;
    }
    void set_weights(const Floats &all) {
        auto from = all.begin();
        for (const host::NetworkParameter &p : network_.parameters())
            for (float &value : p.value) value = *from++;
        network_.parameters_changed();
    }
    /// A copy of the method's tensor, without the rows that the batch does not fill.
    Floats tensor(const std::string &name) {
        const Floats &values = session_.tensors().at(name).values;
        return {values.begin(), values.begin() + batch_.count * network_.size()};
    }

    /// Gradient of the mean loss at x by the weights and, per example and unweighted, by x.
    struct At {
        Floats by_weights, by_x;
    };
    At natural_at(const Floats &x) {
        network_.zero_gradients();
        At at;
        at.by_x.resize(x.size());
        host::LossHead head{.loss = &loss_->ref(), .outputs = network_.outputs()};
        head.labels = batch_.label_data();
        head.values = batch_.value_data();
        spar_pass pass{};
        pass.head = host::LossHead::evaluate;
        pass.head_context = &head;
        pass.wants = SPAR_WANT_INPUT_GRADIENT;
        pass.dx = at.by_x.data();
        network_.pass({batch_.count, x.data(), batch_.ids.data()}, pass);
        head.weight = static_cast<float>(1.0 / static_cast<double>(batch_.count));
        pass.wants = SPAR_WANT_PARAMETER_GRADIENTS;
        pass.dx = nullptr;
        network_.pass({batch_.count, x.data(), batch_.ids.data()}, pass);
        at.by_weights = gradient();
        network_.zero_gradients();
        return at;
    }

    std::int64_t batches() const {
        return (data_.size() + choices_.batch_size - 1) / choices_.batch_size;
    }
    Floats x() const { return {batch_.x[0].data(), batch_.x[0].data() + batch_.count * 6}; }
    const host::Batch &batch() const { return batch_; }
    host::Network &network() { return network_; }
    const host::Data &data() const { return data_; }
    const host::Plan &plan() const { return plan_; }
    /// Refuses losses that go with neither data nor outputs, as a run does before it trains.
    void rehearse() const {
        for (const auto *part : {loss_.get(), method_.get()})
            host::rehearse_losses(*part, data_, network_.outputs());
    }
    host::TrainingSession &session() { return session_; }
    host::Optimization &optimization() { return optimization_; }
    std::int64_t step_number() const { return step_; }
    /// The batch becomes one example over and over.
    void repeat(std::int64_t index) {
        data_.read(std::vector<std::int64_t>(static_cast<std::size_t>(choices_.batch_size), index),
                   batch_);
    }
    /// As after that many steps, for what comes from a checkpoint.
    void skip_to(std::int64_t step) {
        step_ = step;
        next_batch();
    }
    host::TrainingTask task(const std::filesystem::path &checkpoint) {
        return {.plan = *plan_.train,
                .network = network_,
                .optimization = optimization_,
                .session = session_,
                .data = data_,
                .indices = {},
                .validation_data = data_,
                .validation = std::nullopt,
                .order_key = 0,
                .fingerprint = "a training",
                .checkpoint = checkpoint,
                .made_with = {},
                .participants = {},
                .tokenizer = {}};
    }

    spar_threat threat() const {
        return host::threat_for(*plan_.threat, data_, data_.info().outputs);
    }

    host::TrainingSession::Outcome outcome;

  private:
    static std::string text(const Choices &c) {
        return R"({"version":2,"name":"tiny","seed":1,"data":{"train":)" + c.data +
               R"(},"model":)" + c.model + R"(,"threat":)" + c.threat + R"(,"train":{"method":)" +
               c.method + R"(,"loss":)" + c.loss + R"(,"optimizer":)" + c.optimizer +
               R"(,"epochs":2}})";
    }
    std::unique_ptr<host::Instance> make(spar_kind kind, const host::Node &node) const {
        return builder_.build(kind, *node.json, node.pointer);
    }
    void next_batch() {
        const std::int64_t first = step_ % batches() * choices_.batch_size;
        const std::int64_t count = std::min(choices_.batch_size, data_.size() - first);
        data_.read(host::index_range(first, count), batch_);
    }

    Choices choices_;
    host::Plan plan_;
    host::Builder builder_;
    host::Data data_;
    host::Network network_;
    host::Optimization optimization_;
    std::unique_ptr<host::Instance> method_, loss_, crafting_;
    host::TrainingSession session_;
    host::Batch batch_;
    std::int64_t step_ = 0;
};

/// The largest difference, as a share of the largest value of the second.
inline double difference(const Floats &a, const auto &b) {
    REQUIRE(a.size() == b.size());
    double largest = 0, apart = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(double(b[i])));
        apart = std::max(apart, std::abs(double(a[i]) - double(b[i])));
    }
    return largest > 0 ? apart / largest : apart;
}

inline Floats plus(Floats a, const Floats &b, float factor = 1) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += factor * b[i];
    return a;
}

inline Floats clipped(Floats a, float low = 0, float high = 1) {
    for (float &value : a) value = std::clamp(value, low, high);
    return a;
}

}  // namespace spar::test
