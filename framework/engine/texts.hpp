// Texts under attack: what an attack sees of them, what it has proposed, and their tokens as a
// model takes them.
#pragma once

#include "engine/network.hpp"

#include <string>
#include <vector>

namespace spar::host {

/// Rows of tokens with their vectors: as long as the longest, or as all if the model demands it.
struct EmbeddedTokens {
    Batch batch;
    FencedMatrix vectors;

    /// Throws Error(SPAR_E_CONTRACT) for what is no row of tokens of this model.
    void take(Network &network, const Tokenizer &tokenizer, std::int64_t count,
              const spar_tokens &tokens);
    Space::Points points(const std::int64_t *ids) const {
        return {batch.count, vectors.data(), ids, batch.tokens.data(), batch.mask.data()};
    }
};

class AttackedTexts {
  public:
    /// `network` null: there is none yet, and no text either. So may `tokenizer` be.
    AttackedTexts(Network *network, const Instance *tokenizer, std::int64_t room)
        : network_(network), instance_(tokenizer), room_(room) {
        take({}, 0);
    }
    /// `network` null: something else answers queries.
    AttackedTexts(Network *network, const Tokenizer &tokenizer, std::int64_t room)
        : AttackedTexts(network, &tokenizer.instance(), room) {
        tokenizer_ = &tokenizer;
    }
    AttackedTexts(Network &network, const Tokenizer &tokenizer)
        : AttackedTexts(&network, tokenizer, network.widest_shape()[0]) {}

    /// Begins anew with these texts. eps is that of a threat: words, or a share of them.
    void take(std::vector<std::string> texts, double eps);
    void take(const Data &data, const std::vector<std::int64_t> &ids, double eps);
    /// Begins anew with the same texts.
    void renew();

    /// What the attack sees; valid until the next take().
    void show(spar_attack_batch &batch) const;
    std::int64_t width() const;
    void vectors(std::int64_t count, const std::int64_t *tokens, float *vectors) const;
    /// See spar_oracle. Throws Error(SPAR_E_INVALID).
    void propose(std::int64_t row, const char *text);

    const std::string &clean(std::int64_t row) const { return rows_[at(row)].clean; }
    const std::string &text(std::int64_t row) const { return rows_[at(row)].proposed; }
    /// Words in which the two differ.
    std::int64_t edited(std::int64_t row) const { return rows_[at(row)].edited; }
    /// The tokens of the proposed texts; valid until the next call.
    const spar_tokens &tokens();

    Network &network() const { return *network_; }
    const Tokenizer &tokenizer() const { return *tokenizer_; }

  private:
    struct Row {
        std::string clean, proposed;
        std::int64_t limit = 0, edited = 0, separators = 0;
    };
    static std::size_t at(std::int64_t row) { return static_cast<std::size_t>(row); }

    Network *network_;
    const Instance *instance_;
    const Tokenizer *tokenizer_ = nullptr;
    std::int64_t room_;
    std::vector<Row> rows_;
    // As the attack gets them.
    std::vector<std::int64_t> limits_, tokens_, lengths_;
    std::vector<std::int32_t> words_;
    std::vector<std::string> shown_;
    std::vector<const char *> pointers_;
    spar_tokens view_{};
    // Of the proposed texts.
    std::vector<std::int64_t> proposed_, proposed_lengths_;
    spar_tokens proposed_view_{};
};

/// How many of `words` words a threat's eps allows to change: itself, or below 1 the share of them,
/// rounded up.
std::int64_t word_limit(double eps, std::int64_t words);

}  // namespace spar::host
