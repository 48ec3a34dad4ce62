// The whole words of a vocabulary, punctuation left out, and the vectors that the model has for
// tokens.
#pragma once

#include "word_list.hpp"

#include <spar/attack.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attacks {

class Vocabulary {
  public:
    struct Word {
        std::int64_t token;
        std::string text;
    };

    /// Asks for all vectors: make one for a batch, not for an example.
    Vocabulary(const spar::Oracle &oracle, const spar::TokenizerRef &tokenizer)
        : width_(static_cast<std::size_t>(oracle.width())), unknown_(tokenizer.info().unknown) {
        std::vector<std::int64_t> all(static_cast<std::size_t>(tokenizer.info().vocabulary));
        std::iota(all.begin(), all.end(), std::int64_t{0});
        vectors_ = oracle.vectors(all);
        for (const std::int64_t token : all) {
            lengths_.push_back(spar::norm_l2(vector(token)));
            const char *word = tokenizer.word(token);
            if (word != nullptr && token != unknown_ && has_letter(word))
                words_.push_back({token, word});
        }
    }

    const std::vector<Word> &words() const { return words_; }
    bool known(std::int64_t token) const { return token != unknown_; }
    std::span<const float> vector(std::int64_t token) const {
        return {vectors_.data() + static_cast<std::size_t>(token) * width_, width_};
    }
    /// Of the vectors of two tokens; -1 where one has no length.
    double cosine(std::int64_t a, std::int64_t b) const { return cosine(vector(a), length(a), b); }
    double cosine(std::span<const float> a, double length_of_a, std::int64_t b) const {
        const double lengths = length_of_a * length(b);
        return lengths > 0 ? spar::dot(a, vector(b)) / lengths : -1;
    }

  private:
    double length(std::int64_t token) const { return lengths_[static_cast<std::size_t>(token)]; }

    std::size_t width_;
    std::int64_t unknown_;
    std::vector<float> vectors_;
    std::vector<double> lengths_;
    std::vector<Word> words_;
};

/// The tokens of each word of an encoded text; empty for a word that was cut off.
inline std::vector<std::vector<std::size_t>> places_of_words(const std::vector<spar::Token> &text,
                                                             std::size_t words) {
    std::vector<std::vector<std::size_t>> places(words);
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i].word >= 0 && static_cast<std::size_t>(text[i].word) < words)
            places[static_cast<std::size_t>(text[i].word)].push_back(i);
    return places;
}

/// An encoded text with one token that the vocabulary lacks in place of a word's; without the word
/// if there is no such token.
inline std::vector<spar::Token> with_unknown(std::vector<spar::Token> text, std::int32_t word,
                                             std::int64_t unknown) {
    bool first = unknown >= 0;
    std::erase_if(text, [&](spar::Token &token) {
        if (token.word != word) return false;
        if (!first) return true;
        token.id = unknown;
        first = false;
        return false;
    });
    return text;
}

/// Runs attack(row) for every example. One that is out of queries keeps what it has.
template <class Attack>
void for_each_example(const spar::AttackBatch &batch, Attack &&attack) {
    for (std::int64_t row = 0; row < batch.count(); ++row) {
        try {
            attack(row);
        } catch (const spar::Error &error) {
            if (error.code() != SPAR_E_BUDGET) throw;
        }
    }
}

}  // namespace attacks
