#include "tokenizer.hpp"

using namespace spar;
using namespace spar::test;

namespace {

std::string node(const std::string &more = "") {
    return R"({"type":"characters")" + more + "}";
}

}  // namespace

TEST_CASE("every code point is a token, and white space between words is one space") {
    const MadeTokenizer characters(node(), {"ab b", "B\u00C9"});
    CHECK(characters.info().vocabulary == 7);
    CHECK(characters.token(3) == "b");
    CHECK(characters.token(4) == " ");
    CHECK(characters.token(5) == "a");
    CHECK(characters.token(6) == "\u00E9");
    const Encoded encoded = characters.encode(" a\u3000\n B\u00C9x\x1f a ");
    CHECK(encoded.tokens == Ids{5, 4, 3, 6, 1, 2, 5});
    CHECK(encoded.words == std::vector<std::int32_t>{0, 1, 1, 1, 1, -1, 2});
    CHECK(characters.words(" a\u3000\n B\u00C9x\x1f a ") == Strings{"a", "B\u00C9x", "a"});
    CHECK(characters.ids("") == Ids{});
    CHECK(characters.ids(" ") == Ids{});
}

TEST_CASE("parameters mean what they mean for words") {
    const Strings texts{"aaa bb C!"};
    CHECK(MadeTokenizer(node(R"(,"min_count":2)"), texts).info().vocabulary == 6);
    CHECK(MadeTokenizer(node(R"(,"size":4)"), texts).tokens("a b") ==
          Strings{"a", "<unknown>", "<unknown>"});
    CHECK(MadeTokenizer(node(R"(,"lower_case":false)"), texts).tokens("C") == Strings{"C"});
    const MadeTokenizer apart(node(R"(,"punctuation":"apart")"), texts);
    CHECK(apart.words("C! a") == Strings{"C", "!", "a"});
    CHECK(apart.tokens("C! a") == Strings{"c", "!", " ", "a"});
    CHECK(apart.encode("C! a").words == std::vector<std::int32_t>{0, 1, 2, 2});
}

TEST_CASE("characters decode to the text with single spaces") {
    const MadeTokenizer characters(node(R"(,"punctuation":"apart")"), {"a good film, not bad"});
    for (const std::string text : {"a good film, not bad",
                                   "bad\x1f"
                                   "film",
                                   ""})
        CHECK(characters.decode(characters.ids(text)) == text);
    CHECK(characters.decode(characters.ids(" a \t b\x1f c ")) ==
          "a b\x1f"
          "<unknown>");
    CHECK(characters.token(3) == " ");
    for (std::int64_t id = 0; id < characters.info().vocabulary; ++id)
        CHECK(characters.word(id).has_value() == (id > 2 && characters.token(id) != " "));
}

TEST_CASE("the end of a text is cut, in the middle of a word") {
    const MadeTokenizer characters(node(), {"abc d"});
    CHECK(characters.encode("abc d", 4).tokens ==
          Ids{characters.ids("abc ")[0], characters.ids("b")[0], characters.ids("c")[0],
              characters.ids("a d")[1]});
    CHECK(characters.encode("abc d", 4).whole == 5);
}

TEST_CASE("saved characters come back") {
    const MadeTokenizer characters(node(), {"abc \u4E2D"});
    const MadeTokenizer again(node());
    again.load(characters.save());
    CHECK(again.save() == characters.save());
    CHECK(again.ids("c\u4E2D a") == characters.ids("c\u4E2D a"));
}
