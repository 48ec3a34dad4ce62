// Datasets by the look of their files.
#include "example_files.hpp"

#include "base/failure.hpp"
#include "base/json.hpp"
#include "compose/data_by_look.hpp"

using namespace spar;
using namespace spar::test;
using host::Json;

namespace {

Json look(const std::string &text) {
    return host::dataset_by_look(text);
}

void check_refused(const std::string &text, host::Exit exit,
                   const std::vector<std::string> &parts) {
    const host::Failure failure = failure_of([&] { look(text); });
    INFO(failure.what());
    CHECK(failure.exit() == exit);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(std::string(failure.what()).find(part) != std::string::npos);
    }
}

std::string idx_images() {
    return std::string("\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01x", 17);
}
std::string idx_labels() {
    return std::string("\0\0\x08\x01\0\0\0\x01\x01", 9);
}

}  // namespace

TEST_CASE("an archive, IDX files and CIFAR's are known by their bytes, not by their names") {
    const Folder folder;
    write_npz(folder / "examples.data", 3);
    CHECK(look(folder / "examples.data") ==
          Json{{"type", "npz"}, {"file", folder / "examples.data"}});
    folder.write("my-images.raw", idx_images());
    folder.write("my-labels.raw", idx_labels());
    CHECK(look(folder / "my-images.raw") == Json{{"type", "idx"},
                                                 {"images", folder / "my-images.raw"},
                                                 {"labels", folder / "my-labels.raw"}});
    folder.write("batch.bin", std::string(2 * 3073, 'x'));
    CHECK(look(folder / "batch.bin") ==
          Json{{"type", "cifar10"}, {"files", {folder / "batch.bin"}}});
    folder.write("hundred.bin", std::string(2 * 3074, 'x'));
    CHECK(look(folder / "hundred.bin")["labels"] == "fine");
}

TEST_CASE("a folder gives its test set") {
    const Folder folder;
    folder.write("t10k-images-idx3-ubyte", idx_images());
    check_refused(folder.path().string(), host::Exit::data,
                  {"labels are not beside it", "idx:images=FILE,labels=FILE"});
    write_gzip(folder / "t10k-labels-idx1-ubyte.gz", idx_labels());
    CHECK(look(folder.path().string()) == Json{{"type", "idx"},
                                               {"images", folder / "t10k-images-idx3-ubyte"},
                                               {"labels", folder / "t10k-labels-idx1-ubyte.gz"}});
    const Folder cifar;
    std::filesystem::create_directory(cifar.path() / "cifar-10-batches-bin");
    cifar.write("cifar-10-batches-bin/test_batch.bin", std::string(3073, 'x'));
    CHECK(look(cifar.path().string())["files"] ==
          Json{cifar / "cifar-10-batches-bin/test_batch.bin"});
    const Folder empty;
    check_refused(empty.path().string(), host::Exit::data, {"no test set", "t10k-images"});
}

TEST_CASE("a dataset may be named with its parameters") {
    CHECK(look("digits:examples=100,seed=2") ==
          Json::parse(R"({"type": "digits", "examples": 100, "seed": 2})"));
    check_refused("digits:examples", host::Exit::usage, {"--data", "NAME=VALUE"});
}

TEST_CASE("what is no dataset is refused with what it is, and what would be one") {
    const Folder folder;
    const std::string expected = "an .npz with arrays x and y";
    check_refused(folder / "gone.npz", host::Exit::data, {"there is no file", expected});
    check_refused(folder.write("a.png", "\x89PNG\r\n"), host::Exit::data,
                  {"a PNG image", expected});
    check_refused(folder.write("a.bin", "abc"), host::Exit::data,
                  {"no kind that is known", expected});
    check_refused(folder.write("empty.bin", ""), host::Exit::data, {expected});
    check_refused(folder.write("x.raw", idx_images()), host::Exit::data,
                  {"does not tell where their labels are"});
}
