// Training where the words of texts are edited: the part of a session that knows tokens.
#include "engine/session.hpp"

#include <algorithm>

namespace spar::host {

void TrainingSession::begin_texts() {
    tokens_given_ = {};
    if (!threat_now_ || threat_now_->space != SPAR_SPACE_TOKENS) return;
    if (data == nullptr || data->tokenizer() == nullptr)
        throw Failure(Exit::pipeline, "#/threat/space: there are no texts to attack");
    if (!texts_) texts_.emplace(network_, *data->tokenizer());
    texts_->take(*data, batch_->ids, threat_now_->eps);
}

void TrainingSession::show_texts(spar_session &session) const {
    spar_attack_batch shown{};
    texts_->show(shown);
    session.size = session.room = session.mask_size = 0;
    session.rank = 0;
    std::fill(std::begin(session.shape), std::end(session.shape), 0);
    session.x = session.mask = nullptr;
    session.limits = shown.limits;
    session.words = shown.words;
    session.tokens = shown.tokens;
}

const spar_tokens *TrainingSession::attack_tokens(const spar_component_ref *attack,
                                                  const spar_objective *objective,
                                                  std::int64_t draw) {
    if (!texts_)
        throw Error(SPAR_E_UNSUPPORTED,
                    "the threat perturbs values, so that no attack gives texts: use attack");
    AttackTask task = attack_task(attack, objective, draw);
    texts_->renew();
    task.texts = &*texts_;
    run_attack(task, nullptr, queries_);
    return &texts_->tokens();
}

Space::Points TrainingSession::text_points(const spar_session_pass &pass) {
    if (pass.x != nullptr)
        throw Error(SPAR_E_CONTRACT, "in the space of tokens, the points of a pass are tokens");
    if (pass.dx != nullptr || (pass.wants & SPAR_WANT_INPUT_GRADIENT) != 0 ||
        pass.stage_steps != nullptr)
        throw Error(SPAR_E_UNSUPPORTED, "in the space of tokens there is no gradient at the input");
    const auto tape = static_cast<std::size_t>(std::clamp(pass.tape, 0, 8));
    tokens_given_[tape] = pass.tokens != nullptr;
    if (pass.tokens == nullptr) {
        network_.set_length(batch_->length);
        return points(nullptr);
    }
    given_tokens_[tape].take(network_, *data->tokenizer(), batch_->count, read_struct(pass.tokens));
    return given_tokens_[tape].points(batch_->ids.data());
}

void TrainingSession::backward(std::int32_t tape, const float *cotangent, spar_wants wants,
                               float *dx) {
    if (!texts_) return space_.backward(points(nullptr), tape, cotangent, wants, dx);
    if (dx != nullptr || (wants & SPAR_WANT_INPUT_GRADIENT) != 0)
        throw Error(SPAR_E_UNSUPPORTED, "in the space of tokens there is no gradient at the input");
    const auto slot = static_cast<std::size_t>(std::clamp(tape, 0, 8));
    const bool given = tokens_given_[slot];
    network_.set_length(given ? given_tokens_[slot].batch.length : batch_->length);
    space_.backward(given ? given_tokens_[slot].points(batch_->ids.data()) : points(nullptr), tape,
                    cotangent, wants, dx);
}

}  // namespace spar::host
