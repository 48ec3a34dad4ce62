// Tables with columns, and lines of JSON.
#include "texts.hpp"

#include "python.hpp"

using namespace spar;
using namespace spar::test;

TEST_CASE("CSV with a header: columns by name") {
    const TextFile file(
        "id,text,label\r\n7,\"a \"\"good\"\", film\",1\r\n8,\"two\r\nlines\",0\r\n\r\n", "a.csv");
    CHECK(file.texts() == Strings{"a \"good\", film", "two\nlines"});
    CHECK(file.open().labels() == Ids{1, 0});
    CHECK(file.texts(R"(,"text":"id","label":"label")") == Strings{"7", "8"});
    CHECK(file.texts(R"(,"text":2,"label":3,"header":"yes")") == file.texts());
    CHECK(file.advice().empty());
    CHECK(
        has(file.refused(R"(,"text":"sentence")"),
            "line 1 names no column \"sentence\", only \"id\", \"text\", \"label\"; \"text\" names "
            "another, or gives its number"));
    CHECK(has(file.refused(R"(,"text":4,"header":"yes")"),
              "line 1 has 3 fields, but \"text\" is column 4"));
    CHECK(has(failure_of([&] { file.open(R"(,"text":2)"); }).what(), "#/data/train/header"));
    CHECK(has(failure_of([&] { file.open(R"(,"text":"text","header":"no")"); }).what(),
              "#/data/train/text"));
    CHECK(has(TextFile("text,text,label\na,b,1\n", "a.csv").refused(), "several columns \"text\""));
}

TEST_CASE("CSV without a header") {
    const TextFile file("1,good film\n0,\"bad, film\"\n", "a.csv");
    CHECK(file.texts(R"(,"header":"no")") == Strings{"good film", "bad, film"});
    CHECK(file.open(R"(,"header":"no")").labels() == Ids{1, 0});
    const TextFile three("3,Title,\"A text\"\n1,Other,More\n", "a.csv");
    const OpenedTexts news =
        three.open(R"(,"header":"no","label":1,"text":2,"text_pair":3,"first_label":1)");
    CHECK(news.texts() == Strings{"Title\x1f"
                                  "A text",
                                  "Other\x1f"
                                  "More"});
    CHECK(news.labels() == Ids{2, 0});
}

TEST_CASE("texts without labels, in every format") {
    const std::string none = R"(,"targets":"none")";
    const Strings two{"plot very bad", "good film"};
    CHECK(TextFile("plot very bad\n\ngood film\n", "a.txt").texts(none) == two);
    CHECK(TextFile("text\nplot very bad\ngood film\n", "a.csv").texts(none) == two);
    CHECK(TextFile("plot very bad\ngood film\n", "a.csv").texts(none + R"(,"header":"no")") == two);
    CHECK(TextFile("label,text\nx,plot very bad\n?,good film\n", "a.csv").texts(none) == two);
    const TextFile lines("{\"text\":\"plot very bad\"}\n{\"text\":\"good film\"}\n", "a.jsonl");
    CHECK(lines.texts(none) == two);
    CHECK(lines.open(none).info().outputs == 1);
    CHECK(has(failure_of([&] { lines.open(none + R"(,"label":"stars")"); }).what(),
              "\"targets\" that there are none"));
}

TEST_CASE("faults of CSV are refused with their line") {
    const auto refused = [](const std::string &rows) {
        return TextFile("label,text\n" + rows, "a.csv").refused();
    };
    CHECK(has(refused("1,a\n0,b,c\n"), "line 3 has 3 fields, expected 2 as in line 1"));
    CHECK(has(refused("1,a\n0\n"), "line 3 has 1 field, expected 2"));
    CHECK(has(refused("1,\"a\nb\n"), "line 2 opens a quote that is never closed"));
    CHECK(has(refused("1,a \"b\" c\n"), "line 2 holds a quote inside an unquoted field"));
    CHECK(has(refused("1,\"a\" b\n"), "line 2 continues after a closing quote"));
    CHECK(has(refused("1,\"a\n0,\"b\"\n"), "line 2 opens a quote whose field runs up to"));
    CHECK(has(refused("1,\"a\n\nb\"\nx,c\n"), "line 5 has the label \"x\""));
    CHECK(has(refused("1,a\n0,\"\"\n"), "line 3 has the label \"0\" and no text"));
    CHECK(has(refused(""), "holds no examples"));
    CHECK(has(refused("1,\xE9\n"), "line 2 is not valid UTF-8 at byte 3"));
}

TEST_CASE("tab-separated columns") {
    const TextFile file("sentence\tlabel\nit's \"good\"\t1\nbad , film\t0\n");
    CHECK(file.texts(R"(,"text":"sentence")") == Strings{"it's \"good\"", "bad , film"});
    CHECK(file.open(R"(,"text":"sentence","label":"label")").labels() == Ids{1, 0});
    const TextFile pair("0\tone\ttwo\n1\tthree\tfour\n");
    CHECK(pair.texts(R"(,"header":"no","text":3,"text_pair":2)") == Strings{"two\x1f"
                                                                            "one",
                                                                            "four\x1f"
                                                                            "three"});
    const TextFile quoted("label\ttext\n0\t\"a\"\"b\tc\"\n1\td\n");
    CHECK(quoted.texts(R"(,"header":"yes")") == Strings{"a\"b\tc", "d"});
    CHECK(has(quoted.refused(R"(,"header":"yes","quotes":"text")"), "line 2 has 3 fields"));
    const TextFile some("label\ttext\n0\t\"a b\"\n1\td\n");
    CHECK(some.texts(R"(,"header":"yes")") == Strings{"\"a b\"", "d"});
    CHECK(some.advice(R"(,"header":"yes")") == Strings{"texts_in_quotes"});
}

