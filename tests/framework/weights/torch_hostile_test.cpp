// Checkpoints that would run something, that lie, or that are damaged.
#include "fixtures.hpp"
#include "zip_writer.hpp"

#include <random>

using namespace spar;
using namespace spar::test;

namespace {

/// The fixture cnn.pt with changes.
struct Changed {
    Members members = members_of(fixture("cnn.pt"));

    std::string &operator[](const std::string &end) { return member(members, end); }
    std::string refusal(const std::string &key = "") const {
        return refusal_of(folder_.write("changed.pt", stored_zip(members)), key);
    }

  private:
    Folder folder_;
};

void replace(std::string &text, const std::string &from, const std::string &to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("what a pickle would run is refused by its name, and is not run") {
    std::filesystem::remove("spar-was-here");
    check_says(refusal_of(fixture("os_system.pt")),
               {"os_system.pt", "data.pkl", "at byte 20", "after the text \"0.weight\"",
                "asks for Python's \"posix.system\"", "not run", "torch.save(model.state_dict()"});
    check_says(refusal_of(fixture("os_system0.pt")), {"\"os.system\"", "at byte 0"});
    check_says(refusal_of(fixture("os_system4.pt")), {"\"posix.system\""});
    check_says(refusal_of(fixture("eval.pt")), {"\"__builtin__.eval\""});
    check_says(refusal_of(fixture("module.pt")),
               {"\"torch.nn.modules.container.Sequential\"", "torch.save(model.state_dict()"});
    CHECK(!std::filesystem::exists("spar-was-here"));
}

TEST_CASE("what is no state_dict of a present PyTorch is named, with the remedy") {
    check_says(refusal_of(fixture("legacy.pt")),
               {"an old PyTorch checkpoint", "torch.save(torch.load(\"FILE\""});
    check_says(refusal_of(fixture("cnn.npz")), {"a NumPy archive (.npz)", "no data.pkl"});
    Changed script;
    script.members.emplace_back("cnn/constants.pkl", "");
    check_says(script.refusal(), {"TorchScript", "state_dict"});
    Changed other_order;
    other_order["byteorder"] = "big";
    check_says(other_order.refusal(), {"big-endian"});
    Changed two;
    two.members.emplace_back("other/data.pkl", "");
    check_says(two.refusal(), {"more than one data.pkl"});
    Changed twice;
    twice.members.push_back(twice.members[0]);
    check_says(twice.refusal(), {"occurs twice"});
}

TEST_CASE("tensors that are not where the pickle says are refused before any is read") {
    Changed shorter;
    shorter["data/0"].resize(100);
    check_says(shorter.refusal(), {"\"0.weight\"", "data/0 has 100 bytes", "36 numbers of 4"});
    Changed missing;
    std::erase_if(missing.members, [](const auto &m) { return m.first.ends_with("data/1"); });
    check_says(missing.refusal(), {"\"0.bias\"", "numbers are missing (data/1)"});
    // The shape (4, 1, 3, 3) of the first weight, and its strides (9, 9, 3, 1).
    const std::string shape = "(K\x04K\x01K\x03K\x03t", strides = "(K\x09K\x09K\x03K\x01t";
    Changed larger;
    replace(larger["data.pkl"], shape, "(K\x05K\x01K\x03K\x03t");
    check_says(larger.refusal(), {"\"0.weight\"", "[5,1,3,3]", "beyond the 36 numbers"});
    Changed strided;
    replace(strided["data.pkl"], strides, "(K\x09K\x09K\x03K\x02t");
    check_says(strided.refusal(), {"[4,1,3,3]", "beyond the 36 numbers"});
    Changed negative;
    replace(negative["data.pkl"], strides, "(J\xff\xff\xff\xffK\x09K\x03K\x01t");
    check_says(negative.refusal(), {"\"0.weight\"", "beyond"});
    Changed endless;  // a few bytes shown 2^120 times
    const std::string large = std::string("\x8a\x08", 2) + std::string(6, '\0') + "\x40" + '\0';
    replace(endless["data.pkl"], shape, "(" + large + large + "K\x01K\x01t");
    replace(endless["data.pkl"], strides,
            "(K" + std::string(1, '\0') + "K" + std::string(1, '\0') + "K\x01K\x01t");
    check_says(endless.refusal(), {"\"0.weight\"", "beyond"});
    Changed bomb;  // and 2^40 times
    const std::string many = std::string("\x8a\x06", 2) + std::string(5, '\0') + "\x01";
    replace(bomb["data.pkl"], shape, "(" + many + "K\x01K\x01K\x01t");
    replace(bomb["data.pkl"], strides, "(K" + std::string(1, '\0') + "K\x01K\x01K\x01t");
    check_says(bomb.refusal(), {"\"0.weight\"", "1099511627776 numbers, in a file of"});
    Changed no_storage;
    replace(no_storage["data.pkl"], "storage", "Storage");
    check_says(no_storage.refusal(), {"no storage of numbers"});
}

TEST_CASE("an archive whose bytes are not those of its checksums is refused") {
    const Folder folder;
    std::string bytes = file_content(fixture("cnn.pt"));
    const std::size_t at = bytes.find("0.weight");
    bytes[at] = '7';
    check_says(refusal_of(folder.write("w.pt", bytes)), {"checksum", "set_crc32_options"});
}

TEST_CASE("a checkpoint cut anywhere is refused, and with any byte changed does no harm") {
    const Folder folder;
    const std::string whole = file_content(fixture("cnn.pt"));
    for (std::size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 13) {
        CAPTURE(size);
        CHECK(!refusal_of(folder.write("cut.pt", whole.substr(0, size))).empty());
    }
    std::mt19937 random(1);
    for (int i = 0; i < 3000; ++i) {
        std::string bytes = whole;
        for (std::size_t flips = 1 + random() % 3; flips > 0; --flips)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        refusal_of(folder.write("changed.pt", bytes));
    }
}

TEST_CASE("a pickle with any byte changed does no harm, though its checksum is right") {
    for (const std::string name : {"cnn.pt", "checkpoint.pt", "protocol4.pt"}) {
        const Folder folder;
        Members members = members_of(fixture(name));
        std::string &pickle = member(members, "data.pkl");
        const std::string whole = pickle;
        std::mt19937 random(2);
        int refused = 0;
        constexpr int times = 3000;
        for (int i = 0; i < times; ++i) {
            pickle = whole;
            if (i % 4 == 3) pickle.resize(random() % whole.size());
            for (std::size_t flips = 1 + random() % 3; !pickle.empty() && flips > 0; --flips)
                pickle[random() % pickle.size()] = static_cast<char>(random());
            refused += refusal_of(folder.write("changed.pt", stored_zip(members)),
                                  name == "checkpoint.pt" ? "state_dict" : "")
                               .empty()
                           ? 0
                           : 1;
        }
        INFO(name, ": ", refused);
        CHECK(refused > times / 4);
        CHECK(refused < times);
    }
}
