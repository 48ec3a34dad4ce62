// A tokenizer: words are what white space divides, the vocabulary is the most frequent ones.
#include "support.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::int64_t padding = 0, unknown = 1, separator = 2;
constexpr std::uint32_t version = 1;  // of what `save` writes

struct PlainWords {
    std::int64_t size = 0;                  // of the vocabulary, at most
    std::vector<std::string> vocabulary{};  // by token
    std::map<std::string, std::int64_t, std::less<>> tokens{};
    std::string hash{};

    void take(std::vector<std::string> words) {
        vocabulary = std::move(words);
        tokens.clear();
        std::uint64_t parts[4] = {14695981039346656037U, 1, 2, 3};  // four FNV-1a with own starts
        for (std::size_t i = 0; i < vocabulary.size(); ++i) {
            if (i > separator) tokens.emplace(vocabulary[i], static_cast<std::int64_t>(i));
            for (auto &part : parts)
                for (const char c : vocabulary[i] + '\n')
                    part = (part ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
        hash.clear();
        for (const auto part : parts) {
            char text[17];
            std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(part));
            hash += text;
        }
    }
};

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Calls word(begin, end, number) for every word and mark(at) for every separator.
template <class Word, class Mark>
void walk(std::string_view text, Word &&word, Mark &&mark) {
    std::size_t begin = 0;
    std::int32_t number = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const bool divides = i == text.size() || text[i] == *SPAR_TEXT_SEPARATOR;
        if (!divides && !is_space(text[i])) continue;
        if (i > begin) word(begin, i, number++);
        if (divides && i < text.size()) mark(i);
        begin = i + 1;
    }
}

spar_status info(void *self, spar_tokenizer_info *info, spar_error *error) {
    const auto &words = *static_cast<PlainWords *>(self);
    if (words.vocabulary.empty())
        return refuse(error, SPAR_E_UNSUPPORTED, "no vocabulary yet: neither learnt nor loaded");
    info->vocabulary = static_cast<std::int64_t>(words.vocabulary.size());
    info->padding = padding;
    info->unknown = unknown;
    info->hash = words.hash.c_str();
    return SPAR_OK;
}

spar_status learn(void *self, const spar_texts *texts, spar_error *error) {
    return guarded(error, [&] {
        auto &words = *static_cast<PlainWords *>(self);
        std::map<std::string, std::int64_t, std::less<>> counts;
        for (std::int64_t i = 0; i < texts->count; ++i) {
            const char *text = nullptr;
            checked([&](spar_error *e) { return texts->text(texts->handle, i, &text, e); });
            const std::string_view view = text;
            walk(
                view,
                [&](auto begin, auto end, auto) {
                    ++counts[std::string(view.substr(begin, end - begin))];
                },
                [](auto) {});
        }
        std::vector<std::pair<std::string, std::int64_t>> ranked(counts.begin(), counts.end());
        std::stable_sort(ranked.begin(), ranked.end(),
                         [](const auto &a, const auto &b) { return a.second > b.second; });
        std::vector<std::string> kept{"[PAD]", "[UNK]", "[SEP]"};
        for (const auto &[word, count] : ranked)
            if (std::ssize(kept) < words.size) kept.push_back(word);
        words.take(std::move(kept));
    });
}

spar_status encode(void *self, const char *text, spar_encoding *out, spar_error *error) {
    return guarded(error, [&] {
        const auto &words = *static_cast<PlainWords *>(self);
        const std::string_view view = text;
        std::vector<std::pair<std::int64_t, std::int32_t>> all;
        walk(
            view,
            [&](auto begin, auto end, std::int32_t number) {
                const auto found = words.tokens.find(view.substr(begin, end - begin));
                all.emplace_back(found != words.tokens.end() ? found->second : unknown, number);
            },
            [&](auto) { all.emplace_back(separator, -1); });
        out->whole = std::ssize(all);
        // The last separator keeps its place: the tokens before it give way.
        const auto room = static_cast<std::size_t>(out->room);
        if (all.size() > room) {
            const auto marks = std::count_if(all.begin(), all.end(),
                                             [](const auto &t) { return t.first == separator; });
            auto spare = static_cast<std::ptrdiff_t>(room) - marks;
            std::erase_if(all, [&](const auto &t) { return t.first != separator && spare-- <= 0; });
            all.resize(std::min(all.size(), room));
        }
        out->length = std::ssize(all);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (out->tokens != nullptr) out->tokens[i] = all[i].first;
            if (out->words != nullptr) out->words[i] = all[i].second;
        }
    });
}

