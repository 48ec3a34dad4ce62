#include "tokenizer.hpp"

using namespace spar;
using namespace spar::test;

namespace {

std::string node(const std::string &more = "") {
    return R"({"type":"words")" + more + "}";
}

const std::string apart = R"(,"punctuation":"apart")";

}  // namespace

TEST_CASE("words are numbered by falling frequency, then by their bytes") {
    const MadeTokenizer words(node(), {"b a c b", "A d"});
    CHECK(words.info().vocabulary == 7);
    CHECK(words.info().padding == 0);
    CHECK(words.info().unknown == 1);
    CHECK(words.info().separator == 2);
    CHECK(words.ids("b a c b") == Ids{4, 3, 5, 4});
    CHECK(words.ids("A d new") == Ids{3, 6, 1});
    CHECK(words.tokens("a new\x1f"
                       "b") == Strings{"a", "<unknown>", "<separator>", "b"});
    CHECK(words
              .encode("a new\x1f"
                      "b")
              .words == std::vector<std::int32_t>{0, 1, -1, 2});
    CHECK(words.token(0) == "<padding>");
    CHECK(words.token(7) == std::nullopt);
    CHECK(words.token(-1) == std::nullopt);
    CHECK(words.ids("") == Ids{});
    CHECK(MadeTokenizer(node(R"(,"lower_case":false)"), {"b a c b", "A d"}).info().vocabulary == 8);
}

TEST_CASE("rare words are unknown, and the vocabulary ends at its size") {
    const Strings texts{"a a a b b c", "c c d"};
    CHECK(MadeTokenizer(node(), texts).ids("d a c new") == Ids{6, 3, 4, 1});
    CHECK(MadeTokenizer(node(R"(,"min_count":3)"), texts).ids("d a c b") == Ids{1, 3, 4, 1});
    const MadeTokenizer small(node(R"(,"size":4)"), texts);
    CHECK(small.info().vocabulary == 4);
    CHECK(small.ids("d a c b") == Ids{1, 3, 1, 1});
    CHECK(has(refusal_of([&] { MadeTokenizer(node(R"(,"min_count":9)"), texts); }), "min_count"));
}

TEST_CASE("special tokens are not found by their names") {
    const MadeTokenizer words(node(), {"<padding> <separator> a", "a"});
    CHECK(words.ids("<padding> <unknown> <separator> a") == Ids{4, 1, 5, 3});
}

TEST_CASE("lower case is Unicode's") {
    const MadeTokenizer words(node(), {"x"});
    const auto lowered = [&](const std::string &text) {
        return MadeTokenizer(node(), {text}).token(3).value();
    };
    CHECK(lowered("\u00C9COLE") == "\u00E9cole");
    CHECK(lowered("\u0410\u0411") == "\u0430\u0431");
    CHECK(lowered("\u0130") == "i\u0307");
    CHECK(lowered("\U00010400") == "\U00010428");  // Deseret
    CHECK(lowered("STRA\u1E9EE") == "stra\u00DFe");
    // A sigma at the end of a word, and only there.
    CHECK(lowered("\u039F\u0394\u039F\u03A3") == "\u03BF\u03B4\u03BF\u03C2");
    CHECK(lowered("\u039F\u03A3\u0391") == "\u03BF\u03C3\u03B1");
    CHECK(lowered("\u03A3") == "\u03C3");
    CHECK(lowered("A\u03A3\u0301.") == "a\u03C2\u0301.");
    CHECK(lowered("A\u03A3'B") == "a\u03C3'b");
    CHECK(words.words("\u00C9 A") == Strings{"\u00C9", "A"});
}

