#include "texts.hpp"

#include <array>

using namespace spar;
using namespace spar::test;

TEST_CASE("lines of a label, a tab or a space, and a text") {
    const TextFile file("1\tb a  c b \n0 A d\n");
    const OpenedTexts data = file.open();
    CHECK(data.info().size == 2);
    CHECK(data.info().outputs == 2);
    CHECK(data.info().target == SPAR_TARGET_CLASS);
    CHECK(data.texts() == Strings{"b a  c b", "A d"});
    CHECK(data.labels() == Ids{1, 0});
    CHECK(data.names() == Strings{});
    CHECK(data.file() == file.file());
}

TEST_CASE("line ends, marks of encoding, empty lines") {
    const TextFile file(
        "\xEF\xBB\xBF"
        "0\tsister city\r\n\n  \r\n1\tb");
    CHECK(file.texts() == Strings{"sister city", "b"});
    CHECK(file.open().labels() == Ids{0, 1});
}

TEST_CASE("what is no labelled text is refused with its line") {
    const auto refused = [](const std::string &content, const std::string &more = "") {
        const TextFile file(content);
        const std::string message = file.refused(more);
        CHECK(has(message, file.file()));
        return message;
    };
    CHECK(has(refused(""), "holds no examples"));
    CHECK(has(refused("\n\n"), "holds no examples"));
    CHECK(has(refused("0 a\n\nx b\n"), "line 3 begins with \"x\""));
    CHECK(has(refused("0 a\n-1 b\n"), "line 2 begins with \"-1\""));
    CHECK(has(refused("0 a\n-1 b\n"), "\"first_label\" shifts labels"));
    for (const std::string header : {"label\ttext\n", "\"label\"\t\"text\"\n", "what\ttext\n"}) {
        const std::string said = refused(header + "0\ta b\n1\tb\n");
        CHECK(has(said, "if the first line names the columns"));
        CHECK(said.find("first_label") == std::string::npos);
    }
    CHECK(refused("0 a\nx b\n").find("first_label") == std::string::npos);
    CHECK(has(refused("99999999999999999999 b\n1 a\n"), "expected a label from 0"));
    CHECK(has(refused("0 a\n3 b\n", R"(,"classes":3)"), "line 2 begins with \"3\""));
    CHECK(has(refused("0 a\n0.5 b\n"), "line 2 begins with \"0.5\""));
    CHECK(has(refused("0 a\n1\n"), "line 2 has the label \"1\" and no text"));
    CHECK(has(refused("0 a\n1 \t \n"), "line 2 has the label \"1\" and no text"));
    const Folder folder;
    const auto opening = [](const std::string &path) {
        return failure_of([&] { OpenedTexts(R"({"type":"text","file":")" + path + "\"}"); });
    };
    CHECK(has(opening(folder / "none.tsv").what(), "No such file"));
    CHECK(has(opening(folder.path().string()).what(), "is a folder"));
}

TEST_CASE("labels that are names are classes in the order of their bytes, or as listed") {
    const TextFile file("pos\tgood\nneg bad\npos\tfine\n");
    CHECK(file.open().labels() == Ids{1, 0, 1});
    CHECK(file.open().names() == Strings{"neg", "pos"});
    const OpenedTexts listed = file.open(R"(,"classes":["pos","other","neg"])");
    CHECK(listed.labels() == Ids{0, 2, 0});
    CHECK(listed.names() == Strings{"pos", "other", "neg"});
    CHECK(has(file.refused(R"(,"classes":["pos","neutral"])"),
              "line 2 begins with \"neg\" before a tab or a space, expected one of the classes "
              "\"pos\", \"neutral\""));
    CHECK(file.open(R"(,"classes":2)").labels() == Ids{1, 0, 1});
    CHECK(has(failure_of([&] { file.open(R"(,"classes":3)"); }).what(), "list their names"));
    CHECK(
        has(failure_of([&] { file.open(R"(,"classes":["pos","pos"])"); }).what(), "listed twice"));
    const OpenedTexts numbered =
        TextFile("2 a\n1 b\n").open(R"(,"first_label":1,"classes":["x","y"])");
    CHECK(numbered.labels() == Ids{1, 0});
    CHECK(numbered.names() == Strings{"x", "y"});
}

