// The reader of pickles by itself: what it bounds, and what it says.
#include "fixtures.hpp"

#include "weights/pickle.hpp"

#include <random>
#include <stdexcept>

using namespace spar;
using namespace spar::test;

namespace {

/// The first fault of a pickle; empty if it has none.
std::string fault_of(const std::string &bytes) {
    try {
        const host::Pickle pickle(bytes,
                                  [](const std::string &what) { throw std::runtime_error(what); });
        return {};
    } catch (const std::runtime_error &error) {
        return error.what();
    }
}

std::string repeated(const std::string &text, std::size_t count) {
    std::string all;
    all.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("instructions that make objects or that no state_dict needs are named") {
    check_says(fault_of("(ios\nsystem\n."), {"\"os.system\""});
    check_says(fault_of("(icollections\nOrderedDict\n."), {"INST"});
    check_says(fault_of("\x80\x02"
                        "ccollections\nOrderedDict\n)\x81."),
               {"NEWOBJ"});
    check_says(fault_of("Pid\n."), {"PERSID"});
    check_says(fault_of("\x82\x01."), {"EXT1"});
    check_says(fault_of("\xfe."), {"0xfe"});
    check_says(fault_of("\x80\x06."), {"protocol 6"});
    check_says(fault_of("\x8c\x02os\x8c\x06system\x93."),
               {"\"os.system\"", "after the text \"system\""});
    // A name that may occur is still no function that may be called with anything.
    check_says(fault_of("ctorch\nFloatStorage\n)R."), {"torch.FloatStorage", "unexpected"});
    check_says(fault_of("ccollections\nOrderedDict\n(K\x01tR."), {"OrderedDict", "unexpected"});
    check_says(fault_of("ctorch._utils\n_rebuild_tensor_v2\n)R."), {"a tensor is not made of"});
    check_says(fault_of("K\x01)R."), {"no function"});
    CHECK(fault_of("ccollections\nOrderedDict\n)R.").empty());
}

TEST_CASE("a stack, a memory and marks are not left empty, nor left over") {
    for (const std::string bytes : {".", "t.", "s.", "u.", "a.", "e.", "R.", "b.", "Q.", "0.",
                                    "q\x01.", "\x94.", "\x85.", "}K\x01s.", "](a.", "(}u."})
        CHECK(!fault_of(bytes).empty());
    check_says(fault_of("h\x01."), {"never kept"});
    check_says(fault_of("}(K\x01u."), {"key without a value"});
    check_says(fault_of("K\x01K\x02."), {"leaves values behind"});
    check_says(fault_of("(K\x02."), {"leaves values behind"});
    check_says(fault_of("K\x01(0."), {"takes a value where there is none"});
    for (const std::string bytes : {"", "X\xff\xff\xff\xff", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
                                    "c", "cos\nsystem", "K", "J\x01", "\x8a\xffx"})
        check_says(fault_of(bytes), {"too early"});
}

TEST_CASE("nesting, counts and cycles have bounds") {
    check_says(fault_of(repeated("(", 100000)), {"nested too deep"});
    check_says(fault_of(repeated("]", 5000000)), {"more than 4000000 values"});
    check_says(fault_of("]q\x01" + repeated("h\x01", 5000000)), {"stack grows"});
    check_says(fault_of("]" + repeated("\x94", 5000000)), {"keeps too many"});
    // Tuples in tuples, 100000 deep, and a list that holds itself.
    CHECK(fault_of(")" + repeated("\x85", 100000) + ".").empty());
    CHECK(fault_of("]q\x01h\x01"
                   "a.")
              .empty());
}

TEST_CASE("no bytes do the reader harm") {
    std::mt19937 random(3);
    // Mostly instructions, so that it gets somewhere.
    const std::string codes = "(tRbsuaeNKJMXchjqr]})Q.\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\x80";
    int sound = 0;
    for (int i = 0; i < 50000; ++i) {
        std::string bytes;
        for (std::size_t size = random() % 30; size > 0; --size)
            bytes += random() % 4 != 0 ? codes[random() % codes.size()]
                                       : static_cast<char>(random() % 8);
        sound += fault_of(bytes + ".").empty() ? 1 : 0;
    }
    CHECK(sound > 20);
}
