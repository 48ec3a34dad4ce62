// The pipeline's tokenizer in use: its vocabulary, learnt or loaded, and texts as tokens.
#pragma once

#include "instances/instance.hpp"

#include <spar/texts.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

/// What is kept of a tokenizer with a model's weights.
struct TokenizerState {
    std::string type;   /// of the component
    std::string bytes;  /// what its `save` wrote

    /// SHA-256 of both: equal hashes, equal tokens for every text.
    std::string sha256() const;
};

class Tokenizer {
  public:
    explicit Tokenizer(std::unique_ptr<Instance> tokenizer);

    const Instance &instance() const { return *tokenizer_; }

    /// Before anything else, if there is a state. `source` says where it comes from, for messages.
    void load(const TokenizerState &state, const std::string &source);
    /// Whether there is a vocabulary; reads info() if there is.
    bool ready();
    /// Makes the vocabulary from `count` texts.
    void learn(std::int64_t count, const std::function<std::string(std::int64_t)> &text);

    /// Valid once ready() has answered true, and so are the functions below.
    const spar_tokenizer_info &info() const { return info_; }
    const TokenizerState &state() const { return state_; }

    /// A text's tokens, at most `room`; checked: all are in the vocabulary. Reuses the memory of
    /// `encoded`.
    struct Encoded {
        std::vector<std::int64_t> tokens;
        std::vector<std::int32_t> words;  /// the word of each token; -1: none
        std::int64_t whole = 0;           /// tokens before the cut
    };
    void encode(const std::string &text, std::int64_t room, Encoded &encoded) const;
    /// The words of a text; checked: they lie in it, in order.
    std::vector<WordSpan> words(const std::string &text) const;
    /// A token as the vocabulary writes it; empty if it has no such token.
    std::string token(std::int64_t token) const;

  private:
    const spar_tokenizer_table &table() const { return tokenizer_->table<spar_tokenizer_table>(); }

    std::unique_ptr<Instance> tokenizer_;
    spar_tokenizer_info info_{};
    TokenizerState state_;
};

/// The mask of a row of tokens: 1 up to and with the first separator, 2 after it, where the second
/// text of a pair is.
template <class Token>
void mark_texts(std::span<const Token> tokens, std::int64_t separator, float *mask) {
    float text = 1;
    for (const Token token : tokens) {
        *mask++ = text;
        if (token == separator) text = 2;
    }
}

}  // namespace spar::host