spar_status words_of(void *, const char *text, spar_words *out, spar_error *error) {
    return guarded(error, [&] {
        out->count = 0;
        walk(
            text,
            [&](auto begin, auto end, std::int32_t number) {
                ++out->count;
                if (number >= out->room) return;
                if (out->begins != nullptr) out->begins[number] = static_cast<std::int64_t>(begin);
                if (out->ends != nullptr) out->ends[number] = static_cast<std::int64_t>(end);
            },
            [](auto) {});
    });
}

spar_status decode(void *self, const std::int64_t *tokens, std::int64_t count, char *text,
                   std::int64_t *size, spar_error *error) {
    return guarded(error, [&] {
        const auto &words = *static_cast<PlainWords *>(self);
        std::string whole;
        for (std::int64_t i = 0; i < count; ++i) {
            if (tokens[i] == padding) continue;
            if (!whole.empty()) whole += ' ';
            whole += tokens[i] == separator
                         ? SPAR_TEXT_SEPARATOR
                         : words.vocabulary.at(static_cast<std::size_t>(tokens[i]));
        }
        if (text != nullptr && *size > 0) {
            const auto bytes = std::min(whole.size(), static_cast<std::size_t>(*size) - 1);
            std::memcpy(text, whole.data(), bytes);
            text[bytes] = '\0';
        }
        *size = std::ssize(whole) + 1;
    });
}

const char *token(void *self, std::int64_t token) {
    const auto &words = static_cast<PlainWords *>(self)->vocabulary;
    return token >= 0 && token < std::ssize(words) ? words[static_cast<std::size_t>(token)].c_str()
                                                   : nullptr;
}

const char *word(void *self, std::int64_t number) {
    return number > separator ? token(self, number) : nullptr;
}

constexpr spar_tokenizer_table table{
    sizeof(spar_tokenizer_table), 0, info, learn, encode, words_of, decode, token, word};

// ---- state: the vocabulary -----------------------------------------------------------------

template <class T>
void put(const spar_stream &to, const T *data, std::size_t count) {
    checked([&](spar_error *e) {
        return to.write(to.handle, data, static_cast<std::int64_t>(count * sizeof(T)), e);
    });
}

template <class T>
void get(const spar_stream &from, T *data, std::size_t count) {
    checked([&](spar_error *e) {
        return from.read(from.handle, data, static_cast<std::int64_t>(count * sizeof(T)), e);
    });
}

spar_status save(void *self, const spar_stream *stream, spar_error *error) {
    return guarded(error, [&] {
        const auto &words = *static_cast<PlainWords *>(self);
        const std::uint32_t head[2] = {version,
                                       static_cast<std::uint32_t>(words.vocabulary.size())};
        put(*stream, head, 2);
        for (const auto &text : words.vocabulary) {
            const auto bytes = static_cast<std::uint32_t>(text.size());
            put(*stream, &bytes, 1);
            put(*stream, text.data(), text.size());
        }
    });
}

spar_status load(void *self, const spar_stream *stream, spar_error *error) {
    return guarded(error, [&] {
        std::uint32_t head[2] = {};
        get(*stream, head, 2);
        if (head[0] != version)
            stop(SPAR_E_DATA, "a vocabulary of another version of this tokenizer");
        std::vector<std::string> words;
        for (std::uint32_t i = 0; i < head[1]; ++i) {
            std::uint32_t bytes = 0;
            get(*stream, &bytes, 1);
            std::string text;
            for (std::uint32_t done = 0; done < bytes;) {  // a damaged length meets the end first
                char part[256];
                const auto now = std::min<std::uint32_t>(bytes - done, sizeof part);
                get(*stream, part, now);
                text.append(part, now);
                done += now;
            }
            words.push_back(std::move(text));
        }
        static_cast<PlainWords *>(self)->take(std::move(words));
    });
}

}  // namespace

PLUGIN_ENTRY spar_plugin_entry_v1(const spar_host *, const spar_plugin **answer, spar_error *) {
    static const auto component = [] {
        auto c = described<PlainWords>(
            SPAR_KIND_TOKENIZER, "plain_words",
            "Words divided by white space; the vocabulary is the most frequent ones.", "",
            R"({"type": "object", "additionalProperties": false, "properties": {
                "size": {"type": "integer", "minimum": 4, "default": 20000}}})",
            &table);
        c.create = [](const spar_component *, const spar_host *host, const spar_params *params,
                      void **self, spar_error *error) {
            return guarded(error,
                           [&] { *self = new PlainWords{.size = integer(host, params, "/size")}; });
        };
        c.save = save;
        c.load = load;
        return c;
    }();
    static const spar_component *const components[] = {&component};
    static const spar_plugin plugin{sizeof(spar_plugin), SPAR_ABI_MINOR, 3,       1,
                                    "tokenizers",        "plain_words",  "1.0.0", components};
    *answer = &plugin;
    return SPAR_OK;
}
