// Texts of a dataset as tokens: the part of Data that knows a tokenizer.
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "engine/data.hpp"
#include "engine/stopping.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace spar::host {
namespace {

/// What is odd about the texts of a dataset, counted while they are encoded.
struct Oddities {
    std::vector<std::int64_t> cut, empty;  // examples
    std::int64_t longest = 0, longest_example = 0;
    std::int64_t tokens = 0, unknown = 0;
};

double percent(std::int64_t part, std::int64_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void warn_of(const Oddities &odd, const Data &data, std::int64_t max_length) {
    const std::string place = "#" + data.instance().pointer();
    if (!odd.cut.empty())
        warnings().add({.code = "texts_cut",
                        .place = place,
                        .message = fmt::format(
                            "{} of {} texts ({:.1f} %) are longer than {} tokens, and are cut; the "
                            "longest, example {}, has {}",
                            odd.cut.size(), data.size(), percent(std::ssize(odd.cut), data.size()),
                            max_length, odd.longest_example, odd.longest),
                        .remedy = "raise \"max_length\" in \"data\"",
                        .count = std::ssize(odd.cut),
                        .examples = odd.cut});
    if (!odd.empty.empty())
        warnings().add({.code = "texts_without_tokens",
                        .place = place,
                        .message = fmt::format("{} of {} texts hold no word, such as example {}",
                                               odd.empty.size(), data.size(), odd.empty.front()),
                        .remedy = "leave empty texts out of the data",
                        .count = std::ssize(odd.empty),
                        .examples = odd.empty});
    if (odd.tokens > 0 && 4 * odd.unknown > odd.tokens)
        warnings().add({.code = "unknown_tokens",
                        .place = place,
                        .message = fmt::format("{:.1f} % of the tokens are unknown to the "
                                               "vocabulary",
                                               percent(odd.unknown, odd.tokens)),
                        .remedy = "is this the right language, spelling and vocabulary?",
                        .count = odd.unknown});
}

}  // namespace

std::string Data::text(std::int64_t index) const {
    const char *text = nullptr;
    dataset_->call("text", [&](spar_error *error) {
        return dataset_->table<spar_dataset_table>().text(dataset_->self(), index, &text, error);
    });
    const auto refuse = [&](const char *what) {
        throw Failure(Exit::data, fmt::format("#{}: the text of example {} of dataset \"{}\" {}",
                                              dataset_->pointer(), index, dataset_->type(), what));
    };
    if (text == nullptr) refuse("is missing");
    std::string copy = text;
    if (!valid_utf8(copy)) refuse("is not UTF-8; a dataset repairs or refuses such texts");
    return copy;
}

void Data::encode(const Tokenizer &tokenizer, const TextForm &form) {
    const spar_tokenizer_info &vocabulary = tokenizer.info();
    Oddities odd;
    Tokenizer::Encoded encoded;
    for (std::int64_t i = 0; i < size(); ++i) {
        if (i % 1024 == 0) end_if_stopped("texts were encoded");
        tokenizer.encode(text(i), form.max_length, encoded);
        const std::vector<std::int64_t> &tokens = encoded.tokens;
        if (encoded.whole > std::ssize(tokens)) odd.cut.push_back(i);
        if (std::ranges::all_of(encoded.words, [](auto word) { return word < 0; }))
            odd.empty.push_back(i);
        if (encoded.whole > odd.longest) odd.longest = encoded.whole, odd.longest_example = i;
        odd.tokens += std::ssize(tokens);
        if (vocabulary.unknown >= 0)
            odd.unknown += std::count(tokens.begin(), tokens.end(), vocabulary.unknown);
        for (const std::int64_t token : tokens) tokens_.push_back(static_cast<std::int32_t>(token));
        ends_.push_back(tokens_.size());
    }
    warn_of(odd, *this, form.max_length);
    tokenizer_ = &tokenizer;
    info_.rank = 1;
    if (form.presence) {
        info_.input = SPAR_INPUT_VALUES;
        info_.shape[0] = vocabulary.vocabulary;
        info_.lower = 0;
        info_.upper = 1;
    } else {
        info_.input = SPAR_INPUT_TOKENS;
        info_.shape[0] = form.max_length;
        info_.vocabulary = vocabulary.vocabulary;
    }
}

/// x, or tokens and mask.
void Data::read_encoded(std::span<const std::int64_t> indices, Batch &batch) const {
    const auto tokens_of = [&](std::int64_t index) {
        if (index < 0 || index >= size())
            throw Failure(Exit::data, fmt::format("#{}: example {} was asked of {}",
                                                  dataset_->pointer(), index, size()));
        const auto i = static_cast<std::size_t>(index);
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
        return std::span(tokens_).subspan(begin, ends_[i] - begin);
    };
    if (!tokens()) {
        batch.x.resize(batch.count, info_.shape[0]);
        for (std::int64_t row = 0; row < batch.count; ++row) {
            std::ranges::fill(batch.x[row], 0.0F);
            for (const std::int32_t token : tokens_of(indices[static_cast<std::size_t>(row)]))
                batch.x[row][static_cast<std::size_t>(token)] = 1.0F;
        }
        return;
    }
    std::size_t length = 1;
    for (const std::int64_t index : indices) length = std::max(length, tokens_of(index).size());
    if (!cut_to_longest) length = static_cast<std::size_t>(info_.shape[0]);
    batch.length = static_cast<std::int64_t>(length);
    batch.padding = tokenizer_->info().padding;
    batch.tokens.resize(indices.size() * length);
    batch.mask.resize(indices.size() * length);
    std::fill(batch.tokens.begin(), batch.tokens.end(), batch.padding);
    std::fill(batch.mask.begin(), batch.mask.end(), 0.0F);
    for (std::size_t row = 0; row < indices.size(); ++row) {
        const std::span<const std::int32_t> tokens = tokens_of(indices[row]);
        std::copy(tokens.begin(), tokens.end(), batch.tokens.data() + row * length);
        mark_texts(tokens, tokenizer_->info().separator, batch.mask.data() + row * length);
    }
}

}  // namespace spar::host
