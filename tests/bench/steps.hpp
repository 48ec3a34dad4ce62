// Training steps of a pipeline on its first batch, one by one, without the loop around them.
#pragma once

#include "engine/fitting.hpp"
#include "engine/session.hpp"
#include "instances/services.hpp"
#include "plan/plan.hpp"
#include "plugins/registry.hpp"

namespace spar::bench {

class Steps {
  public:
    Steps(host::Plan plan, const host::Registry &registry)
        : plan_(std::move(plan)),
          builder_(registry, plan_.seed,
                   [](const auto &, const std::string &path) { return path; }),
          data_(make(SPAR_KIND_DATASET, plan_.data.train)),
          tokenizer_(encode()),
          network_(make(SPAR_KIND_MODEL, plan_.model), data_),
          optimization_(make(SPAR_KIND_OPTIMIZER, plan_.train->optimizer), network_, {}, {}),
          method_(make(SPAR_KIND_METHOD, plan_.train->method)),
          loss_(make(SPAR_KIND_LOSS, plan_.train->loss)),
          session_(network_, optimization_, builder_, *method_, loss_->ref(),
                   host::threat_for(*plan_.threat, data_, data_.info().outputs)) {
        network_.coarse_attacks = plan_.train->attack_precision == host::Precision::bf16;
        data_.read(host::index_range(0, batch_size()), batch_);
        network_.zero_gradients();
    }

    std::int64_t batch_size() const { return plan_.train->batch_size; }

    void next() {
        session_.run(batch_, {0, 1, index_++, 1000000, batch_size(), 1.0});
        optimization_.step(1.0);
    }

  private:
    std::unique_ptr<host::Instance> make(spar_kind kind, const host::Node &node) {
        return builder_.build(kind, *node.json, node.pointer);
    }

    std::unique_ptr<host::Tokenizer> encode() {
        if (!data_.texts()) return nullptr;
        auto tokenizer =
            std::make_unique<host::Tokenizer>(make(SPAR_KIND_TOKENIZER, plan_.data.tokenizer));
        tokenizer->learn(data_.size(), [&](std::int64_t i) { return data_.text(i); });
        data_.encode(*tokenizer, {plan_.data.max_length, plan_.data.presence});
        data_.cut_to_longest = true;
        return tokenizer;
    }

    host::Plan plan_;
    host::Builder builder_;
    host::Data data_;
    std::unique_ptr<host::Tokenizer> tokenizer_;
    host::Network network_;
    host::Optimization optimization_;
    std::unique_ptr<host::Instance> method_, loss_;
    host::TrainingSession session_;
    host::Batch batch_;
    std::int64_t index_ = 0;
};

}  // namespace spar::bench
