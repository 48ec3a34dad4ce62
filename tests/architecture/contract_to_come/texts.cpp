// A tokenizer, and an attack on texts that uses it.
#include "host.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

// ---- a tokenizer -----------------------------------------------------------------------------

const std::vector<std::string> corpus = {"a good film", "a bad film", "a decent film", "good good",
                                         "a poor film" SPAR_TEXT_SEPARATOR "so good"};

spar_texts training_texts() {
    spar_texts texts{};
    texts.struct_size = sizeof texts;
    texts.count = std::ssize(corpus);
    texts.text = [](void *, std::int64_t i, const char **text, spar_error *) {
        *text = corpus[static_cast<std::size_t>(i)].c_str();
        return SPAR_OK;
    };
    return texts;
}

std::vector<std::int64_t> encode(const Instance &tokenizer, const std::string &text,
                                 std::int64_t room, std::int32_t *words = nullptr) {
    std::vector<std::int64_t> tokens(static_cast<std::size_t>(room));
    spar_encoding out{};
    out.struct_size = sizeof out;
    out.room = room;
    out.tokens = tokens.data();
    out.words = words;
    ok(tokenizer.table<spar_tokenizer_table>().encode(tokenizer.self, text.c_str(), &out, &error),
       "encode");
    expect(out.whole >= out.length, "a cut text is longer than what was written");
    tokens.resize(static_cast<std::size_t>(out.length));
    return tokens;
}

std::vector<std::string> words_of(const Instance &tokenizer, const std::string &text) {
    std::vector<std::int64_t> begins(64), ends(64);
    spar_words out{sizeof out, 0, 64, begins.data(), ends.data(), 0};
    ok(tokenizer.table<spar_tokenizer_table>().words(tokenizer.self, text.c_str(), &out, &error),
       "words");
    std::vector<std::string> words;
    for (std::size_t i = 0; i < static_cast<std::size_t>(out.count); ++i)
        words.push_back(text.substr(static_cast<std::size_t>(begins[i]),
                                    static_cast<std::size_t>(ends[i] - begins[i])));
    return words;
}

void tokenizer_keeps_its_promises(const Instance &t, const std::string &file) {
    const auto &table = t.table<spar_tokenizer_table>();
    spar_tokenizer_info info{};
    info.struct_size = sizeof info;
    expect(table.info(t.self, &info, &error) == SPAR_E_UNSUPPORTED, "nothing is known at first");
    const auto texts = training_texts();
    ok(table.learn(t.self, &texts, &error), "learn");
    ok(table.info(t.self, &info, &error), "info");
    expect(std::strlen(info.hash) == 64, "the hash is 64 digits");
    const auto pair = encode(t, corpus[4], 8);
    expect(pair.size() == 6, "a separator is a token");
    const auto cut = encode(t, corpus[4], 2);
    expect(cut.size() == 2 && cut[1] == pair[3], "a cut leaves the separator");
    std::int64_t size = 0;
    ok(table.decode(t.self, pair.data(), 6, nullptr, &size, &error), "decode measures");
    std::string text(static_cast<std::size_t>(size), '\0');
    ok(table.decode(t.self, pair.data(), 6, text.data(), &size, &error), "decode");
    expect(encode(t, text.c_str(), 8) == pair, "these tokens come back");

    std::string bytes;
    spar_stream stream{sizeof stream, 0, &bytes, nullptr, nullptr};
    stream.write = [](void *to, const void *data, std::int64_t count, spar_error *) {
        static_cast<std::string *>(to)->append(static_cast<const char *>(data),
                                               static_cast<std::size_t>(count));
        return SPAR_OK;
    };
    ok(t.component->save(t.self, &stream, &error), "save");
    stream.write = nullptr;
    stream.read = [](void *from, void *data, std::int64_t count, spar_error *) -> spar_status {
        auto &rest = *static_cast<std::string *>(from);
        if (count > std::ssize(rest)) return SPAR_E_DATA;
        std::memcpy(data, rest.data(), static_cast<std::size_t>(count));
        rest.erase(0, static_cast<std::size_t>(count));
        return SPAR_OK;
    };
    const Instance again(file, 0, {{"/size", 100}});
    const std::string saved = bytes, hash = info.hash;
    ok(again.component->load(again.self, &stream, &error), "load");
    expect(bytes.empty(), "load reads all that save wrote");
    ok(table.info(again.self, &info, &error), "info of what was loaded");
    expect(hash == info.hash, "equal content, equal hash");
    bytes = saved.substr(0, saved.size() / 2);
    const Instance half(file, 0, {{"/size", 100}});
    expect(half.component->load(half.self, &stream, &error) == SPAR_E_DATA, "half is refused");
}

// ---- texts under attack ----------------------------------------------------------------------

/// Outputs (-s, s), s the sum of the tokens' values; a token's vector is (1, value / 4).
struct TextHost {
    const Instance &tokenizer;
    std::map<std::int64_t, float> values{};
    std::string clean{}, proposed{};
    std::int64_t limit = 0;
    int proposals = 0;
    std::map<std::string, double> notes{};

    float value(std::int64_t token) const {
        const auto found = values.find(token);
        return found != values.end() ? found->second : 0;
    }
};

