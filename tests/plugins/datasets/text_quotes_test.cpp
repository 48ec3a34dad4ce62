// Line ends, quotes and encodings of lines of text, as other programs write them.
#include "texts.hpp"

#include "python.hpp"

#include <algorithm>

using namespace spar;
using namespace spar::test;

namespace {

using Read = std::pair<Ids, Strings>;

Read read(const std::string &content, const std::string &more = "") {
    const TextFile file(content);
    const OpenedTexts data = file.open(more);
    return {data.labels(), data.texts()};
}

const std::string plain = "0\ta bad film\n1\ta good film\n1\tgood\n";
const std::string csv = R"(,"quotes":"csv")", as_text = R"(,"quotes":"text")";

}  // namespace

TEST_CASE("lines end in LF, CR LF or CR") {
    const Read expected = read(plain);
    for (const std::string end : {"\r\n", "\r", "\n\n", "\r\r", "\r\r\n"}) {
        std::string text;
        for (const char c : plain) text += c == '\n' ? end : std::string(1, c);
        CHECK(read(text) == expected);
        text.resize(text.size() - end.size());
        CHECK(read(text) == expected);
    }
    CHECK(read("0\ta bad film\r1\ta good film\n1\tgood\r\n") == expected);
    CHECK(has(TextFile("0\ta bad\rfilm\n").refused(), "line 2 has the label \"film\" and no text"));
}

TEST_CASE("characters that end a line elsewhere are spoken of where lines follow them") {
    for (const std::string end : {"\x0B", "\x0C", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        const TextFile file("0\ta\n0\tb" + end + "1\tc" + end + "\"0\"\t\"d\"\n1\te\n");
        REQUIRE(file.advice() == Strings{"line_ends_in_text"});
        const host::Warning warning = file.warnings().at(0);
        CHECK(has(warning.message, "in line 2, "));
        CHECK(warning.count == 2);
        CHECK(TextFile("0\ta" + end + "b c\n1\td" + end + "\n").advice().empty());
    }
}

TEST_CASE("long files of either line end are read whole") {
    std::string lines;
    for (int i = 0; i < 200000; ++i)
        lines += std::to_string(i % 2) + "\tword" + std::to_string(i % 7) + " and more words\r";
    CHECK(TextFile(lines).open().info().size == 200000);
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    CHECK(TextFile(lines).open().info().size == 200000);
}

TEST_CASE("quotes of a CSV writer are taken off") {
    const Read expected = read(plain);
    CHECK(read("\"0\"\t\"a bad film\"\n\"1\"\t\"a good film\"\n\"1\"\t\"good\"\n") == expected);
    CHECK(read("0\t\"a bad film\"\n1\t\"a good film\"\n1\t\"good\"\n") == expected);
    CHECK(read("0\t\"a bad\nfilm\"\n1\t\"a\tgood film\"\n1\tgood\n") ==
          Read{{0, 1, 1}, {"a bad\nfilm", "a\tgood film", "good"}});
    CHECK(read("0 \"a bad film\"\r\n1 \"a good film\"\r\n1 \"good\"\r\n") == expected);
    CHECK(read("0\t\"a \"\"bad\"\" film\"\n1\ta good film\n") ==
          read("0\ta \"bad\" film\n1\ta good film\n"));
    CHECK(TextFile("0\t\"a bad film\"\n1\t\"good\"\n").advice().empty());
}

TEST_CASE("quotes that may be words stay, with a word about them") {
    const TextFile some("0\t\"a bad film\"\n1\ta good film\n1\tgood\n");
    CHECK(some.texts() == Strings{"\"a bad film\"", "a good film", "good"});
    CHECK(some.advice() == Strings{"texts_in_quotes"});
    CHECK(some.advice(as_text).empty());
    CHECK(some.texts(as_text) == some.texts());
    CHECK(some.texts(csv) == read(plain).second);
    CHECK(TextFile("0\tthe \"best\" film\n1\t`` a good '' film\n").advice().empty());
    CHECK(has(TextFile("0\ta\n1\t\"open\n").refused(csv), "line 2 opens a quote"));
    CHECK(has(TextFile("0\ta\n1\t\"open\n0\t\"b c\"\n").refused(csv),
              "line 2 opens a quote whose text runs up to the next quote in line 3"));
    CHECK(has(TextFile("0\ta\n1\t\"open\n").refused(csv), "say \"quotes\": \"text\""));
    CHECK(has(TextFile("0\t\"a\"b\n").refused(csv), "line 1 continues after a closing quote"));
    CHECK(has(TextFile("0\ta\n1\tb\"c\n").refused(csv), "line 2 holds a quote"));
}

TEST_CASE("what Python's csv module writes is read back") {
    const auto python = python_with("csv");
    if (!python) return;
    const Folder folder;
    const std::string script = folder.write("make.py", R"(
import csv, random
random.seed(1)
words = ['good', 'bad', 'film', 'it"s', '"', ',', "o'clock"]
rows = [(i % 2, ' '.join(random.choice(words) for _ in range(5))) for i in range(50)]
for name, quoting in dict(all=csv.QUOTE_ALL, text=csv.QUOTE_NONNUMERIC, minimal=csv.QUOTE_MINIMAL).items():
    with open(name + '.tsv', 'w', newline='') as f:
        csv.writer(f, delimiter='\t', quoting=quoting).writerows(rows)
with open('none.tsv', 'w') as f:
    for row in rows: f.write('%d\t%s\n' % row)
)");
    REQUIRE(std::system(("cd " + folder.path().string() + " && " + *python + " make.py").c_str()) ==
            0);
    const auto texts = [&](const std::string &name, const std::string &more) {
        return OpenedTexts(R"({"type":"text","file":")" + (folder / (name + ".tsv")) + "\"" + more +
                           "}")
            .texts();
    };
    const Strings expected = texts("none", as_text);
    for (const std::string name : {"all", "text", "minimal"}) {
        CAPTURE(name);
        CHECK((texts(name, "") == expected));
        CHECK((texts(name, csv) == expected));
        // As columns, too.
        CHECK((texts(name, R"(,"header":"no","quotes":"csv")") == expected));
        CHECK((texts(name, R"(,"header":"no")") == expected));
    }
}

TEST_CASE("labels from 1, files of other formats") {
    const std::string ones = "1\ta\n2\tb\n";
    CHECK(TextFile(ones).advice() == Strings{"classes_without_examples"});
    CHECK(read(ones, R"(,"first_label":1)").first == Ids{0, 1});
    CHECK(has(TextFile("PK\x03\x04" + std::string(30, 'x')).refused(), "a zip archive"));
}

TEST_CASE("a file with any one byte changed is read or refused with its line") {
    const std::string whole = "\"0\"\t\"a \"\"bad\"\"\nfilm\"\r\n1\tgood\r0\t\"b\"\n";
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char byte : {'"', '\n', '\t', '\0', '\xFF'})
            for (const std::string quotes : {"auto", "csv", "text"})
                for (const std::string more : {"", R"(,"header":"no")", R"(,"repair":true)"}) {
                    std::string changed = whole;
                    changed[at] = byte;
                    const TextFile file(changed);
                    try {
                        file.open(R"(,"quotes":")" + quotes + "\"" + more).texts();
                    } catch (const host::Failure &failure) {
                        CHECK(failure.exit() == host::Exit::data);
                    }
                }
}
