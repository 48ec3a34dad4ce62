#include "open.hpp"

#include <array>

using namespace spar;
using namespace spar::test;

namespace {

using Ids = std::vector<std::int64_t>;

std::string node(const std::string &file, const std::string &more = "") {
    return R"({"type":"tsv","file":")" + file + "\"" + more + "}";
}

Ids tokens(const Opened &data, std::int64_t index) {
    const spar::host::Batch batch = data.read({index});
    return {batch.tokens.begin(), batch.tokens.end()};
}

std::string refused(const std::string &content, const std::string &more = "") {
    const Folder folder;
    const std::string file = folder.write("a.tsv", content);
    const std::string message = refusal(node(file, more));
    CHECK(has(message, file));
    return message;
}

}  // namespace

TEST_CASE("words are numbered by falling frequency, then by their bytes") {
    const Folder folder;
    const std::string file = folder.write("a.tsv", "1\tb a c b\n0 A d\n");
    const Opened data(node(file, R"(,"max_length":5)"));
    CHECK(data.info().size == 2);
    CHECK(data.info().outputs == 2);
    CHECK(data.info().vocabulary == 6);
    CHECK(data.shape() == Ids{5});
    const host::Batch batch = data.all();
    CHECK(batch.labels == Ids{1, 0});
    CHECK(batch.tokens == Ids{3, 2, 4, 3, 0, 2, 5, 0, 0, 0});
    CHECK(batch.mask == std::vector<float>{1, 1, 1, 1, 0, 1, 1, 0, 0, 0});
    CHECK(Opened(node(file, R"(,"lower_case":false)")).info().vocabulary == 7);
    CHECK(tokens(Opened(node(file, R"(,"max_length":2)")), 0) == Ids{3, 2});
}

TEST_CASE("rare words are unknown, and a test set takes the training set's words") {
    const Folder folder;
    const std::string train = folder.write("train.tsv", "0 a a a b b c\n1 c c d\n");
    const std::string dev = folder.write("dev.tsv", "0 d a c new\n");
    const std::string more = R"(,"max_length":4,"vocabulary_from":")" + train + "\"";
    const Opened whole(node(dev, more));
    CHECK(tokens(whole, 0) == Ids{5, 2, 3, 1});
    CHECK(whole.data().files() == std::vector<std::string>{dev, train});
    CHECK(tokens(Opened(node(dev, more + R"(,"min_count":3)")), 0) == Ids{1, 2, 3, 1});
    const Opened small(node(dev, more + R"(,"max_vocabulary":3)"));
    CHECK(tokens(small, 0) == Ids{1, 2, 1, 1});
    CHECK(small.info().vocabulary == 3);
}

TEST_CASE("presence is one value a token") {
    const Folder folder;
    const std::string file = folder.write("a.tsv", "0 a a b\n1 c\n");
    const Opened data(node(file, R"(,"form":"presence")"));
    CHECK(data.shape() == Ids{5});
    const host::Batch batch = data.all();
    CHECK(std::vector<float>(batch.x[0].begin(), batch.x[0].end()) ==
          std::vector<float>{0, 0, 1, 1, 0});
    CHECK(std::vector<float>(batch.x[1].begin(), batch.x[1].end()) ==
          std::vector<float>{0, 0, 0, 0, 1});
}

TEST_CASE("line ends, marks of encoding, empty lines and bytes that are no UTF-8") {
    const Folder folder;
    const std::string file = folder.write("a.tsv",
                                          "\xEF\xBB\xBF"
                                          "0\tsister\xA6"
                                          "city\r\n\n  \r\n1\tb");
    const Opened data(node(file, R"(,"max_length":2)"));
    CHECK(data.info().size == 2);
    CHECK(tokens(data, 0) == Ids{3, 0});
    CHECK(tokens(data, 1) == Ids{2, 0});
}

TEST_CASE("what is no labelled text is refused with its line") {
    CHECK(has(refused(""), "holds no lines"));
    CHECK(has(refused("\n\n"), "holds no lines"));
    CHECK(has(refused("0 a\n\nx b\n"), "line 3 begins with \"x\""));
    CHECK(has(refused("0 a\n-1 b\n"), "line 2 begins with \"-1\""));
    CHECK(has(refused("0 a\n-1 b\n"), "\"first_label\" shifts labels"));
    for (const std::string header : {"label\ttext\n", "\"label\"\t\"text\"\n"}) {
        const std::string said = refused(header + "0\ta b\n1\tb\n");
        CHECK(has(said, "if the first line names the columns, take it away"));
        CHECK(said.find("first_label") == std::string::npos);
    }
    CHECK(refused("0 a\nx b\n").find("first_label") == std::string::npos);
    CHECK(has(refused("99999999999999999999 b\n"), "expected a label from 0"));
    CHECK(has(refused("0 a\n3 b\n", R"(,"classes":3)"), "line 2 begins with \"3\""));
    CHECK(has(refused("0 a\n1\n"), "line 2 has a label and no text"));
    CHECK(has(refused("0 a\n1 \t \n"), "line 2 has a label and no text"));
    CHECK(has(refused(std::string("0 a\n0 b\0c\n", 10)), "line 2 holds a zero byte"));
    CHECK(has(refused("0 " + std::string(2000000, 'a')), "is 2000002 bytes long"));
    const Folder folder;
    const std::string good = folder.write("a.tsv", "0 a\n");
    CHECK(has(refusal(node(folder / "none.tsv")), "No such file"));
    CHECK(has(refusal(node(folder.path().string())), "is a folder"));
    CHECK(has(refusal(node(good, R"(,"vocabulary_from":")" + (folder / "none") + "\"")), "none"));
}

TEST_CASE("SST-2 and TREC") {
    if (!have_data("sst2") || !have_data("trec")) return;
    const auto path = [](const std::string &name) { return (data_folder() / name).string(); };
    const auto size = [&](const std::string &name, const std::string &from) {
        const std::string more = R"(,"vocabulary_from":")" + path(from) + "\"";
        return Opened(node(path(name), more)).info().size;
    };
    CHECK(size("sst2/dev.tsv", "sst2/train.tsv") == 872);
    CHECK(size("sst2/test.tsv", "sst2/train.tsv") == 1821);
    CHECK(size("trec/TREC.test.all", "trec/TREC.train.all") == 500);
    const Opened sst2(node(path("sst2/train.tsv")));
    CHECK(sst2.info().size == 6920);
    CHECK(sst2.info().outputs == 2);
    const Opened trec(node(path("trec/TREC.train.all")));
    CHECK(trec.info().size == 5452);
    CHECK(trec.info().outputs == 6);
    std::array<int, 6> histogram{};
    for (const std::int64_t label : trec.all().labels) ++histogram[static_cast<std::size_t>(label)];
    CHECK(histogram == std::array<int, 6>{1162, 1250, 86, 1223, 835, 896});
}
