// Every tokenizer: the same tokens from any thread and any copy of its vocabulary, and words that
// share out a text.
#include "components.hpp"

#include <spar/tokenizer.hpp>

#include "engine/tokenizer.hpp"

#include <thread>

using namespace spar;
using namespace spar::test;

namespace {

const std::vector<std::string> texts = {
    "",
    " ",
    "w1 w2, W3's w19!",
    "w1\x1fw2 w3",
    "\x1f",
    "\u00C9t\u00E9 \u4E2D\u6587 na\u0131ve\u200B \U0001F600 \u0130\u03A3.",
    "e\u0301\u3000x\u2028y\u00A0z\u0085",
    std::string(5000, 'w') + " w1",
    "<padding> [SEP] [CLS] <separator> \uFFFD",
};

/// A sample with a vocabulary: that of its file, or of a few texts.
class Opened {
  public:
    explicit Opened(const Sample &sample) : made_(sample.make()), tokenizer(made_.take()) {}
    void learn() {
        if (!tokenizer.ready())
            tokenizer.learn(std::ssize(texts) - 2,
                            [](std::int64_t i) { return texts[static_cast<std::size_t>(i + 2)]; });
    }

    std::vector<std::int64_t> tokens(const std::string &text, std::int64_t room = 10000) const {
        host::Tokenizer::Encoded encoded;
        tokenizer.encode(text, room, encoded);
        return encoded.tokens;
    }
    std::vector<WordSpan> words(const std::string &text) const {
        std::vector<std::int64_t> begins(10000), ends(10000);
        spar_words words{sizeof(spar_words), 0, 10000, begins.data(), ends.data(), 0};
        tokenizer.instance().call("words", [&](spar_error *error) {
            return table().words(self(), text.c_str(), &words, error);
        });
        REQUIRE(words.count <= words.room);
        std::vector<WordSpan> spans;
        for (std::size_t i = 0; i < static_cast<std::size_t>(words.count); ++i)
            spans.push_back(
                {static_cast<std::size_t>(begins[i]), static_cast<std::size_t>(ends[i])});
        return spans;
    }
    std::string decode(const std::vector<std::int64_t> &ids) const {
        std::vector<char> text(100000);
        std::int64_t size = std::ssize(text);
        tokenizer.instance().call("decode", [&](spar_error *error) {
            return table().decode(self(), ids.data(), std::ssize(ids), text.data(), &size, error);
        });
        return text.data();
    }
    const char *word(std::int64_t token) const { return table().word(self(), token); }

  private:
    const spar_tokenizer_table &table() const {
        return tokenizer.instance().table<spar_tokenizer_table>();
    }
    void *self() const { return tokenizer.instance().self(); }

    Made made_;

  public:
    host::Tokenizer tokenizer;
};

template <class Use>
void for_each_tokenizer(Use &&use) {
    for (const Sample &sample : samples(SPAR_KIND_TOKENIZER)) {
        INFO(sample.name());
        Opened opened(sample);
        opened.learn();
        use(sample, opened);
    }
}

}  // namespace

TEST_CASE("a saved vocabulary gives the same tokens, and the same bytes again") {
    for_each_tokenizer([](const Sample &sample, const Opened &opened) {
        Opened again(sample), second(sample);
        again.tokenizer.load(opened.tokenizer.state(), "a test");
        CHECK(again.tokenizer.ready());
        CHECK(again.tokenizer.state().bytes == opened.tokenizer.state().bytes);
        second.learn();
        CHECK(second.tokenizer.state().bytes == opened.tokenizer.state().bytes);
        for (const std::string &text : texts) CHECK(again.tokens(text) == opened.tokens(text));
    });
}