TextHost &text_host(const spar_oracle *o) {
    return *static_cast<TextHost *>(o->handle);
}

spar_status ask_text(const spar_oracle *o, const spar_query *q, spar_error *) {
    for (std::int64_t i = 0; i < q->count; ++i) {
        float sum = 0;
        for (std::int64_t j = 0; j < q->tokens->lengths[i]; ++j)
            sum += text_host(o).value(q->tokens->tokens[i * q->tokens->length + j]);
        if (q->loss_values != nullptr) q->loss_values[i] = std::log1p(std::exp(-2 * sum));
        if (q->classes != nullptr) q->classes[i] = sum > 0 ? 1 : 0;
    }
    return SPAR_OK;
}

spar_status vectors_of_text(const spar_oracle *o, std::int64_t count, const std::int64_t *tokens,
                            float *vectors, spar_error *) {
    for (std::int64_t i = 0; i < count; ++i) {
        vectors[2 * i] = 1;
        vectors[2 * i + 1] = text_host(o).value(tokens[i]) / 4;
    }
    return SPAR_OK;
}

spar_status propose_text(const spar_oracle *o, std::int64_t, const char *text, spar_error *e) {
    auto &h = text_host(o);
    const auto before = words_of(h.tokenizer, h.clean), after = words_of(h.tokenizer, text);
    std::int64_t edited = std::llabs(std::ssize(before) - std::ssize(after));
    for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i)
        edited += before[i] != after[i];
    std::snprintf(e->message, sizeof e->message, "%lld words", static_cast<long long>(edited));
    if (edited > h.limit) return SPAR_E_INVALID;
    h.proposed = text;
    ++h.proposals;
    return SPAR_OK;
}

TextHost attack_text(const Instance &attack, const Instance &tokenizer, const char *clean,
                     std::int64_t limit, spar_oracle_flags flags) {
    constexpr std::int64_t room = 8;
    TextHost h{tokenizer};
    const std::pair<const char *, float> meant[] = {
        {"good", 2}, {"decent", -0.5F}, {"poor", -1}, {"bad", -2}};
    for (const auto &[word, value] : meant) h.values[encode(tokenizer, word, 1)[0]] = value;
    h.clean = h.proposed = clean;
    h.limit = limit;
    spar_oracle o{};
    o.struct_size = sizeof o;
    o.flags = flags | SPAR_ORACLE_GRADIENTS | SPAR_ORACLE_SCORES;
    o.handle = &h;
    o.outputs = o.width = 2;
    o.evaluate = ask_text;
    o.vectors = vectors_of_text;
    o.propose = propose_text;
    o.note = [](const spar_oracle *self, std::int64_t, const char *code, double value) {
        text_host(self).notes[code] = value;
    };
    std::vector<std::int32_t> words(room, -1);
    auto row = encode(tokenizer, clean, room, words.data());
    const std::int64_t length = std::ssize(row), label = 1, id = 0;
    row.resize(room);
    const spar_tokens tokens{sizeof tokens, 0, room, row.data(), &length};
    const spar_component_ref ref{sizeof ref, SPAR_KIND_TOKENIZER, tokenizer.component->table,
                                 tokenizer.self, "plain_words"};
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.space = SPAR_SPACE_TOKENS;
    threat.norm = SPAR_NORM_L0;
    threat.group = SPAR_GROUP_WORD;
    const auto &table = attack.table<spar_attack_table>();
    ok(table.fits(attack.self, &threat, &error), "the threat fits");
    threat.access = SPAR_ACCESS_DECISIONS;
    expect(table.fits(attack.self, &threat, &error) == SPAR_E_UNSUPPORTED, "decisions do not");
    threat.access = SPAR_ACCESS_GRADIENTS;
    spar_attack_batch b{};
    b.struct_size = sizeof b;
    b.count = 1;
    b.labels = &label;
    b.ids = &id;
    b.threat = &threat;
    b.limits = &limit;
    b.words = words.data();
    b.tokens = &tokens;
    b.texts = &clean;
    b.tokenizer = &ref;
    ok(table.perturb(attack.self, &o, &b, &error), "perturb");
    return h;
}

}  // namespace

void texts_are_attacked(const std::string &folder) {
    const std::string file = folder + "/plain_words.so";
    const Instance tokenizer(file, 0, {{"/size", 100}});
    tokenizer_keeps_its_promises(tokenizer, file);
    const Instance attack(folder + "/word_substitution.so", 0, {{"/neighbours", 3}});
    const char *clean = "a good  film so good";
    const auto one = attack_text(attack, tokenizer, clean, 1, 0);
    expect(one.proposals == 1 && one.notes.at("substituted") == 1, "one word of one");
    const auto two = attack_text(attack, tokenizer, clean, 2, 0);
    expect(two.proposals == 2 && two.proposed.find("good") == std::string::npos, "two of two");
    expect(two.proposed.find("  film so ") != std::string::npos, "the rest stays as it was");
    const auto easy = "a good film";
    const auto stops = attack_text(attack, tokenizer, easy, 3, 0);
    const auto goes_on = attack_text(attack, tokenizer, easy, 3, SPAR_ORACLE_SURROGATE);
    expect(stops.proposals == 1 && goes_on.proposals > 1, "a surrogate's word is not the last");
}