TEST_CASE("a name of several words ends at a tab") {
    const TextFile file("very bad\ta dull film\ngood\ta b\nvery bad\tc\n");
    CHECK(file.open().names() == Strings{"good", "very bad"});
    CHECK(file.texts() == Strings{"a dull film", "a b", "c"});
    CHECK(TextFile("\"very bad\"\t\"a, b\"\n\"good\"\t\"c\"\n").open().names() ==
          Strings{"good", "very bad"});
    CHECK(TextFile("1 a\tb\n0 c\n").texts() == Strings{"a\tb", "c"});
}

TEST_CASE("what can hardly be names of classes is refused") {
    CHECK(has(TextFile("label\ttext\npos\tgood\nneg\tbad\n").refused(),
              "looks like the name of a column"));
    std::string sentences;
    for (char c = 'a'; c <= 'z'; ++c) sentences += std::string(1, c) + " plain sentence\n";
    CHECK(has(TextFile(sentences).refused(), "does every line begin with a label?"));
}

TEST_CASE("a label ends where the pipeline says") {
    const TextFile file("NUM:date When ?\nHUM:ind Who ?\nNUM:count How many ?\n");
    CHECK(file.open().info().outputs == 3);
    const OpenedTexts coarse = file.open(R"(,"label_until":":")");
    CHECK(coarse.labels() == Ids{1, 0, 1});
    CHECK(coarse.names() == Strings{"HUM", "NUM"});
    CHECK(coarse.text(1) == "Who ?");
    CHECK(has(TextFile("NUM:date When ?\nHUM Who ?\n").refused(R"(,"label_until":":")"),
              "line 2 begins with \"HUM\", expected a label that \":\" ends"));
}

TEST_CASE("values to predict") {
    const TextFile file("2.5\tgood\n-1e-1\tbad\n3\tfilm\n");
    const OpenedTexts data = file.open(R"(,"targets":"values")");
    CHECK(data.info().target == SPAR_TARGET_VALUES);
    CHECK(data.info().outputs == 1);
    CHECK(data.values() == std::vector<float>{2.5F, -0.1F, 3});
    CHECK(has(TextFile("2.5\tgood\nnan\tbad\n").refused(R"(,"targets":"values")"),
              "line 2 begins with \"nan\", expected a number"));
    CHECK(TextFile("1.0\tgood\n0.0\tbad\n").open().labels() == Ids{1, 0});
}

TEST_CASE("SST-2 and TREC") {
    if (!have_data("sst2") || !have_data("trec")) return;
    const auto open = [](const std::string &name, const std::string &more = "") {
        return OpenedTexts(R"({"type":"text","file":")" + (data_folder() / name).string() + "\"" +
                           more + "}");
    };
    CHECK(open("sst2/dev.tsv").info().size == 872);
    CHECK(open("sst2/test.tsv").info().size == 1821);
    const OpenedTexts sst2 = open("sst2/train.tsv");
    CHECK(sst2.info().size == 6920);
    CHECK(sst2.info().outputs == 2);
    CHECK(sst2.text(0) ==
          "a stirring , funny and finally transporting re-imagining of beauty and "
          "the beast and 1930s horror films");
    CHECK(open("trec/TREC.test.all").info().size == 500);
    CHECK(
        has(failure_of([&] { open("trec/TREC.train.all"); }).what(), "line 66 is not valid UTF-8"));
    for (const std::string &more :
         {std::string(R"(,"encoding":"latin-1")"), std::string(R"(,"repair":true)")}) {
        const OpenedTexts trec = open("trec/TREC.train.all", more);
        CHECK(trec.info().size == 5452);
        CHECK(trec.info().outputs == 6);
        std::array<int, 6> histogram{};
        for (const std::int64_t label : trec.labels()) ++histogram[static_cast<std::size_t>(label)];
        CHECK(histogram == std::array<int, 6>{1162, 1250, 86, 1223, 835, 896});
    }
}
