// BERT's tokens beside those of the reference, see wordpiece/record.py.
#include "tokenizer.hpp"

#include <map>

using namespace spar;
using namespace spar::test;
using nlohmann::json;

namespace {

const std::filesystem::path recorded =
    std::filesystem::path(SPAR_SOURCE_DIR) / "tests/plugins/tokenizers/wordpiece";

std::string node(const std::string &file, const std::string &more = "") {
    return R"({"type":"wordpiece","file":")" + file + "\"" + more + "}";
}
std::string uncased(const std::string &more = "") {
    return node(recorded / "uncased.txt", more);
}
std::string cased(const std::string &more = "") {
    return node(recorded / "cased.txt", R"(,"lower_case":false)" + more);
}

const std::map<std::string, std::string> settings = {
    {"uncased", uncased()},
    {"cased", cased()},
    {"uncased_accents", uncased(R"(,"strip_accents":"no")")},
    {"cased_stripped", cased(R"(,"strip_accents":"yes")")},
    {"uncased_no_chinese", uncased(R"(,"chinese":false)")},
};

std::vector<json> rows() {
    std::vector<json> all;
    std::ifstream file(recorded / "recorded.jsonl");
    for (std::string line; std::getline(file, line);) all.push_back(json::parse(line));
    return all;
}

std::string text_of(const json &row) {
    const auto first = row.at("text").get<std::string>();
    return row.contains("second")
               ? first + SPAR_TEXT_SEPARATOR + row.at("second").get<std::string>()
               : first;
}

}  // namespace

TEST_CASE("tokens are those of the reference, for every setting") {
    std::map<std::string, MadeTokenizer> made;
    for (const auto &[name, json] : settings) made.emplace(name, json);
    std::size_t compared = 0;
    for (const json &row : rows()) {
        const std::string text = text_of(row);
        CAPTURE(text);
        for (const auto &entry : made) {
            const auto &name = entry.first;
            const auto &tokenizer = entry.second;
            if (!row.contains(name)) continue;
            CAPTURE(name);
            CHECK(tokenizer.ids(text) == row.at(name).get<Ids>());
            ++compared;
        }
    }
    CHECK(compared > 2000);
}

TEST_CASE("pairs that are too long are cut as BERT cuts them") {
    const MadeTokenizer tokenizer(uncased());
    std::size_t compared = 0;
    for (const json &row : rows()) {
        if (!row.contains("cut")) continue;
        const std::string text = text_of(row);
        for (const auto &item : row.at("cut").items()) {
            const std::string &room = item.key();
            CAPTURE(text);
            CAPTURE(room);
            const Encoded encoded = tokenizer.encode(text, std::stoll(room));
            CHECK(encoded.tokens == item.value().get<Ids>());
            CHECK(encoded.whole == std::ssize(tokenizer.ids(text)));
            ++compared;
        }
    }
    CHECK(compared > 500);
}

TEST_CASE("words share out a text, and each alone has the tokens that it has in the text") {
    for (const std::string name : {"uncased", "cased_stripped", "uncased_no_chinese"}) {
        CAPTURE(name);
        const MadeTokenizer tokenizer(settings.at(name));
        for (const json &row : rows()) {
            const std::string text = text_of(row);
            CAPTURE(text);
            const std::vector<WordSpan> spans = tokenizer.spans(text);
            const Encoded encoded = tokenizer.encode(text, 1000);
            std::string rest;  // what no word has
            std::size_t end = 0, next = 0;
            bool apart = true, same = true;
            for (std::size_t i = 0; i < spans.size(); ++i) {
                apart = apart && spans[i].begin >= end && spans[i].begin < spans[i].end;
                rest += text.substr(end, spans[i].begin - end);
                end = spans[i].end;
                Ids here;
                for (; next < encoded.tokens.size() &&
                       encoded.words[next] <= static_cast<std::int32_t>(i);
                     ++next)
                    if (encoded.words[next] >= 0) here.push_back(encoded.tokens[next]);
                Ids alone = tokenizer.encode(std::string(spans[i].of(text)), 1000).tokens;
                alone.erase(alone.begin());
                alone.pop_back();
                same = same && alone == here;
            }
            CHECK(apart);
            CHECK(same);
            REQUIRE(end <= text.size());
            rest += text.substr(end);
            // White space alone: the reference makes nothing of it.
            std::erase(rest, SPAR_TEXT_SEPARATOR[0]);
            CHECK(tokenizer.ids(rest).size() == 2);
            CHECK(tokenizer.words(rest).empty());
        }
    }
}

