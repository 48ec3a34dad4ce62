// Write a tokenizer: from texts to tokens and back.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace SPAR_HIDDEN spar {

/// What a tokenizer's numbers mean, see spar_tokenizer_info.
struct TokenizerInfo {
    std::int64_t vocabulary = 0;  /// tokens are in [0, vocabulary)
    std::int64_t padding = 0;
    std::int64_t unknown = -1;    /// -1: none
    std::int64_t separator = -1;  /// -1: none
};

/// A token of a text, and the word that it is a part of; -1 if it is part of none, as [CLS].
struct Token {
    std::int64_t id = 0;
    std::int32_t word = -1;

    bool operator==(const Token &) const = default;
};

/// Bytes [begin, end) of a text.
struct WordSpan {
    std::size_t begin = 0, end = 0;

    std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
    bool operator==(const WordSpan &) const = default;
};

/// Cuts a text's tokens to `room`. Tokens of no word stay. Of the texts of a pair the longer gives
/// way, at its end, until they are equally long; then both do.
inline void cut(std::vector<Token> &tokens, std::size_t room) {
    if (tokens.size() <= room) return;
    std::vector<std::size_t> lengths{0}, kept;  // of the runs of words' tokens
    std::size_t others = 0;
    for (const Token &token : tokens) {
        if (token.word >= 0) {
            ++lengths.back();
        } else {
            ++others;
            lengths.push_back(0);
        }
    }
    kept.resize(lengths.size());
    std::size_t left = room - std::min(room, others);
    for (bool any = true; any;) {  // the runs take turns
        any = false;
        for (std::size_t i = 0; i < lengths.size() && left > 0; ++i)
            if (kept[i] < lengths[i]) ++kept[i], --left, any = true;
    }
    std::size_t run = 0, place = 0;
    std::erase_if(tokens, [&](const Token &token) {
        if (token.word >= 0) return place++ >= kept[run];
        ++run;
        place = 0;
        return false;
    });
    tokens.resize(std::min(tokens.size(), room));
}

/// Base of a tokenizer, which also has
///
///     void save(const spar::StateOut &) const;
///     void load(const spar::StateIn &);
///
/// for its vocabulary and the settings that change tokens (see abi/tokenizer.h for the order of the
/// calls). The vocabulary comes from load(), from learn(), or from a file that configure() reads.
class Tokenizer : public Component {
  public:
    using Kind = Tokenizer;
    static constexpr spar_kind kind = SPAR_KIND_TOKENIZER;

    /// The training texts, in their order.
    class Texts {
      public:
        explicit Texts(const spar_texts *texts) : texts_(texts) {}
        std::int64_t size() const { return texts_->count; }
        /// Valid until the next call.
        std::string_view operator[](std::int64_t index) const {
            const char *text = nullptr;
            checked([&](spar_error *e) { return texts_->text(texts_->handle, index, &text, e); });
            return text;
        }

      private:
        const spar_texts *texts_;
    };

    /// False as long as there is no vocabulary.
    virtual bool ready() const = 0;
    virtual TokenizerInfo info() const = 0;
    /// Makes the vocabulary. Throws `invalid` if this tokenizer learns none.
    virtual void learn(const Texts &texts) = 0;
    /// All tokens of a text; what exceeds the room of a row is cut afterwards, see cut().
    virtual std::vector<Token> encode(std::string_view text) const = 0;
    virtual std::vector<WordSpan> words(std::string_view text) const = 0;
    virtual std::string decode(std::span<const std::int64_t> tokens) const = 0;
    /// A token as the vocabulary writes it, which must stay in place; null: outside the vocabulary.
    virtual const std::string *token(std::int64_t token) const = 0;
    /// The text of a token that is a whole word by itself, which must stay in place; null for
    /// others.
    virtual const std::string *word(std::int64_t token) const = 0;

    static const spar_tokenizer_table *table();
};

inline const spar_tokenizer_table *Tokenizer::table() {
    static const spar_tokenizer_table functions{
        .struct_size = sizeof(spar_tokenizer_table),
        .reserved = 0,
        .info =
            [](void *self, spar_tokenizer_info *out, spar_error *error) {
                return guarded(error, [&] {
                    const auto &tokenizer = *static_cast<const Tokenizer *>(self);
                    if (!tokenizer.ready())
                        throw Error(SPAR_E_UNSUPPORTED, "there is no vocabulary yet");
                    const TokenizerInfo info = tokenizer.info();
                    out->vocabulary = info.vocabulary;
                    out->padding = info.padding;
                    out->unknown = info.unknown;
                    out->separator = info.separator;
                });
            },
        .learn =
            [](void *self, const spar_texts *texts, spar_error *error) {
                return guarded(error, [&] { static_cast<Tokenizer *>(self)->learn(Texts(texts)); });
            },
        .encode =
            [](void *self, const char *text, spar_encoding *out, spar_error *error) {
                return guarded(error, [&] {
                    std::vector<Token> all = static_cast<const Tokenizer *>(self)->encode(text);
                    out->whole = std::ssize(all);
                    cut(all, static_cast<std::size_t>(std::max(out->room, std::int64_t{0})));
                    out->length = std::ssize(all);
                    for (std::size_t i = 0; i < all.size(); ++i) {
                        if (out->tokens != nullptr) out->tokens[i] = all[i].id;
                        if (out->words != nullptr) out->words[i] = all[i].word;
                    }
                });
            },
        .words =
            [](void *self, const char *text, spar_words *out, spar_error *error) {
                return guarded(error, [&] {
                    const auto spans = static_cast<const Tokenizer *>(self)->words(text);
                    out->count = std::ssize(spans);
                    for (std::int64_t i = 0; i < std::min(out->count, out->room); ++i) {
                        const WordSpan &span = spans[static_cast<std::size_t>(i)];
                        if (out->begins != nullptr)
                            out->begins[i] = static_cast<std::int64_t>(span.begin);
                        if (out->ends != nullptr)
                            out->ends[i] = static_cast<std::int64_t>(span.end);
                    }
                });
            },
        .decode =
            [](void *self, const std::int64_t *tokens, std::int64_t count, char *text,
               std::int64_t *size, spar_error *error) {
                return guarded(error, [&] {
                    const std::string all = static_cast<const Tokenizer *>(self)->decode(
                        {tokens, static_cast<std::size_t>(count)});
                    if (text != nullptr && *size > 0) {
                        const auto room = static_cast<std::size_t>(*size) - 1;
                        text[all.copy(text, room)] = '\0';
                    }
                    *size = std::ssize(all) + 1;
                });
            },
        .token = [](void *self, std::int64_t token) -> const char * {
            const std::string *text = static_cast<const Tokenizer *>(self)->token(token);
            return text != nullptr ? text->c_str() : nullptr;
        },
        .word = [](void *self, std::int64_t token) -> const char * {
            const std::string *text = static_cast<const Tokenizer *>(self)->word(token);
            return text != nullptr ? text->c_str() : nullptr;
        }};
    return &functions;
}

}  // namespace spar
