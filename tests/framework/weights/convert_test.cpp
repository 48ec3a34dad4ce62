// spar convert: what it writes is what was read, and it never writes over anything.
#include "fixtures.hpp"
#include "process.hpp"
#include "python.hpp"

#include "weights/safetensors.hpp"

using namespace spar;
using namespace spar::test;

namespace {

void check_same(const std::string &a, const std::string &b) {
    const auto ours = host::open_tensors(a), theirs = host::open_tensors(b);
    REQUIRE(ours->tensors().size() == theirs->tensors().size());
    for (const auto &[name, tensor] : theirs->tensors()) {
        CHECK(ours->tensors().at(name).type == tensor.type);
        CHECK(ours->tensors().at(name).shape == tensor.shape);
        CHECK((ours->bytes(name) == theirs->bytes(name)));
    }
}

}  // namespace

TEST_CASE("convert writes every tensor in its own type, bit for bit") {
    const Folder folder;
    const Ended types =
        spar::test::spar({"convert", fixture("types.pt"), folder / "types.safetensors"});
    INFO(types.err);
    REQUIRE(types.code == 0);
    check_says(types.out, {"types.safetensors: 23 tensors", "1 of BF16", "numbers"});
    check_same(folder / "types.safetensors", fixture("types.safetensors"));
    const Ended entry =
        spar::test::spar({"convert", fixture("checkpoint.pt"), folder / "ema.safetensors", "--key",
                          "model.ema", "--prefix", "module."});
    INFO(entry.err);
    REQUIRE(entry.code == 0);
    check_same(folder / "ema.safetensors", fixture("cnn.safetensors"));
    const Ended shards = spar::test::spar({"convert", fixture("model.safetensors.index.json"),
                                           folder / "whole.safetensors", "--json"});
    REQUIRE(shards.code == 0);
    check_says(shards.out, {"\"tensors\": 9", "\"sha256\""});
    check_same(folder / "whole.safetensors", fixture("cnn.safetensors"));
    CHECK(host::SafetensorsFile(folder / "whole.safetensors").metadata().at("format") == "pt");
}

TEST_CASE("convert refuses what it cannot do, and leaves files alone") {
    const Folder folder;
    const auto refused = [&](std::vector<std::string> words, int code,
                             const std::vector<std::string> &parts) {
        words.insert(words.begin(), "convert");
        const Ended ended = spar::test::spar(words);
        CHECK(ended.code == code);
        check_says(ended.err, parts);
    };
    const std::string there = folder.write("there.safetensors", "precious"), pt = fixture("cnn.pt");
    refused({pt, there}, 2, {"there already"});
    CHECK(file_content(there) == "precious");
    refused({folder / "new.safetensors", pt}, 2, {"ends in .safetensors"});
    refused({pt}, 2, {"IN OUT.safetensors"});
    refused({folder / "gone.pt", folder / "new.safetensors"}, 6, {"no such file"});
    refused({fixture("os_system.pt"), folder / "new.safetensors"}, 6, {"posix.system"});
    refused({pt, folder / "new.safetensors", "--prefix", "module."}, 6, {"prefix \"module.\""});
    refused({pt, folder / "new.safetensors", "--key", "model"}, 6, {"no entry \"model\""});
    refused({pt, folder / "no/new.safetensors"}, 7, {"new.safetensors"});
    CHECK(!std::filesystem::exists(folder / "new.safetensors"));
}

TEST_CASE("the safetensors library reads what convert writes") {
    const auto python = python_with("safetensors");
    if (!python) return;
    const Folder folder;
    REQUIRE(spar::test::spar({"convert", fixture("types.pt"), folder / "types.safetensors"}).code ==
            0);
    const Ended ended = run_program(
        {*python, "-c",
         "import sys, safetensors\nwith safetensors.safe_open(sys.argv[1], 'np') as f: "
         "print(len(f.keys()), f.metadata()['format'], f.get_tensor('transposed').shape)",
         folder / "types.safetensors"});
    INFO(ended.err);
    CHECK(ended.out == "23 pt (7, 5)\n");
}
