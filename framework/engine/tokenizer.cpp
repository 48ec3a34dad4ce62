#include "engine/tokenizer.hpp"

#include "base/sha256.hpp"
#include "instances/state.hpp"

#include <fmt/format.h>

namespace spar::host {

std::string TokenizerState::sha256() const {
    return sha256_of(type + '\0' + bytes);
}

Tokenizer::Tokenizer(std::unique_ptr<Instance> tokenizer) : tokenizer_(std::move(tokenizer)) {}

void Tokenizer::load(const TokenizerState &state, const std::string &source) {
    load_state(*tokenizer_, state.bytes,
               fmt::format("; the vocabulary is that of {}, with which its weights were trained: "
                           "set the tokenizer as it was then, or train anew",
                           source));
}

bool Tokenizer::ready() {
    spar_tokenizer_info info{};
    info.struct_size = sizeof info;
    bool there = true;
    tokenizer_->call("info", [&](spar_error *error) {
        const spar_status status = table().info(tokenizer_->self(), &info, error);
        there = status != SPAR_E_UNSUPPORTED;
        return there ? status : SPAR_OK;
    });
    if (!there) return false;
    const auto token = [&](std::int64_t id) { return id >= 0 && id < info.vocabulary; };
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (info.vocabulary < 1 || info.vocabulary > most || !token(info.padding) ||
        (info.unknown != -1 && !token(info.unknown)) ||
        (info.separator != -1 && !token(info.separator)))
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {} says that its vocabulary has {} tokens, with {} for "
                                  "padding, {} for the unknown and {} for separators",
                                  tokenizer_->pointer(), tokenizer_->label(), info.vocabulary,
                                  info.padding, info.unknown, info.separator));
    info_ = info;
    state_ = {tokenizer_->type(), saved_state(*tokenizer_)};
    return true;
}

namespace {

/// The texts behind a spar_texts.
struct Given {
    const std::function<std::string(std::int64_t)> &of;
    std::int64_t count;
    std::string last;

    static spar_status text(void *handle, std::int64_t index, const char **text,
                            spar_error *error) {
        return guarded(error, [&] {
            auto &given = *static_cast<Given *>(handle);
            if (index < 0 || index >= given.count)
                throw Error(SPAR_E_CONTRACT,
                            fmt::format("asked for text {} of {}", index, given.count));
            given.last = given.of(index);
            *text = given.last.c_str();
        });
    }
};

}  // namespace

void Tokenizer::learn(std::int64_t count, const std::function<std::string(std::int64_t)> &text) {
    if (table().learn == nullptr)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: {} has no vocabulary, and learns none from texts",
                                  tokenizer_->pointer(), tokenizer_->label()));
    Given given{text, count, {}};
    spar_texts texts{};
    texts.struct_size = sizeof texts;
    texts.handle = &given;
    texts.count = count;
    texts.text = Given::text;
    tokenizer_->call("learn", [&](spar_error *error) {
        return table().learn(tokenizer_->self(), &texts, error);
    });
    if (!ready())
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {} has learnt from {} texts, but still has no vocabulary",
                                  tokenizer_->pointer(), tokenizer_->label(), count));
}

void Tokenizer::encode(const std::string &text, std::int64_t room, Encoded &encoded) const {
    encoded.tokens.resize(static_cast<std::size_t>(room));
    encoded.words.resize(static_cast<std::size_t>(room));
    spar_encoding encoding{};
    encoding.struct_size = sizeof encoding;
    encoding.room = room;
    encoding.tokens = encoded.tokens.data();
    encoding.words = encoded.words.data();
    tokenizer_->call("encode", [&](spar_error *error) {
        return table().encode(tokenizer_->self(), text.c_str(), &encoding, error);
    });
    const auto refuse = [&](const std::string &what) {
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {} {}", tokenizer_->pointer(), tokenizer_->label(), what));
    };
    if (encoding.length < 0 || encoding.length > room || encoding.whole < encoding.length)
        refuse(fmt::format("encodes a text as {} of {} tokens, where there is room for {}",
                           encoding.length, encoding.whole, room));
    encoded.tokens.resize(static_cast<std::size_t>(encoding.length));
    encoded.words.resize(static_cast<std::size_t>(encoding.length));
    encoded.whole = encoding.whole;
    for (const std::int64_t token : encoded.tokens)
        if (token < 0 || token >= info_.vocabulary)
            refuse(fmt::format("encodes a text with the token {}, expected 0 to {}", token,
                               info_.vocabulary - 1));
}

std::vector<WordSpan> Tokenizer::words(const std::string &text) const {
    std::vector<WordSpan> words;
    tokenizer_->call("words", [&](spar_error *error) {
        return guarded(error, [&] { words = TokenizerRef(tokenizer_->ref()).words(text); });
    });
    std::size_t end = 0;
    for (const WordSpan &word : words) {
        if (word.begin < end || word.end <= word.begin || word.end > text.size())
            throw Failure(Exit::plugin,
                          fmt::format("#{}: {} says that bytes {} to {} of a text of {} are a word "
                                      "after one that ends at {}",
                                      tokenizer_->pointer(), tokenizer_->label(), word.begin,
                                      word.end, text.size(), end));
        end = word.end;
    }
    return words;
}

std::string Tokenizer::token(std::int64_t token) const {
    const char *text =
        tokenizer_->ask("token", [&] { return table().token(tokenizer_->self(), token); });
    return text != nullptr ? text : "";
}

}  // namespace spar::host