TEST_CASE("a text has the same tokens from any thread") {
    for_each_tokenizer([](const Sample &, const Opened &opened) {
        std::vector<std::vector<std::int64_t>> alone, found[4];
        for (const std::string &text : texts) alone.push_back(opened.tokens(text));
        std::vector<std::thread> threads;
        for (auto &mine : found)
            threads.emplace_back([&opened, &mine] {
                for (int i = 0; i < 20; ++i) {
                    mine.clear();
                    for (const std::string &text : texts) mine.push_back(opened.tokens(text));
                }
            });
        for (std::thread &thread : threads) thread.join();
        for (const auto &mine : found) CHECK((mine == alone));
    });
}

TEST_CASE("words share out what is neither white space nor a separator, and tokens name them") {
    for_each_tokenizer([](const Sample &, const Opened &opened) {
        for (const std::string &text : texts) {
            CAPTURE(text);
            const std::vector<WordSpan> spans = opened.words(text);
            std::size_t end = 0;
            std::string rest;
            for (const WordSpan &span : spans) {
                REQUIRE(span.begin >= end);
                REQUIRE(span.begin < span.end);
                REQUIRE(span.end <= text.size());
                rest += text.substr(end, span.begin - end);
                end = span.end;
            }
            rest += text.substr(end);
            for (const std::string space : {"\x1f", " ", "\u3000", "\u2028", "\u00A0", "\u0085"})
                for (std::size_t at; (at = rest.find(space)) != std::string::npos;)
                    rest.erase(at, space.size());
            CHECK(rest == "");
            host::Tokenizer::Encoded encoded;
            opened.tokenizer.encode(text, 10000, encoded);
            std::int32_t last = -1;
            for (const std::int32_t word : encoded.words) {
                CHECK(word < std::ssize(spans));
                CHECK((word == -1 || word >= last));
                last = std::max(last, word);
            }
        }
    });
}

TEST_CASE("a text that is too long keeps its separators, and the tokens that every text has") {
    for_each_tokenizer([](const Sample &, const Opened &opened) {
        const auto separators = [&](const std::vector<std::int64_t> &tokens) {
            return std::count(tokens.begin(), tokens.end(), opened.tokenizer.info().separator);
        };
        const std::string pair = "w1 w2 w3 w4 w5\x1fw6 w7";
        const auto whole = opened.tokens(pair);
        const auto most = std::ssize(whole);
        for (std::int64_t room = 6; room <= most; ++room) {
            const auto cut = opened.tokens(pair, room);
            CHECK(std::ssize(cut) == room);
            CHECK(separators(cut) == separators(whole));
            CHECK(cut.front() == whole.front());
            CHECK(cut.back() == (separators({whole.back()}) > 0 ? whole.back() : cut.back()));
        }
    });
}

TEST_CASE("decoded tokens become themselves again, and offered words become one word") {
    for_each_tokenizer([](const Sample &, const Opened &opened) {
        for (const std::string text : {"w1 w2", "w3", "w1\x1fw2 w3", ""}) {
            const auto tokens = opened.tokens(text);
            CHECK(opened.tokens(opened.decode(tokens)) == tokens);
        }
        std::int64_t offered = 0;
        const spar_tokenizer_info &info = opened.tokenizer.info();
        for (std::int64_t token = -1; token <= info.vocabulary; ++token) {
            CHECK(opened.tokenizer.token(token).empty() == (token < 0 || token >= info.vocabulary));
            const char *word = opened.word(token);
            if (word == nullptr) continue;
            ++offered;
            CHECK((token != info.padding && token != info.unknown && token != info.separator));
            CHECK(opened.words(word) == std::vector<WordSpan>{{0, std::string(word).size()}});
            host::Tokenizer::Encoded encoded;
            opened.tokenizer.encode(word, 100, encoded);
            std::vector<std::int64_t> own;
            for (std::size_t i = 0; i < encoded.tokens.size(); ++i)
                if (encoded.words[i] >= 0) own.push_back(encoded.tokens[i]);
            CHECK(own == std::vector<std::int64_t>{token});
        }
        CHECK(offered > 0);
    });
}
