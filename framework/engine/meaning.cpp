#include "engine/meaning.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/words.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace spar::host {
namespace {

constexpr const char *box_key = "spar.box", *classes_key = "spar.classes",
                     *tokens_key = "spar.vocabulary";

/// Writes bytes that are not UTF-8, and backslashes, as \xNN, because JSON must be UTF-8.
std::string escaped(const std::string &bytes) {
    const bool sound = valid_utf8(bytes);
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\' || (byte >= 0x80 && !sound))
            text += fmt::format("\\x{:02x}", byte);
        else
            text += c;
    }
    return text;
}

std::vector<std::string> texts_from(const std::string &key, const std::string &json) {
    try {
        return Json::parse(json).get<std::vector<std::string>>();
    } catch (const Json::exception &) {
        throw std::runtime_error(key + " is no list of texts");
    }
}

std::string list_difference(const char *what, const std::vector<std::string> &a,
                            const std::string &ours, const std::vector<std::string> &b,
                            const std::string &theirs) {
    const std::size_t both = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < both; ++i)
        if (a[i] != b[i])
            return fmt::format("{0} {1} is \"{2}\" in {3}, but \"{4}\" in {5}", what, i, a[i], ours,
                               b[i], theirs);
    return {};
}

std::string box_text(const std::pair<double, double> &box) {
    return fmt::format("[{}, {}]", box.first, box.second);
}

}  // namespace

Meaning meaning_of(const Data &data) {
    Meaning meaning;
    const spar_dataset_info &info = data.info();
    if (!data.tokens()) meaning.box = {info.lower, info.upper};
    const auto collect = [](std::int64_t most, const auto &text_of) {
        std::vector<std::string> texts;
        for (std::int64_t i = 0; i < most; ++i) {
            std::string text = text_of(i);
            if (text.empty()) return i == 0 ? std::vector<std::string>{} : texts;
            texts.push_back(escaped(text));
        }
        return texts;
    };
    if (data.classes())
        meaning.classes = collect(info.outputs, [&](auto i) { return data.class_name(i); });
    meaning.tokens = collect(data.tokens() ? info.vocabulary : product(data.shape()),
                             [&](auto i) { return data.token(i); });
    if (const Tokenizer *tokenizer = data.tokenizer()) meaning.tokenizer = tokenizer->state();
    return meaning;
}

std::string difference(const Meaning &a, const std::string &ours, const Meaning &b,
                       const std::string &theirs) {
    const auto same = [](double x, double y) {
        return static_cast<float>(x) == static_cast<float>(y);
    };
    if (a.box && b.box && !(same(a.box->first, b.box->first) && same(a.box->second, b.box->second)))
        return fmt::format("values lie in the box {} in {}, but in {} in {}", box_text(*a.box),
                           ours, box_text(*b.box), theirs);
    if (std::string found = list_difference("class", a.classes, ours, b.classes, theirs);
        !found.empty())
        return found;
    if (std::string found = list_difference("token", a.tokens, ours, b.tokens, theirs);
        !found.empty())
        return found;
    if (!a.tokens.empty() && !b.tokens.empty() && a.tokens.size() != b.tokens.size())
        return fmt::format("the vocabulary has {} tokens in {}, but {} in {}", a.tokens.size(),
                           ours, b.tokens.size(), theirs);
    if (a.tokenizer && b.tokenizer && a.tokenizer->sha256() != b.tokenizer->sha256())
        return fmt::format(
            "the tokenizer \"{}\" of {} turns texts into other tokens than the "
            "tokenizer \"{}\" of {}",
            a.tokenizer->type, ours, b.tokenizer->type, theirs);
    return {};
}

std::map<std::string, std::string> to_metadata(const Meaning &meaning) {
    std::map<std::string, std::string> metadata;
    if (meaning.box) metadata[box_key] = Json{meaning.box->first, meaning.box->second}.dump();
    if (!meaning.classes.empty()) metadata[classes_key] = Json(meaning.classes).dump();
    if (!meaning.tokens.empty()) metadata[tokens_key] = Json(meaning.tokens).dump();
    if (meaning.tokenizer) metadata[tokenizer_key] = tokenizer_text(meaning);
    return metadata;
}

std::string tokenizer_text(const Meaning &meaning) {
    if (!meaning.tokenizer) return {};
    return Json{{"type", meaning.tokenizer->type},
                {"sha256", meaning.tokenizer->sha256()},
                {"state", to_base64(meaning.tokenizer->bytes)}}
        .dump();
}

std::optional<TokenizerState> tokenizer_from(const std::map<std::string, std::string> &metadata) {
    const auto found = metadata.find(tokenizer_key);
    if (found == metadata.end()) return std::nullopt;
    TokenizerState state;
    std::string sha256;
    try {
        const Json json = Json::parse(found->second);
        state = {json.at("type").get<std::string>(),
                 from_base64(json.at("state").get<std::string>())};
        sha256 = json.at("sha256").get<std::string>();
    } catch (const std::exception &) {
        throw std::runtime_error(std::string(tokenizer_key) + " is no tokenizer");
    }
    if (sha256 != state.sha256())
        throw std::runtime_error(std::string(tokenizer_key) +
                                 " is damaged: its content is not what its sum says");
    return state;
}

Meaning meaning_from(const std::map<std::string, std::string> &metadata) {
    Meaning meaning;
    meaning.tokenizer = tokenizer_from(metadata);
    for (const auto &[key, text] : metadata) {
        if (key == classes_key) meaning.classes = texts_from(key, text);
        if (key == tokens_key) meaning.tokens = texts_from(key, text);
        if (key != box_key) continue;
        try {
            const auto box = Json::parse(text).get<std::vector<double>>();
            if (box.size() != 2) throw std::runtime_error("");
            meaning.box = {box[0], box[1]};
        } catch (const std::exception &) {
            throw std::runtime_error(key + " is no box of two numbers");
        }
    }
    return meaning;
}

}  // namespace spar::host
