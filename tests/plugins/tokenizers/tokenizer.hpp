// A tokenizer of the built plugins, called as the host calls it.
#pragma once

#include "plugin_loader.hpp"

#include <spar/tokenizer.hpp>

#include <vector>

namespace spar::test {

using Ids = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

struct Encoded {
    Ids tokens;
    std::vector<std::int32_t> words;
    std::int64_t whole = 0;
};

class MadeTokenizer {
  public:
    explicit MadeTokenizer(const std::string &json) : made_(SPAR_KIND_TOKENIZER, json) {}
    MadeTokenizer(const std::string &json, const Strings &texts) : MadeTokenizer(json) {
        learn(texts);
    }

    void learn(const Strings &texts) const {
        spar_texts list{};
        list.struct_size = sizeof list;
        list.handle = const_cast<Strings *>(&texts);
        list.count = std::ssize(texts);
        list.text = [](void *handle, std::int64_t index, const char **text, spar_error *) {
            *text =
                (*static_cast<const Strings *>(handle))[static_cast<std::size_t>(index)].c_str();
            return SPAR_OK;
        };
        call("learn", [&](spar_error *e) { return table().learn(self(), &list, e); });
    }

    bool ready() const {
        spar_tokenizer_info info{};
        info.struct_size = sizeof info;
        spar_error error = empty_error();
        const spar_status status = table().info(self(), &info, &error);
        CHECK((status == SPAR_OK || status == SPAR_E_UNSUPPORTED));
        return status == SPAR_OK;
    }
    spar_tokenizer_info info() const {
        spar_tokenizer_info info{};
        info.struct_size = sizeof info;
        call("info", [&](spar_error *e) { return table().info(self(), &info, e); });
        return info;
    }

    Encoded encode(const std::string &text, std::int64_t room = 100000) const {
        Encoded out;
        out.tokens.resize(static_cast<std::size_t>(room));
        out.words.resize(static_cast<std::size_t>(room));
        spar_encoding encoding{};
        encoding.struct_size = sizeof encoding;
        encoding.room = room;
        encoding.tokens = out.tokens.data();
        encoding.words = out.words.data();
        call("encode",
             [&](spar_error *e) { return table().encode(self(), text.c_str(), &encoding, e); });
        out.tokens.resize(static_cast<std::size_t>(encoding.length));
        out.words.resize(static_cast<std::size_t>(encoding.length));
        out.whole = encoding.whole;
        return out;
    }
    Ids ids(const std::string &text) const { return encode(text).tokens; }
    /// The tokens of a text as the vocabulary writes them.
    Strings tokens(const std::string &text) const {
        Strings all;
        for (const std::int64_t id : ids(text)) all.push_back(token(id).value());
        return all;
    }

    std::vector<WordSpan> spans(const std::string &text) const {
        spar_words words{};
        words.struct_size = sizeof words;
        call("words",
             [&](spar_error *e) { return table().words(self(), text.c_str(), &words, e); });
        std::vector<std::int64_t> begins(static_cast<std::size_t>(words.count)),
            ends(begins.size());
        words.room = words.count;
        words.begins = begins.data();
        words.ends = ends.data();
        call("words",
             [&](spar_error *e) { return table().words(self(), text.c_str(), &words, e); });
        std::vector<WordSpan> spans;
        for (std::size_t i = 0; i < begins.size(); ++i)
            spans.push_back(
                {static_cast<std::size_t>(begins[i]), static_cast<std::size_t>(ends[i])});
        return spans;
    }
    Strings words(const std::string &text) const {
        Strings all;
        for (const WordSpan &span : spans(text)) all.emplace_back(span.of(text));
        return all;
    }

    std::string decode(const Ids &ids) const {
        std::int64_t size = 0;
        const auto ask = [&](char *text) {
            call("decode", [&](spar_error *e) {
                return table().decode(self(), ids.data(), std::ssize(ids), text, &size, e);
            });
        };
        ask(nullptr);
        std::string text(static_cast<std::size_t>(size), '?');
        ask(text.data());
        CHECK(text.back() == '\0');
        text.pop_back();
        return text;
    }
    std::optional<std::string> token(std::int64_t id) const {
        const char *text = table().token(self(), id);
        return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
    }
    std::optional<std::string> word(std::int64_t id) const {
        const char *text = table().word(self(), id);
        return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
    }

    std::string save() const {
        std::string state;
        spar_stream stream{};
        stream.struct_size = sizeof stream;
        stream.handle = &state;
        stream.write = [](void *handle, const void *bytes, std::int64_t count, spar_error *) {
            static_cast<std::string *>(handle)->append(static_cast<const char *>(bytes),
                                                       static_cast<std::size_t>(count));
            return SPAR_OK;
        };
        call("save",
             [&](spar_error *e) { return made_.instance().component().save(self(), &stream, e); });
        return state;
    }
    /// Throws the host's failure, also if bytes are left.
    void load(std::string state) const {
        spar_stream stream{};
        stream.struct_size = sizeof stream;
        stream.handle = &state;
        stream.read = [](void *handle, void *bytes, std::int64_t count, spar_error *error) {
            auto &left = *static_cast<std::string *>(handle);
            if (std::cmp_greater(count, left.size()))
                return spar::fill(error, SPAR_E_DATA, "the state is too short");
            left.copy(static_cast<char *>(bytes), static_cast<std::size_t>(count));
            left.erase(0, static_cast<std::size_t>(count));
            return SPAR_OK;
        };
        call("load",
             [&](spar_error *e) { return made_.instance().component().load(self(), &stream, e); });
        if (!state.empty()) throw host::Failure(host::Exit::data, "bytes are left");
    }

  private:
    template <class Function>
    void call(const char *what, Function &&function) const {
        made_.instance().call(what, function);
    }
    const spar_tokenizer_table &table() const {
        return made_.instance().table<spar_tokenizer_table>();
    }
    void *self() const { return made_.instance().self(); }

    Made made_;
};

/// What making, learning or loading fails with.
template <class Work>
std::string refusal_of(Work &&work) {
    return failure_of(work).what();
}

inline bool has(const std::string &text, const std::string &part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("\"", text, "\" does not say \"", part, "\"");
    return found;
}

}  // namespace spar::test