TEST_CASE("words are spans of the text as it was written") {
    const MadeTokenizer tokenizer(uncased());
    CHECK(tokenizer.words("R\u00C9SUM\u00C9, I\u0307stanbul\u200B! \u4E2D\u6587 e\u0301\x1f"
                          "a \u200B b") == Strings{"R\u00C9SUM\u00C9", ",", "I\u0307stanbul\u200B",
                                                   "!", "\u4E2D", "\u6587", "e\u0301", "a",
                                                   "\u200B", "b"});
    CHECK(tokenizer.words("\u200B!a") == Strings{"\u200B!", "a"});
}

TEST_CASE("no code point makes words overlap or loses bytes") {
    for (const auto &entry : settings) {
        const auto &name = entry.first;
        CAPTURE(name);
        const MadeTokenizer tokenizer(entry.second);
        std::string text;
        for (char32_t code = 1; code < 0x30000; ++code) {
            if ((code >= 0xD800 && code < 0xE000) || code == 0x1F) continue;
            text += 'a';
            if (code < 0x80) {
                text += static_cast<char>(code);
            } else {
                if (code < 0x800) {
                    text += static_cast<char>(0xC0 | code >> 6);
                } else {
                    if (code < 0x10000) {
                        text += static_cast<char>(0xE0 | code >> 12);
                    } else {
                        text += static_cast<char>(0xF0 | code >> 18);
                        text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
                    }
                    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
                }
                text += static_cast<char>(0x80 | (code & 0x3F));
            }
        }
        std::size_t end = 0, spaces = 0, wrong = 0;
        for (const WordSpan &span : tokenizer.spans(text)) {
            wrong += span.begin < end || span.end <= span.begin ? 1 : 0;
            spaces += span.begin > end ? 1 : 0;
            end = span.end;
        }
        CHECK(wrong == 0);
        CHECK(end == text.size());
        CHECK(spaces == 22);  // those of White_Space that BERT does not leave out
    }
}

TEST_CASE("decoded tokens") {
    const MadeTokenizer tokenizer(uncased());
    CHECK(tokenizer.info().padding == 0);
    CHECK(tokenizer.token(tokenizer.info().unknown) == "[UNK]");
    CHECK(tokenizer.token(tokenizer.info().separator) == "[SEP]");
    for (const std::string text : {"", "hello world", "the quick brown fox",
                                   "good\x1f"
                                   "bad film"})
        CHECK(tokenizer.decode(tokenizer.ids(text)) == text);
    CHECK(tokenizer.decode(tokenizer.ids("UNAFFABLE, \u00E9\u00E9!")) ==
          "unaffable , " + tokenizer.decode(tokenizer.ids("ee")) + " !");
    Ids padded = tokenizer.ids("good film");
    padded.insert(padded.end(), 3, 0);
    CHECK(tokenizer.decode(padded) == "good film");
}

TEST_CASE("whole words are offered, pieces and special tokens are not") {
    const MadeTokenizer tokenizer(uncased());
    std::size_t offered = 0;
    for (std::int64_t id = 0; id < tokenizer.info().vocabulary; ++id) {
        const std::string token = tokenizer.token(id).value();
        const auto word = tokenizer.word(id);
        CHECK(tokenizer.ids(token).size() >= 2);
        const bool alone = tokenizer.words(token) == Strings{token} &&
                           tokenizer.ids(token).size() == 3 && tokenizer.ids(token)[1] == id;
        CHECK(word.has_value() == alone);
        if (alone) CHECK(*word == token);
        if (token.starts_with("##") || token == "[CLS]" || token == "[UNK]")
            CHECK_FALSE(word.has_value());
        offered += alone ? 1 : 0;
    }
    CHECK(offered > 100);
    CHECK(tokenizer.word(-1) == std::nullopt);
    CHECK(tokenizer.word(tokenizer.info().vocabulary) == std::nullopt);
    // In a cased vocabulary that is read without capitals, words with capitals are none.
    const MadeTokenizer mixed(node(recorded / "cased.txt"));
    for (std::int64_t id = 0; id < mixed.info().vocabulary; ++id)
        if (mixed.token(id) == "The") CHECK_FALSE(mixed.word(id).has_value());
}

TEST_CASE("special tokens in a text are words") {
    const MadeTokenizer tokenizer(uncased());
    CHECK(tokenizer.words("good[SEP] film") == Strings{"good", "[", "SEP", "]", "film"});
    const Ids ids = tokenizer.ids("good[SEP] film");
    CHECK(std::count(ids.begin(), ids.end(), tokenizer.info().separator) == 1);
}
