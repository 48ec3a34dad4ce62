// Line ends, quotes and encodings of text files, as other programs write them.
#include "advice.hpp"
#include "python.hpp"

using namespace spar;
using namespace spar::test;

namespace {

struct Read {
    std::vector<std::int64_t> labels, tokens;
    bool operator==(const Read &) const = default;
};

class File {
  public:
    explicit File(const std::string &content) : file_(folder_.write("a.tsv", content)) {}
    std::string node(const std::string &more = "") const {
        return R"({"type":"tsv","max_length":6,"file":")" + file_ + "\"" + more + "}";
    }
    Read read(const std::string &more = "") const {
        const host::Batch batch = Opened(node(more)).all();
        return {{batch.labels.begin(), batch.labels.end()},
                {batch.tokens.begin(), batch.tokens.end()}};
    }

  private:
    Folder folder_;
    std::string file_;
};

const std::string plain = "0\ta bad film\n1\ta good film\n1\tgood\n";

}  // namespace

TEST_CASE("lines end in LF, CR LF or CR") {
    const Read expected = File(plain).read();
    for (const std::string end : {"\r\n", "\r", "\n\n", "\r\r", "\r\r\n"}) {
        std::string text;
        for (const char c : plain) text += c == '\n' ? end : std::string(1, c);
        CHECK(File(text).read() == expected);
        text.resize(text.size() - end.size());
        CHECK(File(text).read() == expected);
    }
    CHECK(File("0\ta bad film\r1\ta good film\n1\tgood\r\n").read() == expected);
    CHECK(has(refusal(File("0\ta bad\rfilm\n").node()), "line 2 begins with \"film\""));
}

TEST_CASE("characters that end a line elsewhere are spoken of where lines follow them") {
    for (const std::string end : {"\x0B", "\x0C", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        const File file("0\ta\n0\tb" + end + "1\tc" + end + "\"0\"\t\"d\"\n1\te\n");
        REQUIRE(advice(file.node()) == Codes{"line_ends_in_text"});
        const host::Warning warning = warnings_of(file.node()).at(0);
        CHECK(has(warning.message, "in line 2, "));
        CHECK(warning.count == 2);
        CHECK(advice(File("0\ta" + end + "b c\n1\td" + end + "\n").node()).empty());
    }
}

TEST_CASE("long files of either line end are read whole") {
    std::string lines;
    for (int i = 0; i < 200000; ++i)
        lines += std::to_string(i % 2) + "\tword" + std::to_string(i % 7) + " and more words\r";
    CHECK(Opened(File(lines).node()).info().size == 200000);
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    CHECK(Opened(File(lines).node()).info().size == 200000);
}

TEST_CASE("quotes of a CSV writer are taken off") {
    const Read expected = File(plain).read();
    CHECK(File("\"0\"\t\"a bad film\"\n\"1\"\t\"a good film\"\n\"1\"\t\"good\"\n").read() ==
          expected);
    CHECK(File("0\t\"a bad film\"\n1\t\"a good film\"\n1\t\"good\"\n").read() == expected);
    CHECK(File("0\t\"a bad\nfilm\"\n1\t\"a\tgood film\"\n1\tgood\n").read() == expected);
    CHECK(File("0 \"a bad film\"\r\n1 \"a good film\"\r\n1 \"good\"\r\n").read() == expected);
    const Read inside = File("0\ta \"bad\" film\n1\ta good film\n").read();
    CHECK(File("0\t\"a \"\"bad\"\" film\"\n1\ta good film\n").read() == inside);
    CHECK(advice(File("0\t\"a bad film\"\n1\t\"good\"\n").node()).empty());
}

TEST_CASE("quotes that may be words stay, with a word about them") {
    const File some("0\t\"a bad film\"\n1\ta good film\n1\tgood\n");
    const Read quoted = File("0\tAa bad filmA\n1\ta good film\n1\tgood\n").read();
    CHECK(some.read().tokens.size() == quoted.tokens.size());
    CHECK((some.read() == File(plain).read()) == false);
    CHECK(advice(some.node()) == Codes{"texts_in_quotes"});
    CHECK(advice(some.node(R"(,"quotes":"text")")).empty());
    CHECK(some.read(R"(,"quotes":"csv")") == File(plain).read());
    CHECK(advice(File("0\tthe \"best\" film\n1\t`` a good '' film\n").node()).empty());
    const std::string csv = R"(,"quotes":"csv")";
    CHECK(has(refusal(File("0\ta\n1\t\"open\n").node(csv)), "line 2 opens a quote"));
    CHECK(has(refusal(File("0\ta\n1\t\"open\n0\t\"b c\"\n").node(csv)),
              "line 2 opens a quote whose text runs up to the next quote in line 3"));
    CHECK(has(refusal(File("0\ta\n1\t\"open\n").node(csv)), "say \"quotes\": \"text\""));
    CHECK(has(refusal(File("0\t\"a\"b\n").node(csv)), "line 1 continues after a closing quote"));
    CHECK(has(refusal(File("0\ta\n1\tb\"c\n").node(csv)), "line 2 holds a quote"));
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
    const auto read = [&](const std::string &name, const std::string &more) {
        return Opened(R"({"type":"tsv","file":")" + (folder / (name + ".tsv")) + "\"" + more + "}")
            .all()
            .tokens;
    };
    const auto expected = read("none", R"(,"quotes":"text")");
    for (const std::string name : {"all", "text", "minimal"}) {
        CAPTURE(name);
        CHECK((read(name, "") == expected));
        CHECK((read(name, R"(,"quotes":"csv")") == expected));
    }
}

TEST_CASE("labels from 1, UTF-16, files of other formats") {
    const std::string ones = "1\ta\n2\tb\n";
    CHECK(advice(File(ones).node()) == Codes{"classes_without_examples"});
    CHECK(File(ones).read(R"(,"first_label":1)").labels == std::vector<std::int64_t>{0, 1});
    CHECK(has(refusal(File(std::string("\xFF\xFE", 2) + std::string("0\0\t\0a\0", 6)).node()),
              "save it as UTF-8"));
    CHECK(has(refusal(File(std::string("\xFE\xFF\0", 3) + std::string("0\0\t\0a", 5)).node()),
              "save it as UTF-8"));
    CHECK(has(refusal(File(std::string("0\0\t\0a\0\n\0", 8)).node()), "UTF-8"));
    CHECK(has(refusal(File("PK\x03\x04" + std::string(30, 'x')).node()), "a zip archive"));
    CHECK(advice(File("0\ta b c d e f g\n1\tb\n").node()) == Codes{"texts_cut"});
}

TEST_CASE("a file with any one byte changed is read or refused with its line") {
    const std::string whole = "\"0\"\t\"a \"\"bad\"\"\nfilm\"\r\n1\tgood\r0\t\"b\"\n";
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char byte : {'"', '\r', '\n', '\t', '0', '\0', '\xFF'})
            for (const std::string quotes : {"auto", "csv", "text"}) {
                std::string changed = whole;
                changed[at] = byte;
                const File file(changed);
                try {
                    Opened(file.node(R"(,"quotes":")" + quotes + "\"")).all();
                } catch (const host::Failure &failure) {
                    CHECK(failure.exit() == host::Exit::data);
                }
            }
}
