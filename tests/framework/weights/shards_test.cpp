// Weights in several files, and the index that names them.
#include "fixtures.hpp"

#include "base/json.hpp"
#include "weights/safetensors.hpp"

#include <nlohmann/json.hpp>

using namespace spar;
using namespace spar::test;
using host::Json;

namespace {

const std::string index_name = "model.safetensors.index.json";

/// The fixture in a folder of its own, with a changed index.
struct Sharded {
    Sharded() {
        for (const std::string name :
             {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
            std::filesystem::copy(fixture(name), folder / name);
    }
    std::string refusal() const { return refusal_of(folder.write(index_name, index.dump())); }

    Folder folder;
    Json index = Json::parse(file_content(fixture(index_name)));
    Json &map = index["weight_map"];
};

}  // namespace

TEST_CASE("an index opens all of its files") {
    const auto all = host::open_tensors(fixture(index_name));
    const host::SafetensorsFile whole(fixture("cnn.safetensors"));
    CHECK(all->tensors().size() == whole.tensors().size());
    for (const auto &entry : whole.tensors()) {
        CHECK((all->bytes(entry.first) == whole.bytes(entry.first)));
        CHECK((all->read(entry.first) == whole.read(entry.first)));
    }
    CHECK(all->files().size() == 3);
}

TEST_CASE("the files of an index may be PyTorch's") {
    Sharded sharded;
    std::filesystem::copy(fixture("cnn.pt"), sharded.folder / "pytorch_model.bin");
    for (auto &[name, file] : sharded.map.items()) file = "pytorch_model.bin";
    CHECK(sharded.refusal().empty());
}

TEST_CASE("an index leads nowhere but to its own folder") {
    for (const std::string name :
         {"../model.safetensors", "/etc/passwd", "..", ".", "", "a/b", "a\\b"}) {
        CAPTURE(name);
        Sharded sharded;
        sharded.map["0.bias"] = name;
        check_says(sharded.refusal(), {index_name, "\"0.bias\"", "in the index's own folder"});
    }
    Sharded itself;
    for (auto &[name, file] : itself.map.items()) file = index_name;
    check_says(itself.refusal(), {"expected a file of tensors"});
}

TEST_CASE("an index and files that do not belong together are refused") {
    Sharded missing;
    missing.map["0.bias"] = "model-00003-of-00002.safetensors";
    check_says(missing.refusal(), {"model-00003-of-00002.safetensors", "no such file"});
    Sharded more;
    more.map["9.bias"] = "model-00001-of-00002.safetensors";
    check_says(more.refusal(), {"\"9.bias\" is not in"});
    Sharded fewer;
    fewer.map.erase("0.bias");
    check_says(fewer.refusal(), {"\"0.bias\"", "in none", "not of one model"});
    Sharded number;
    number.map["0.bias"] = 7;
    check_says(number.refusal(), {"no file's name"});
    const Folder folder;
    for (const std::string text : {"{", "{}", R"({"weight_map": {}})", R"({"weight_map": 3})",
                                   R"({"weight_map": {"a": "b", "a": "c"}})"})
        check_says(refusal_of(folder.write(index_name, text)), {"not a sound index of weights"});
    check_says(refusal_of(folder.write(index_name, "{\"weight_map\":" + std::string(100000, '['))),
               {"not a sound index"});
}