TEST_CASE("lines of JSON") {
    const TextFile file(
        "{\"text\": \"caf\\u00e9 \\ud83d\\ude00\", \"label\": 1, \"id\": {\"a\": [1]}}\n"
        "\r\n{\"label\":0,\"text\":\"b\\nc\"}\r\n",
        "a.jsonl");
    CHECK(file.texts() == Strings{"caf\u00E9 \U0001F600", "b\nc"});
    CHECK(file.open().labels() == Ids{1, 0});
    const TextFile nli(R"({"premise":"a b","hypothesis":"c","gold":"no"}
{"premise":"d","hypothesis":"e","gold":"yes"})",
                       "a.ndjson");
    const std::string fields = R"(,"text":"premise","text_pair":"hypothesis","label":"gold")";
    CHECK(nli.texts(fields) == Strings{"a b\x1f"
                                       "c",
                                       "d\x1f"
                                       "e"});
    CHECK(nli.open(fields).names() == Strings{"no", "yes"});
    const TextFile truth("{\"text\":\"a\",\"label\":true}\n{\"text\":\"b\",\"label\":false}\n",
                         "a.json");
    CHECK(truth.open().labels() == Ids{1, 0});
    const TextFile scores("{\"text\":\"a\",\"label\":0.25}\n{\"text\":\"b\",\"label\":5}\n", "a.x");
    CHECK(scores.open(R"(,"format":"jsonl","targets":"values")").values() ==
          std::vector<float>{0.25F, 5});
}

TEST_CASE("faults of JSON are refused with their line") {
    const auto refused = [](const std::string &line, const std::string &more = "") {
        return TextFile("{\"text\":\"a\",\"label\":0}\n" + line, "a.jsonl").refused(more);
    };
    CHECK(has(refused("{\"text\":\"a\",\"label\":0"), "line 2 is no JSON"));
    CHECK(has(refused("[1]"), "line 2 is array, expected an object"));
    CHECK(has(refused("{\"txt\":\"a\",\"label\":0}"),
              "line 2 has no field \"text\", only \"label\", \"txt\"; \"text\" names another"));
    CHECK(has(refused("{\"text\":3,\"label\":0}"), "line 2 has number in its field \"text\""));
    CHECK(
        has(refused("{\"text\":\"a\",\"label\":null}"), "line 2 has null in its field \"label\""));
    CHECK(has(refused("{\"text\":\"a\",\"label\":\"x\"}"), "line 2 has the label \"x\""));
    CHECK(has(refused("{\"text\":\" \",\"label\":1}"), "line 2 has the label \"1\" and no text"));
    CHECK(has(refused("{\"text\":\"a\\u0000b\",\"label\":1}"), "line 2 holds a zero byte"));
    CHECK(has(refused("{\"text\":\"a\\u001fb\",\"label\":1}"), "line 2 holds the byte 1F"));
    CHECK(has(refused(std::string(300000, '[')), "line 2 is no JSON"));
    CHECK(
        has(failure_of([] { TextFile("{}", "a.jsonl").open(R"(,"text":1,"header":"no")"); }).what(),
            "a field of JSON has a name"));
}

TEST_CASE("tables that Python's csv module writes are read as it reads them") {
    const auto python = python_with("csv");
    if (!python) return;
    const Folder folder;
    folder.write("make.py", R"(
import csv, json, random
random.seed(2)
def text(): return ''.join(random.choice(['a', 'b c', '"', ',', '\n', '\t', "'", '\u00e9']) for _ in range(12)) + 'z'
rows = [(i % 3, text(), text()) for i in range(200)]
with open('a.csv', 'w', newline='', encoding='utf-8') as f: csv.writer(f).writerows([('label', 'text', 'other')] + rows)
with open('b.csv', 'w', newline='', encoding='utf-8') as f:
    csv.writer(f, lineterminator='\n', quoting=csv.QUOTE_ALL).writerows([('label', 'text', 'other')] + rows)
with open('c.jsonl', 'w') as f:
    for l, t, o in rows: print(json.dumps(dict(label=l, text=t, other=o)), file=f)
)");
    REQUIRE(std::system(("cd " + folder.path().string() + " && " + *python + " make.py").c_str()) ==
            0);
    const auto open = [&](const std::string &name) {
        return OpenedTexts(R"({"type":"text","text_pair":"other","file":")" + (folder / name) +
                           "\"}");
    };
    const OpenedTexts expected = open("c.jsonl");
    CHECK(expected.info().size == 200);
    for (const std::string name : {"a.csv", "b.csv"}) {
        CHECK((open(name).texts() == expected.texts()));
        CHECK(open(name).labels() == expected.labels());
    }
}