TEST_CASE("white space is Unicode's") {
    const MadeTokenizer words(node(), {"x"});
    for (const std::string space :
         {" ", "\t", "\n", "\v", "\f", "\r", "\u0085", "\u00A0", "\u1680", "\u2000", "\u2009",
          "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
        CAPTURE(space);
        CHECK(words.words("a" + space + space + "b" + space) == Strings{"a", "b"});
    }
    for (const std::string other : {"\u200B", "\uFEFF", "\u180E", "\u2060"})
        CHECK(words.words("a" + other + "b") == Strings{"a" + other + "b"});
}

TEST_CASE("punctuation is part of words, or words by itself") {
    CHECK(MadeTokenizer(node()).words("it's \"good\", 3.5\u3002") ==
          Strings{"it's", "\"good\",", "3.5\u3002"});
    CHECK(MadeTokenizer(node(apart)).words("it's \"good\",\u00BF$3\u3002\x1f!") ==
          Strings{"it", "'", "s", "\"", "good", "\"", ",", "\u00BF", "$", "3", "\u3002", "!"});
}

TEST_CASE("every byte that is neither white space nor a separator is in exactly one word") {
    const std::string text = " \u00C9\u0301a.b\x1f\u3000x--y\u2028 z\x1f";
    for (const std::string &more : {std::string(), apart}) {
        const MadeTokenizer words(node(more));
        std::string rest = text;
        std::size_t end = 0;
        for (const WordSpan &span : words.spans(text)) {
            CHECK(span.begin >= end);
            CHECK(span.begin < span.end);
            end = span.end;
            rest.replace(span.begin, span.end - span.begin, span.end - span.begin, '_');
        }
        std::erase(rest, '_');
        CHECK(rest == " \x1f\u3000\u2028 \x1f");
    }
}

TEST_CASE("decoded tokens are the words with spaces between them") {
    const MadeTokenizer words(node(), {"a b c"});
    CHECK(words.decode({3, 4, 0, 0}) == "a b");
    CHECK(words.decode({3, 1, 2, 5, 99, -1}) ==
          "a <unknown>\x1f"
          "c");
    CHECK(words.decode({}) == "");
    for (const std::string text : {"a b",
                                   "c\x1f"
                                   "b a",
                                   "b"})
        CHECK(words.decode(words.ids(text)) == text);
}

TEST_CASE("words that a text can hold are offered, special tokens are not") {
    const MadeTokenizer words(node(), {"a good film"});
    for (std::int64_t id = -1; id < 3; ++id) CHECK(words.word(id) == std::nullopt);
    for (std::int64_t id = 3; id < 6; ++id) CHECK(words.word(id) == words.token(id));
    CHECK(words.word(6) == std::nullopt);
}

TEST_CASE("a vocabulary from a file") {
    const Folder folder;
    const auto listed = [&](const std::string &content, const std::string &more = "") {
        return node(R"(,"vocabulary":")" + folder.write("words.txt", content) + "\"" + more);
    };
    const MadeTokenizer words(
        listed("\xEF\xBB\xBF"
               "<padding>\n<unknown>\n<separator>\r\nfilm\nGood \n"));
    CHECK(words.ready());
    CHECK(words.ids("good film") == Ids{1, 3});
    CHECK(words.word(3) == "film");
    CHECK(words.word(4) == std::nullopt);  // "Good", which lower_case never gives
    CHECK(MadeTokenizer(listed("film\nGood", R"(,"lower_case":false)")).ids("Good") == Ids{4});
    CHECK(has(refusal_of([&] { MadeTokenizer(listed("a\nb\na\n")); }), "lists \"a\" twice"));
    CHECK(has(refusal_of([&] { MadeTokenizer(listed("a\n\nb\n")); }), "empty line"));
    CHECK(
        has(refusal_of([&] { MadeTokenizer(listed("a\n\xA6\n")); }), "line 2 is not valid UTF-8"));
    CHECK(has(refusal_of([&] { MadeTokenizer(listed("")); }), "holds no words"));
    CHECK(has(refusal_of([&] { MadeTokenizer(listed("PK\x03\x04" + std::string(30, 'x'))); }),
              "zip archive"));
    CHECK(has(refusal_of([&] { MadeTokenizer(node(R"(,"vocabulary":"/none")")); }), "/none"));
}

TEST_CASE("saved words come back, and settings that contradict them are named") {
    const MadeTokenizer words(node(), {"b a c b", "\u00C9 d"});
    const std::string state = words.save();
    CHECK(MadeTokenizer(node(), {"b b", "d \u00E9 c a"}).save() == state);
    const MadeTokenizer again(node());
    CHECK_FALSE(again.ready());
    again.load(state);
    CHECK(again.ready());
    CHECK(again.save() == state);
    CHECK(again.ids("b \u00C9 new") == words.ids("b \u00C9 new"));
    const auto loading = [&](const std::string &more, const std::string &bytes) {
        return refusal_of([&] { MadeTokenizer(node(more)).load(bytes); });
    };
    CHECK(has(loading(R"(,"lower_case":false)", state), "lower_case"));
    CHECK(has(loading(apart, state), "punctuation"));
    const Folder folder;
    const std::string other =
        R"(,"vocabulary":")" + folder.write("v.txt", "b\na\nd\nc\n\u00E9\n") + "\"";
    CHECK(
        has(loading(other, state), "token 5 is \"c\" in the vocabulary of the weights, but \"d\""));
}

TEST_CASE("damaged state is refused") {
    const std::string state = MadeTokenizer(node(), {"b a c b", "\u00C9 d"}).save();
    for (std::size_t size = 0; size < state.size(); ++size)
        CHECK_THROWS_AS(MadeTokenizer(node()).load(state.substr(0, size)), host::Failure);
    CHECK_THROWS_AS(MadeTokenizer(node()).load(state + "x"), host::Failure);
    for (std::size_t at = 0; at < state.size(); ++at)
        for (const char byte : {'\0', '\x7F', '\xFF'}) {
            std::string changed = state;
            changed[at] = byte;
            try {
                const MadeTokenizer words(node());
                words.load(changed);
                CHECK(words.save() == changed);  // another vocabulary, not a misunderstood one
            } catch (const host::Failure &) {
            }
        }
}
