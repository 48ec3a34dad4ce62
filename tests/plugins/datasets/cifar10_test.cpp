#include "open.hpp"

#include <array>

using namespace spar;
using namespace spar::test;

namespace {

std::string record(std::initializer_list<int> labels, char level) {
    return bytes(labels) + std::string(3072, level);
}

std::string node(const std::vector<std::string> &files, const std::string &more = "") {
    return R"({"type":"cifar10","files":)" + nlohmann::json(files).dump() + more + "}";
}

}  // namespace

TEST_CASE("records of several files, in order") {
    const Folder folder;
    std::string planes = bytes({9}) + std::string(1024, '\0') + std::string(1024, '\x33') +
                         std::string(1024, '\xFF');
    const std::string first = folder.write("a.bin", record({3}, '\x66') + planes);
    const std::string second = folder.write("b.bin", record({0}, '\1'));
    const Opened data(node({first, second}));
    CHECK(data.info().size == 3);
    CHECK(data.info().outputs == 10);
    CHECK(data.shape() == std::vector<std::int64_t>{3, 32, 32});
    const host::Batch batch = data.all();
    CHECK(batch.labels == std::vector<std::int64_t>{3, 9, 0});
    CHECK(batch.x[0][0] == 0.4F);
    CHECK(batch.x[1][1023] == 0.0F);
    CHECK(batch.x[1][1024] == 0.2F);
    CHECK(batch.x[1][3071] == 1.0F);
    CHECK(batch.x[2][0] == 1 / 255.0F);
    CHECK(data.data().files() == std::vector<std::string>{first, second});
}

TEST_CASE("the coarse and fine classes of CIFAR-100") {
    const Folder folder;
    const std::string file =
        folder.write("train.bin", record({19, 99}, '\1') + record({0, 5}, '\2'));
    const Opened fine(node({file}, R"(,"labels":"fine")"));
    CHECK(fine.info().outputs == 100);
    CHECK(fine.all().labels == std::vector<std::int64_t>{99, 5});
    const Opened coarse(node({file}, R"(,"labels":"coarse")"));
    CHECK(coarse.info().outputs == 20);
    CHECK(coarse.all().labels == std::vector<std::int64_t>{19, 0});
    CHECK(coarse.all().x[1][0] == 2 / 255.0F);
}

TEST_CASE("what is no file of records is refused, and says why") {
    const Folder folder;
    const std::string good = folder.write("good.bin", record({1}, 'a'));
    const auto refused = [&](const std::string &content) {
        const std::string bad = folder.write("bad.bin", content);
        const std::string message = refusal(node({good, bad}));
        CHECK(has(message, bad));
        return message;
    };
    CHECK(has(refused(""), "it is empty"));
    CHECK(has(refused(record({1}, 'a') + "x"), "1 bytes are left over"));
    CHECK(has(refused(record({1}, 'a').substr(1)), "3072 bytes are left over"));
    CHECK(has(refused(record({1}, 'a') + record({10}, 'a')),
              "record 1 (byte 3073) has the label 10, expected 0 to 9"));
    CHECK(has(refusal(node({good, folder / "none.bin"})), "No such file"));
    CHECK(has(refusal(node({folder.path().string()})), "is a folder"));
    const std::string wide = folder.write("wide.bin", record({20, 0}, 'a'));
    CHECK(has(refusal(node({wide}, R"(,"labels":"coarse")")), "has the label 20"));
}

TEST_CASE("CIFAR-10") {
    if (!have_data("cifar10")) return;
    const auto path = [](const std::string &name) {
        return (data_folder() / "cifar10" / name).string();
    };
    const Opened train(node({path("data_batch_1.bin")}));
    CHECK(train.info().size == 10000);
    std::array<int, 10> histogram{};
    const host::Batch batch = train.all();
    for (const std::int64_t label : batch.labels) ++histogram[static_cast<std::size_t>(label)];
    CHECK(histogram == std::array<int, 10>{1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981});
    CHECK(batch.labels[0] == 6);  // a frog
    CHECK(batch.x[0][0] == 59 / 255.0F);
    const Opened both(node({path("data_batch_1.bin"), path("test_first1000.bin")}));
    CHECK(both.info().size == 11000);
    CHECK(both.read({10000}).labels == std::vector<std::int64_t>{3});  // a cat
}
