// Where BERT's vocabulary comes from: a file, or the weights.
#include "tokenizer.hpp"

#include "base/warnings.hpp"

using namespace spar;
using namespace spar::test;

namespace {

const std::string specials = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";

class Vocabulary {
  public:
    explicit Vocabulary(const std::string &content) : file_(folder_.write("vocab.txt", content)) {}
    std::string node(const std::string &more = "") const {
        return R"({"type":"wordpiece","file":")" + file_ + "\"" + more + "}";
    }

  private:
    Folder folder_;
    std::string file_;
};

std::string bare(const std::string &more = "") {
    return R"({"type":"wordpiece")" + more + "}";
}

}  // namespace

TEST_CASE("a vocabulary file's line is the number of its token") {
    const Vocabulary file(specials + "\xE2\x80\xA8\r\ngood\r\n##ly \nfilm");
    const MadeTokenizer tokenizer(file.node());
    CHECK(tokenizer.info().vocabulary == 8);
    CHECK(tokenizer.ids("Goodly FILM bad") == Ids{2, 5, 6, 7, 1, 3});
    CHECK(tokenizer.ids(std::string(100, 'x')) == Ids{2, 1, 3});
}

TEST_CASE("marks that stay are in canonical order") {
    // The reference writes x, a stem (class 216), a dot (class 226), whatever the text's order.
    const Vocabulary file(specials + "x\U0001D165\U0001D16D\n");
    CHECK(MadeTokenizer(file.node()).ids("x\U0001D16D\U0001D165") == Ids{2, 4, 3});
    CHECK(MadeTokenizer(file.node(R"(,"strip_accents":"no")")).ids("x\U0001D16D\U0001D165") ==
          Ids{2, 1, 3});
}

TEST_CASE("without a vocabulary it says how to get one") {
    const MadeTokenizer tokenizer(bare());
    CHECK_FALSE(tokenizer.ready());
    CHECK(has(refusal_of([&] { tokenizer.learn({"a b"}); }), "vocab.txt"));
    const auto made = [](const std::string &content) {
        return refusal_of([&] { MadeTokenizer(Vocabulary(content).node()); });
    };
    CHECK(has(made("[PAD]\n[UNK]\n[CLS]\ngood\n"), "has no line \"[SEP]\""));
    CHECK(has(made("good\nbad\n"), "expected BERT's vocab.txt"));
    CHECK(has(made(specials + "\xC3\n"), "line 5 is not valid UTF-8"));
    CHECK(has(refusal_of([&] { MadeTokenizer(bare(R"(,"file":"/none")")); }), "No such file"));
    CHECK(has(refusal_of([&] { MadeTokenizer(bare(R"(,"file":"/tmp")")); }), "is a folder"));
}

TEST_CASE("long words are unknown as the pipeline says") {
    const Vocabulary file(specials + "a\n##a\n");
    const MadeTokenizer usual(file.node());
    CHECK(usual.ids(std::string(100, 'a')).size() == 102);
    CHECK(usual.ids(std::string(101, 'a')) == Ids{2, 1, 3});
    const MadeTokenizer two(file.node(R"(,"max_characters_per_word":2)"));
    CHECK(two.ids("aa aaa") == Ids{2, 4, 5, 1, 3});
}

TEST_CASE("capitals that fit no setting are spoken of") {
    const auto advice = [](const std::string &words, const std::string &more) {
        host::warnings().clear();
        const Vocabulary file(specials + words);
        MadeTokenizer tokenizer(file.node(more));
        std::string codes;
        for (const host::Warning &warning : host::warnings().all()) codes += warning.code;
        host::warnings().clear();
        return codes;
    };
    CHECK(advice("Good\ngood\n", "") == "capitals_of_vocabulary");
    CHECK(advice("Good\ngood\n", R"(,"lower_case":false)") == "");
    CHECK(advice("bad\ngood\n", "") == "");
    CHECK(advice("bad\ngood\n", R"(,"lower_case":false)") == "capitals_of_vocabulary");
}

TEST_CASE("the vocabulary comes back with the weights, and contradictions are named") {
    const Vocabulary file(specials + "good\n##ly\nfilm\n");
    const MadeTokenizer tokenizer(file.node());
    const std::string state = tokenizer.save();
    const MadeTokenizer again(bare());
    again.load(state);
    CHECK(again.save() == state);
    CHECK(again.ids("goodly film") == tokenizer.ids("goodly film"));
    CHECK(again.word(4) == "good");
    CHECK(again.word(5) == std::nullopt);
    MadeTokenizer(file.node()).load(state);
    MadeTokenizer(bare(R"(,"strip_accents":"yes")")).load(state);
    const auto loading = [&](const std::string &json) {
        return refusal_of([&] { MadeTokenizer(json).load(state); });
    };
    CHECK(has(loading(bare(R"(,"lower_case":false,"strip_accents":"yes")")),
              "#/node/lower_case: the vocabulary of the weights goes with \"lower_case\": true"));
    CHECK(has(loading(bare(R"(,"strip_accents":"no")")), "#/node/strip_accents"));
    CHECK(has(loading(bare(R"(,"chinese":false)")), "#/node/chinese"));
    CHECK(has(loading(bare(R"(,"max_characters_per_word":50)")),
              "\"max_characters_per_word\": 100, but the pipeline has 50"));
    CHECK(has(loading(Vocabulary(specials + "good\n##ly\nfilms\n").node()),
              "token 6 is \"film\" in the vocabulary of the weights, but \"films\""));
    CHECK(has(loading(Vocabulary(specials + "good\n##ly\nfilm\nx\n").node()), "token 7 is absent"));
}

TEST_CASE("damaged state is refused") {
    const std::string state = MadeTokenizer(Vocabulary(specials + "good\n\u00E9\n").node()).save();
    for (std::size_t size = 0; size < state.size(); ++size)
        CHECK_THROWS_AS(MadeTokenizer(bare()).load(state.substr(0, size)), host::Failure);
    for (std::size_t at = 0; at < state.size(); ++at)
        for (const char byte : {'\0', '\x7F', '\xFF'}) {
            std::string changed = state;
            changed[at] = byte;
            try {
                const MadeTokenizer tokenizer(bare());
                tokenizer.load(changed);
                CHECK(tokenizer.save() == changed);
                tokenizer.ids("good x");
            } catch (const host::Failure &) {
            }
        }
}
