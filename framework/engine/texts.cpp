#include "engine/texts.hpp"

#include "base/words.hpp"

#include <spar/edits.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace spar::host {
namespace {

std::int64_t separators_in(std::string_view text) {
    return std::ranges::count(text, SPAR_TEXT_SEPARATOR[0]);
}

}  // namespace

std::int64_t word_limit(double eps, std::int64_t words) {
    // A share that is meant to be a whole number of words may miss it by rounding.
    constexpr double slack = 1e-9;
    const double limit =
        eps >= 1 ? std::floor(eps) : std::ceil(eps * static_cast<double>(words) - slack);
    return static_cast<std::int64_t>(std::min(limit, 1e15));
}

void EmbeddedTokens::take(Network &network, const Tokenizer &tokenizer, std::int64_t count,
                          const spar_tokens &tokens) {
    const std::int64_t most = network.widest_shape()[0];
    const std::int64_t vocabulary = tokenizer.info().vocabulary;
    std::int64_t length = 1;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t own = tokens.lengths[i];
        if (own < 0 || own > std::min(tokens.length, most))
            throw Error(SPAR_E_CONTRACT, fmt::format("a text of {} tokens, expected 0 to {}", own,
                                                     std::min(tokens.length, most)));
        length = std::max(length, own);
    }
    if (!network.takes_lengths()) length = most;
    const auto width = static_cast<std::size_t>(length), rows = static_cast<std::size_t>(count);
    batch.count = count;
    batch.length = length;
    batch.padding = tokenizer.info().padding;
    batch.tokens.resize(rows * width);
    batch.mask.resize(rows * width);
    std::fill(batch.tokens.begin(), batch.tokens.end(), batch.padding);
    std::fill(batch.mask.begin(), batch.mask.end(), 0.0F);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t *row = tokens.tokens + i * tokens.length;
        for (std::int64_t k = 0; k < tokens.lengths[i]; ++k)
            if (row[k] < 0 || row[k] >= vocabulary)
                throw Error(SPAR_E_CONTRACT,
                            fmt::format("the token {}, expected 0 to {}", row[k], vocabulary - 1));
        std::copy_n(row, tokens.lengths[i], batch.tokens.data() + i * length);
        mark_texts(std::span(row, static_cast<std::size_t>(tokens.lengths[i])),
                   tokenizer.info().separator, batch.mask.data() + i * length);
    }
    network.embed(batch, vectors);
}

void AttackedTexts::take(std::vector<std::string> texts, double eps) {
    Tokenizer::Encoded encoded;
    const std::size_t room = at(room_), count = texts.size();
    rows_.clear();
    limits_.clear();
    lengths_.clear();
    tokens_.assign(count * room, count > 0 ? tokenizer_->info().padding : 0);
    words_.assign(count * room, -1);
    for (std::size_t i = 0; i < count; ++i) {
        std::string &text = texts[i];
        const std::int64_t words = std::ssize(tokenizer_->words(text));
        rows_.push_back({text, text, word_limit(eps, words), 0, separators_in(text)});
        tokenizer_->encode(text, room_, encoded);
        std::ranges::copy(encoded.tokens, tokens_.begin() + std::ptrdiff_t(i * room));
        std::ranges::copy(encoded.words, words_.begin() + std::ptrdiff_t(i * room));
        lengths_.push_back(std::ssize(encoded.tokens));
        limits_.push_back(rows_.back().limit);
    }
    shown_ = std::move(texts);
    pointers_.clear();
    for (const std::string &text : shown_) pointers_.push_back(text.c_str());
    view_ = {sizeof view_, 0, room_, tokens_.data(), lengths_.data()};
}

void AttackedTexts::take(const Data &data, const std::vector<std::int64_t> &ids, double eps) {
    std::vector<std::string> texts;
    for (const std::int64_t id : ids) texts.push_back(data.text(id));
    take(std::move(texts), eps);
}

void AttackedTexts::show(spar_attack_batch &batch) const {
    batch.size = 0;
    batch.rank = 0;
    batch.x = batch.mask = nullptr;
    batch.x_adv = nullptr;
    batch.mask_size = 0;
    batch.limits = limits_.data();
    batch.words = words_.data();
    batch.tokens = &view_;
    batch.texts = pointers_.data();
    batch.tokenizer = instance_ != nullptr ? &instance_->ref() : nullptr;
}

std::int64_t AttackedTexts::width() const {
    return network_ != nullptr ? network_->widest_shape()[1] : 1;
}

void AttackedTexts::vectors(std::int64_t count, const std::int64_t *tokens, float *vectors) const {
    if (network_ == nullptr) throw Error(SPAR_E_UNSUPPORTED, "there is no model yet to ask");
    for (std::int64_t i = 0; i < count; ++i)
        if (tokens[i] < 0 || tokens[i] >= tokenizer_->info().vocabulary)
            throw Error(SPAR_E_CONTRACT, fmt::format("the token {}, expected 0 to {}", tokens[i],
                                                     tokenizer_->info().vocabulary - 1));
    network_->vectors({tokens, at(count)}, tokenizer_->info().padding, vectors);
}

void AttackedTexts::propose(std::int64_t row, const char *text) {
    if (row < 0 || row >= std::ssize(rows_) || text == nullptr)
        throw Error(SPAR_E_CONTRACT,
                    fmt::format("a text for example {} of a batch of {}", row, rows_.size()));
    Row &r = rows_[at(row)];
    const std::string proposed = text;
    if (!valid_utf8(proposed)) throw Error(SPAR_E_INVALID, "the text is not valid UTF-8");
    if (const std::int64_t found = separators_in(proposed); found != r.separators)
        throw Error(SPAR_E_INVALID, fmt::format("the text has {} separators, expected {}, as many "
                                                "as the clean text",
                                                found, r.separators));
    const auto list = [&](const std::string &of) {
        WordList words;
        for (const WordSpan &span : tokenizer_->words(of)) words.push_back(span.of(of));
        return words;
    };
    const std::int64_t edited = edited_words(list(r.clean), list(proposed), r.limit);
    if (edited > r.limit)
        throw Error(SPAR_E_INVALID,
                    fmt::format("the text edits more words than the {} that may change", r.limit));
    r.proposed = proposed;
    r.edited = edited;
}

void AttackedTexts::renew() {
    for (Row &row : rows_) {
        row.proposed = row.clean;
        row.edited = 0;
    }
}

const spar_tokens &AttackedTexts::tokens() {
    Tokenizer::Encoded encoded;
    proposed_.clear();
    proposed_lengths_.clear();
    for (const Row &row : rows_) {
        tokenizer_->encode(row.proposed, room_, encoded);
        proposed_.insert(proposed_.end(), encoded.tokens.begin(), encoded.tokens.end());
        proposed_lengths_.push_back(std::ssize(encoded.tokens));
        proposed_.resize(proposed_lengths_.size() * at(room_), tokenizer_->info().padding);
    }
    proposed_view_ = {sizeof proposed_view_, 0, room_, proposed_.data(), proposed_lengths_.data()};
    return proposed_view_;
}

}  // namespace spar::host
