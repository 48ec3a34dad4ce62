// Encodings, and what no tokenizer can take: refused with its line, or repaired.
#include "texts.hpp"

#include "python.hpp"

#include <spar/philox.hpp>

using namespace spar;
using namespace spar::test;
using namespace std::string_literals;

namespace {

const std::string repair = R"(,"repair":true)", latin = R"(,"encoding":"latin-1")",
                  utf16 = R"(,"encoding":"utf-16")";

std::string as_utf16(const std::string &ascii, bool big, bool mark = true) {
    std::string text;
    const auto unit = [&](unsigned value) {
        const char low = static_cast<char>(value & 0xFF), high = static_cast<char>(value >> 8);
        text += big ? high : low;
        text += big ? low : high;
    };
    if (mark) unit(0xFEFF);
    for (const char c : ascii) unit(static_cast<unsigned char>(c));
    return text;
}

}  // namespace

TEST_CASE("bytes that are not UTF-8") {
    const TextFile file(
        "0\tfine\n1\tsister\xA6"
        "city\n0\tcaf\xE9\n");
    CHECK(
        has(file.refused(), "line 2 is not valid UTF-8 at byte 9; say \"encoding\": \"latin-1\""));
    CHECK(file.texts(latin) == Strings{"fine", "sister\u00A6city", "caf\u00E9"});
    CHECK(file.advice(latin).empty());
    CHECK(file.texts(repair) == Strings{"fine", "sister\uFFFDcity", "caf\uFFFD"});
    REQUIRE(file.advice(repair) == Strings{"invalid_utf8"});
    CHECK(file.warnings(repair)[0].count == 2);
    CHECK(has(file.warnings(repair)[0].message, "line 2, and 1 more,"));
    CHECK(TextFile("0\tfine \u00E9\n").advice(repair).empty());
}

TEST_CASE("UTF-16, with its mark and without") {
    const std::string lines = "0\ta \xE9\r\n1\tb\n";
    for (const bool big : {false, true}) {
        const TextFile file(as_utf16(lines, big));
        CHECK(has(file.refused(), "is UTF-16; say \"encoding\": \"utf-16\""));
        CHECK(file.texts(utf16) == Strings{"a \u00E9", "b"});
    }
    const TextFile bare(as_utf16(lines, false, false));
    CHECK(has(bare.refused(), "line 1 "));
    CHECK(bare.texts(utf16) == Strings{"a \u00E9", "b"});
    CHECK(has(TextFile(as_utf16("0\ta\n1\tb", false, false)).refused(),
              "line 1 holds a zero byte; is this a text file? Say \"encoding\": \"utf-16\""));
    // A pair of surrogates, and halves of one.
    const std::string start = as_utf16("0\ta", false);
    CHECK(TextFile(start + "\x3D\xD8\x00\xDE"s).texts(utf16) == Strings{"a\U0001F600"});
    CHECK(has(TextFile(start + "\x3D\xD8").refused(utf16), "line 1 is not valid UTF-8 at byte 4"));
    CHECK(has(TextFile(start + "\x00\xDE"
                               "b\0"s)
                  .refused(utf16),
              "line 1 is not valid UTF-8"));
    CHECK(TextFile(start + "\x3D\xD8"
                           "b\0\x00\xDE"s)
              .texts(utf16 + repair) == Strings{"a\uFFFDb\uFFFD"});
    CHECK(has(TextFile(start + "b").refused(utf16), "line 1 is not valid UTF-8"));
}

TEST_CASE("zero bytes, separators and empty texts") {
    const TextFile zero("0\ta\n1\tb\0c\n"s);
    CHECK(has(zero.refused(), "line 2 holds a zero byte"));
    CHECK(zero.texts(repair) == Strings{"a", "b\uFFFDc"});
    CHECK(zero.advice(repair) == Strings{"zero_bytes"});
    const TextFile separator(
        "0\ta\n1\tb\x1f"
        "c\n");
    CHECK(has(separator.refused(), "line 2 holds the byte 1F"));
    CHECK(separator.texts(repair) == Strings{"a", "b c"});
    CHECK(separator.advice(repair) == Strings{"separators_in_texts"});
    const TextFile empty("0\ta\n1\n0\t \n1\tb\n");
    CHECK(has(empty.refused(), "line 2 has the label \"1\" and no text; \"repair\": true leaves"));
    CHECK(empty.texts(repair) == Strings{"a", "b"});
    CHECK(empty.open(repair).labels() == Ids{0, 1});
    CHECK(empty.advice(repair) == Strings{"empty_texts"});
    CHECK(has(TextFile("0\n1 \n").refused(repair), "no example with a text"));
    const TextFile pair("label,text,b\n0,a,\n1,c,d\n", "a.csv");
    CHECK(
        has(pair.refused(R"(,"text_pair":"b")"), "line 2 has the label \"0\" and no second text"));
    CHECK(pair.texts(R"(,"text_pair":"b")" + repair) == Strings{"c\x1f"
                                                                "d"});
}

TEST_CASE("very long lines") {
    std::string word;
    while (word.size() < 50000000) word += "caf\u00E9 ";
    for (const std::string name : {"a.tsv", "a.csv", "a.jsonl"}) {
        CAPTURE(name);
        const bool csv = name == std::string("a.csv"), json = name == std::string("a.jsonl");
        const std::string begin = csv    ? "label,text\n1,a\n0,"
                                  : json ? "{\"label\":1,\"text\":\"a\"}\n{\"label\":0,\"text\":\""
                                         : "1 a\n0 ";
        const TextFile file(begin + word + (json ? "\"}\n" : "\n"), name);
        const std::string refused = file.refused();
        CHECK(has(refused, csv ? "line 3 is more than" : "line 2 is more than"));
        CHECK(has(refused, "\"repair\": true cuts long texts"));
        host::warnings().clear();
        const OpenedTexts data = file.open(repair);
        REQUIRE(host::warnings().all().size() == 1);
        CHECK(host::warnings().all()[0].code == "long_texts");
        REQUIRE(data.info().size == 2);
        CHECK(data.text(0) == "a");
        const std::string text = data.text(1);
        CHECK(text.size() == (std::size_t{1} << 20) - 1);  // a character of two bytes is there
        CHECK(word.starts_with(text));
    }
}

TEST_CASE("invalid bytes are replaced as Python replaces them") {
    const auto python = python_with("codecs");
    if (!python) return;
    const Folder folder;
    // Bytes at the margins of what is valid.
    const std::string margins =
        "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5"
        "\xFF";
    Random random(7, 0);
    std::string lines;
    for (std::int64_t i = 0, draw = 0; i < 3000; ++i) {
        lines += "0\tx";
        for (int j = 0; j < 8; ++j)
            lines += margins[static_cast<std::size_t>(
                random.below(draw++, static_cast<std::int64_t>(margins.size())))];
        lines += "x\n";
    }
    const std::string file = folder.write("a.tsv", lines);
    folder.write("make.py",
                 "text = open('a.tsv', 'rb').read().decode('utf-8', 'replace')\n"
                 "open('b.tsv', 'w', encoding='utf-8', newline='').write(text)\n");
    REQUIRE(std::system(("cd " + folder.path().string() + " && " + *python + " make.py").c_str()) ==
            0);
    const auto texts = [&](const std::string &name, const std::string &more) {
        return OpenedTexts(R"({"type":"text","file":")" + (folder / name) + "\"" + more + "}")
            .texts();
    };
    CHECK((texts("a.tsv", repair) == texts("b.tsv", "")));
}
