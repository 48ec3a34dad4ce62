// A tokenizer whose vocabulary is counted in the training texts; base of `words` and `characters`.
#pragma once

#include "lower_case.hpp"
#include "split.hpp"
#include "tokens.hpp"

namespace tokenizers {

class Learned : public spar::Tokenizer {
  public:
    static constexpr std::int64_t padding = 0, unknown = 1, separator = 2, first = 3;

    spar::Integer min_count{
        this, "min_count", "rarer tokens are unknown", {.fallback = 1, .min = 1}};
    spar::Integer size{this,
                       "size",
                       "most tokens, padding, the unknown token and the separator included",
                       {.fallback = 1000000, .min = first + 1, .max = most_tokens}};
    spar::Boolean lower_case{
        this, "lower_case", "take capitals as small letters, in every script", {.fallback = true}};
    spar::Choice punctuation{this,
                             "punctuation",
                             "attached: part of the words that white space divides; apart: each "
                             "mark is a word of its own",
                             {"attached", "apart"},
                             {.fallback = "attached"}};

    bool ready() const final { return tokens_.size() > 0; }
    spar::TokenizerInfo info() const final { return {tokens_.size(), padding, unknown, separator}; }

    void learn(const Texts &texts) final {
        ByText<std::int64_t> counts;
        for (std::int64_t i = 0; i < texts.size(); ++i)
            for (const Unit &unit : units(texts[i]))
                if (unit.word >= 0) ++counts[unit.text];
        std::vector<std::pair<std::string_view, std::int64_t>> order(counts.begin(), counts.end());
        std::sort(order.begin(), order.end(), [](const auto &a, const auto &b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        std::vector<std::string> tokens;
        for (const auto &[token, count] : order)
            if (count >= *min_count && std::cmp_less(tokens.size(), *size - first))
                tokens.emplace_back(token);
        if (tokens.empty())
            throw spar::bad_data("none of the training texts' " + std::to_string(counts.size()) +
                                 " different tokens occurs " + std::to_string(*min_count) +
                                 " times, as \"min_count\" demands");
        take(std::move(tokens));
    }

    std::vector<spar::Token> encode(std::string_view text) const final {
        std::vector<spar::Token> tokens;
        for (const Unit &unit : units(text)) {
            const std::int64_t id = unit.word < 0 ? separator : tokens_.id(unit.text);
            tokens.push_back({id < 0 ? unknown : id, unit.word});
        }
        return tokens;
    }
    std::vector<WordSpan> words(std::string_view text) const final {
        return words_of(text, punctuation.is("apart"));
    }
    std::string decode(std::span<const std::int64_t> tokens) const final {
        std::string text;
        bool joined = true;  // with what precedes
        for (const std::int64_t id : tokens) {
            const std::string *token = tokens_.token(id);
            if (token == nullptr || id == padding) continue;
            if (id == separator) {
                text += SPAR_TEXT_SEPARATOR;
            } else {
                if (!joined) text += between();
                text += *token;
            }
            joined = id == separator;
        }
        return text;
    }
    const std::string *token(std::int64_t id) const final { return tokens_.token(id); }
    const std::string *word(std::int64_t id) const final {
        const std::string *token = id < first ? nullptr : tokens_.token(id);
        return token != nullptr && stands_alone(*token) ? token : nullptr;
    }

    void save(const spar::StateOut &out) const {
        out.write(std::span<const char>(mark));
        out.write(std::int64_t{*lower_case});
        out.write(std::int64_t{punctuation.is("apart")});
        tokens_.save(out);
    }
    void load(const spar::StateIn &in) {
        check_mark(in, mark);
        check_setting(in, "lower_case", *lower_case);
        check_setting(in, "punctuation", std::int64_t{punctuation.is("apart")},
                      {"\"attached\"", "\"apart\""});
        std::vector<std::string> tokens = Tokens::load(in);
        if (tokens.size() <= first || !std::equal(names, names + first, tokens.begin()))
            throw spar::bad_data("the saved vocabulary is damaged: it does not begin with " +
                                 std::string(names[padding]));
        check_loaded(tokens);
        tokens_ = Tokens(std::move(tokens), first);
    }

  protected:
    static constexpr std::string_view names[] = {"<padding>", "<unknown>", "<separator>"};

    /// What becomes a token; a separator, if it is part of no word.
    struct Unit {
        std::string text;
        std::int32_t word;
    };

    virtual std::vector<Unit> units(std::string_view text) const = 0;
    /// What decode() writes between two tokens.
    virtual std::string_view between() const = 0;
    /// Compares a saved vocabulary with what the pipeline says.
    virtual void check_loaded(const std::vector<std::string> &) const {}

    /// Whether a text is one word that one token stands for.
    bool stands_alone(const std::string &text) const {
        const std::vector<Unit> all = units(text);
        return all.size() == 1 && all[0].word >= 0 && all[0].text == text;
    }

    /// The vocabulary: these tokens after those that every one has.
    void take(std::vector<std::string> tokens) {
        tokens.insert(tokens.begin(), std::begin(names), std::end(names));
        tokens_ = Tokens(std::move(tokens), first);
    }
    const Tokens &known() const { return tokens_; }

  private:
    static constexpr std::string_view mark = "spar vocabulary 1\n";

    Tokens tokens_;
};

}  // namespace tokenizers
