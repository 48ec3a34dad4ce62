// Texts as those who edit them see them: in words, and in a model's tokens.
#pragma once

#include <spar/edits.hpp>
#include <spar/tokenizer.hpp>

#include <string>
#include <vector>

namespace SPAR_HIDDEN spar {

/// A tokenizer that came with a batch. Everything is [thread-safe].
class TokenizerRef {
  public:
    explicit TokenizerRef(const spar_component_ref &ref)
        : table_(static_cast<const spar_tokenizer_table *>(ref.table)), self_(ref.self) {}

    TokenizerInfo info() const {
        spar_tokenizer_info info{};
        info.struct_size = sizeof info;
        checked([&](spar_error *e) { return table_->info(self_, &info, e); });
        return {info.vocabulary, info.padding, info.unknown, info.separator};
    }

    std::vector<WordSpan> words(const std::string &text) const {
        std::vector<std::int64_t> begins(16), ends(16);
        for (;;) {
            spar_words words{};
            words.struct_size = sizeof words;
            words.room = std::ssize(begins);
            words.begins = begins.data();
            words.ends = ends.data();
            checked([&](spar_error *e) { return table_->words(self_, text.c_str(), &words, e); });
            const bool all = words.count <= words.room;
            begins.resize(static_cast<std::size_t>(words.count));
            ends.resize(begins.size());
            if (all) break;
        }
        std::vector<WordSpan> spans(begins.size());
        for (std::size_t i = 0; i < spans.size(); ++i)
            spans[i] = {static_cast<std::size_t>(begins[i]), static_cast<std::size_t>(ends[i])};
        return spans;
    }
    /// The words of a text, which must stay in place.
    WordList word_list(const std::string &text) const {
        WordList list;
        for (const WordSpan &span : words(text)) list.push_back(span.of(text));
        return list;
    }

    /// The first `room` tokens of a text, as the tokenizer cuts it.
    std::vector<Token> encode(const std::string &text, std::int64_t room) const {
        const auto size = static_cast<std::size_t>(room);
        std::vector<std::int64_t> tokens(size);
        std::vector<std::int32_t> words(size);
        spar_encoding encoding{};
        encoding.struct_size = sizeof encoding;
        encoding.room = room;
        encoding.tokens = tokens.data();
        encoding.words = words.data();
        checked([&](spar_error *e) { return table_->encode(self_, text.c_str(), &encoding, e); });
        std::vector<Token> all(static_cast<std::size_t>(encoding.length));
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = {tokens[i], words[i]};
        return all;
    }

    /// The text of a token that is a whole word by itself; null for others.
    const char *word(std::int64_t token) const { return table_->word(self_, token); }

  private:
    const spar_tokenizer_table *table_;
    void *self_;
};

/// A text taken apart, so that words can be exchanged while all else stays as it was.
class WordedText {
  public:
    WordedText(const TokenizerRef &tokenizer, const std::string &text) {
        std::size_t end = 0;
        for (const WordSpan &span : tokenizer.words(text)) {
            gaps_.push_back(text.substr(end, span.begin - end));
            words_.emplace_back(span.of(text));
            end = span.end;
        }
        gaps_.push_back(text.substr(end));
    }

    std::size_t size() const { return words_.size(); }
    const std::string &operator[](std::size_t at) const { return words_[at]; }
    void set(std::size_t at, const std::string &word) { words_[at] = word; }

    std::string text() const { return part(0, size()); }
    std::string with(std::size_t at, const std::string &word) const {
        return part(0, at) + gaps_[at] + word + after(at);
    }
    std::string without(std::size_t at) const { return with(at, ""); }
    /// Words [first, last) with what lies before each; after the last word what follows it, too.
    std::string part(std::size_t first, std::size_t last) const {
        std::string text;
        for (std::size_t i = first; i < last; ++i) text += gaps_[i] + words_[i];
        return last == size() ? text + gaps_[last] : text;
    }

  private:
    std::string after(std::size_t at) const { return part(at + 1, size()); }

    std::vector<std::string> gaps_, words_;
};

}  // namespace spar
