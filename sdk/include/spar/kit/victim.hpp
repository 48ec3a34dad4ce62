// One text under attack: asks the oracle about variants of it, inside the threat model, and
// proposes the best.
#pragma once

#include <spar/attack.hpp>

#include <cmath>
#include <limits>

namespace SPAR_HIDDEN spar {

/// Like texts in a query: rows of tokens as long as the batch's.
class TokenRows {
  public:
    explicit TokenRows(std::int64_t length) { view_.length = length; }

    void add(const std::vector<Token> &tokens) {
        const std::size_t begin = tokens_.size();
        tokens_.resize(begin + static_cast<std::size_t>(view_.length));
        for (std::size_t i = 0; i < tokens.size(); ++i) tokens_[begin + i] = tokens[i].id;
        lengths_.push_back(std::ssize(tokens));
    }
    /// Valid until the next call of add().
    const spar_tokens *view() {
        view_.struct_size = sizeof view_;
        view_.tokens = tokens_.data();
        view_.lengths = lengths_.data();
        return &view_;
    }

  private:
    std::vector<std::int64_t> tokens_, lengths_;
    spar_tokens view_{};
};

/// Asks about texts in place of one example. A query budget is used up to its end and no further.
class Victim {
  public:
    Victim(const Oracle &oracle, const AttackBatch &batch, std::int64_t row)
        : oracle_(oracle),
          batch_(batch),
          row_(row),
          tokenizer_(batch.tokenizer()),
          clean_(batch.text(row)),
          clean_words_(tokenizer_.word_list(clean_)),
          left_(batch.threat().query_budget > 0 ? batch.threat().query_budget
                                                : std::numeric_limits<std::int64_t>::max()) {}

    const std::string &clean() const { return clean_; }
    const TokenizerRef &tokenizer() const { return tokenizer_; }
    WordedText words() const { return {tokenizer_, clean_}; }
    std::vector<Token> encode(const std::string &text) const {
        return tokenizer_.encode(text, batch_.token_room());
    }
    /// How many words `text` edits; more than limit() if it is outside the threat model.
    std::int64_t edits(const std::string &text) const {
        return edited_words(clean_words_, tokenizer_.word_list(text), limit());
    }
    bool allowed(const std::string &text) const { return edits(text) <= limit(); }
    std::int64_t limit() const { return batch_.limit(row_); }
    bool targeted() const { return batch_.targets() != nullptr; }
    Random random(std::uint32_t draw) const { return batch_.random(row_, draw); }

    /// What the model says of a text.
    struct Answer {
        std::vector<double> probabilities;
        double score = 0;      /// that grows towards the goal: 1 - p(label), or p(target)
        bool reached = false;  /// the goal, by the required margin
        float loss = 0;        /// only from ask_gradient()

        std::size_t choice() const {
            return static_cast<std::size_t>(
                std::max_element(probabilities.begin(), probabilities.end()) -
                probabilities.begin());
        }
    };
    using Tokens = std::vector<Token>;
    /// In one query for each text; fewer answers if the budget ends before.
    std::vector<Answer> ask(const std::vector<std::string> &texts) {
        std::vector<Tokens> all;
        for (const std::string &text : texts) all.push_back(encode(text));
        return ask(all);
    }
    std::vector<Answer> ask(const std::vector<Tokens> &texts) {
        const std::int64_t count = std::min<std::int64_t>(std::ssize(texts), left_);
        if (count <= 0) return {};
        left_ -= count;
        TokenRows tokens(batch_.token_room());
        for (std::int64_t i = 0; i < count; ++i) tokens.add(texts[static_cast<std::size_t>(i)]);
        const std::vector<std::int64_t> rows(static_cast<std::size_t>(count), row_);
        Matrix outputs;
        outputs.resize(count, oracle_.outputs());
        oracle_.evaluate({.count = count,
                          .rows = rows.data(),
                          .outputs = outputs.data(),
                          .tokens = tokens.view()});
        std::vector<Answer> answers;
        for (std::int64_t i = 0; i < count; ++i) answers.push_back(answer(outputs[i]));
        return answers;
    }
    std::vector<Answer> ask(const std::string &text) { return ask(std::vector<std::string>{text}); }

    /// The loss at a text, and its gradient [tokens, width] at the vectors of its tokens; no answer
    /// if the budget is spent. `loss` null: the oracle's.
    std::vector<Answer> ask_gradient(const Tokens &text, const spar_component_ref *loss,
                                     Matrix &gradient) {
        if (left_ <= 0) return {};
        --left_;
        TokenRows tokens(batch_.token_room());
        tokens.add(text);
        gradient.resize(batch_.token_room(), oracle_.width());
        Matrix outputs;
        outputs.resize(1, oracle_.outputs());
        float value = 0;
        oracle_.evaluate({.count = 1,
                          .rows = &row_,
                          .loss = loss,
                          .outputs = outputs.data(),
                          .loss_values = &value,
                          .gradient = gradient.data(),
                          .tokens = tokens.view()});
        Answer found = answer(outputs[0]);
        found.loss = value;
        return {std::move(found)};
    }

    void propose(const std::string &text) const { oracle_.propose(row_, text); }
    /// Of the result, kept in the run's record.
    void note(const char *code, double value) const { oracle_.note(row_, code, value); }

  private:
    Answer answer(std::span<const float> outputs) const {
        Answer found;
        const double all = log_sum_exp(outputs);
        for (const float value : outputs)
            found.probabilities.push_back(std::exp(double{value} - all));
        found.reached = batch_.success(row_, outputs);
        if (batch_.labels() == nullptr) return found;
        const std::int64_t own = (targeted() ? batch_.targets() : batch_.labels())[row_];
        const double p = found.probabilities[static_cast<std::size_t>(own)];
        found.score = targeted() ? p : 1 - p;
        // What is not a number is never the best of anything.
        if (std::isnan(found.score)) found.score = -std::numeric_limits<double>::infinity();
        return found;
    }

    const Oracle &oracle_;
    const AttackBatch &batch_;
    std::int64_t row_;
    TokenizerRef tokenizer_;
    std::string clean_;
    WordList clean_words_;
    std::int64_t left_;  // queries
};

}  // namespace spar
