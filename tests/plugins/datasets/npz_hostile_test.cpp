#include "npz_files.hpp"

#include <sys/resource.h>

using namespace spar;
using namespace spar::test;

namespace {

std::string archive_refused(const std::string &content, const std::string &more = "") {
    const Folder folder;
    const std::string file = folder.write("set.npz", content);
    const std::string message = refusal(npz_node(file, more));
    CHECK(has(message, file));
    return message;
}

std::string x_refused(const std::string &x) {
    const std::string message = archive_refused(zip({{"x.npy", x}, {"y.npy", good_y}}));
    CHECK(has(message, "x.npy"));
    return message;
}

std::string y_refused(const std::string &y, const std::string &more = "") {
    const std::string message = archive_refused(zip({{"x.npy", good_x}, {"y.npy", y}}), more);
    CHECK(has(message, "y.npy"));
    return message;
}

std::string header_refused(const std::string &text) {
    return x_refused(npy(text, x_bytes));
}

}  // namespace

TEST_CASE("what is no archive") {
    const Folder folder;
    CHECK(has(refusal(npz_node(folder / "none.npz")), "No such file"));
    CHECK(has(refusal(npz_node(folder.path().string())), "is a folder"));
    CHECK(has(archive_refused(""), "no zip archive"));
    CHECK(has(archive_refused("PK nonsense"), "no zip archive"));
    const std::string whole = zip({{"x.npy", good_x}, {"y.npy", good_y}});
    CHECK(has(archive_refused(whole.substr(0, 100)), "begins as a NumPy archive (.npz) does"));
    CHECK(has(archive_refused(zip({{"x", good_x}}).substr(0, 100)), "is it cut off?"));
    CHECK(has(archive_refused(zip({{"a.npy", good_x}, {"y.npy", good_y}})),
              "holds no x.npy; it holds a.npy, y.npy"));
}

TEST_CASE("cut off at every byte") {
    const std::string whole = zip({{"x.npy", good_x}, {"y.npy", good_y}});
    for (std::size_t size = 0; size < whole.size(); ++size) archive_refused(whole.substr(0, size));
    for (std::size_t size = 0; size < good_x.size(); ++size) x_refused(good_x.substr(0, size));
}

TEST_CASE("every flipped bit is refused or changes neither examples nor labels") {
    const std::string whole = zip({{"x.npy", good_x}, {"y.npy", good_y}});
    const Folder folder;
    const host::Batch expected = Opened(npz_node(folder.write("set.npz", whole))).all();
    int refused = 0;
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        const std::string file = folder.write("flipped.npz", flipped);
        try {
            const host::Batch batch = Opened(npz_node(file)).all();
            CHECK(batch.labels == expected.labels);
            CHECK(std::equal(batch.x[2].begin(), batch.x[2].end(), expected.x[2].begin()));
        } catch (const host::Failure &failure) {
            CHECK(failure.exit() == host::Exit::data);
            ++refused;
        }
    }
    CHECK(refused > 2000);
}

TEST_CASE("members that lie about their size") {
    const std::string claim = zip({{"x.npy", good_x, 0xFFFFFFF0U}, {"y.npy", good_y}});
    CHECK(has(archive_refused(claim), "claims 4294967280 bytes"));
    archive_refused(zip({{"x.npy", good_x, 50000000}, {"y.npy", good_y}}));
    archive_refused(zip({{"x.npy", good_x, 10}, {"y.npy", good_y}}));
}

TEST_CASE("an array is refused by its header, before what it promises is unpacked") {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    const std::string zeros(std::size_t{48} << 20, '\0');
    const std::string large = npy(header("|u1", "(50331648,)"), zeros);
    archive_refused(zip({{"x.npy", good_x}, {"y.npy", large}}));
    getrusage(RUSAGE_SELF, &after);
    // The archive itself is made here, in several copies; none of it is unpacked.
    CHECK(has(x_refused(large), "looks like labels"));
    rusage last{};
    getrusage(RUSAGE_SELF, &last);
    CHECK(last.ru_maxrss - after.ru_maxrss < 96 * 1024);
}

TEST_CASE("files of other formats are called by their names") {
    CHECK(has(archive_refused(good_x), "a NumPy array (.npy)"));
    CHECK(has(archive_refused(good_x), "numpy.savez"));
    CHECK(has(archive_refused("\x80\x04\x95" + std::string(20, 'x')), "a Python pickle"));
    CHECK(has(archive_refused("\x89HDF\r\n" + std::string(20, 'x')), "an HDF5 file"));
}

TEST_CASE("headers that are not one dictionary of three entries") {
    header_refused("");
    header_refused("{");
    header_refused("{}");
    header_refused("__import__('os').system('true')");
    CHECK(has(header_refused("{'descr': '|u1', 'fortran_order': False}"), "all of descr"));
    CHECK(has(header_refused(header("|u1", "(3, 2)") + "x"), "expected the end"));
    CHECK(has(header_refused("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False}"), "once"));
    CHECK(has(header_refused("{'more': 1}"), "\"more\""));
    CHECK(has(header_refused(header("|u1", "(3, 2)", "1")), "True or False"));
    CHECK(has(header_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}"),
              "a quoted text"));
    header_refused("{'descr': '|u1, 'fortran_order': False, 'shape': (3, 2)}");
}

TEST_CASE("shapes that are wrong or too large, without taking the memory") {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    CHECK(has(header_refused(header("|u1", "(3, -2)")), "a whole number"));
    CHECK(has(header_refused(header("|u1", "(99999999999999999999, 2)")), "beyond 2^63"));
    CHECK(has(header_refused(header("<f8", "(9223372036854775807, 2)")), "multiply to more bytes"));
    CHECK(has(header_refused(header("|u1", "(1000000000, 2)")), "needs 2000000000 bytes"));
    CHECK(has(header_refused(header("|u1", "(3, 3)")), "needs 9 bytes of elements, found 6"));
    CHECK(has(header_refused(header("|u1", "()")), "needs 1 bytes"));
    CHECK(has(header_refused(header("|u1", "(3 2)")), "a comma or )"));
    std::string many = "(";
    for (int i = 0; i < 40; ++i) many += "1,";
    CHECK(has(header_refused(header("|u1", many + ")")), "32 dimensions"));
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}

TEST_CASE("arrays that are not examples or targets") {
    CHECK(has(x_refused("nonsense"), "no NPY array"));
    CHECK(has(x_refused(npy(header("|u1", "(3, 2)"), x_bytes, 4)), "version 4"));
    CHECK(has(x_refused(npy(header("|O", "(3, 2)"), x_bytes)), "\"|O\""));
    CHECK(has(x_refused(npy(header("<c8", "(3, 2)"), x_bytes)), "\"<c8\""));
    CHECK(has(x_refused(npy(header("|u1", "(6,)"), x_bytes)), "looks like labels"));
    CHECK(has(x_refused(npy(header("|u1", "(0, 2)"), "")), "is empty"));
    CHECK(has(x_refused(npy(header("|u1", "()"), "x")), "a single number"));
    CHECK(has(x_refused(npy(header("|i1", "(3, 2)"), bytes({0, 1, 0, 1, 2, 1}))),
              "example 2 holds 2"));
}

TEST_CASE("targets that do not fit") {
    const auto labels = [](std::initializer_list<int> values) {
        return npy(header("|i1", "(" + std::to_string(values.size()) + ",)"), bytes(values));
    };
    CHECK(has(y_refused(labels({0, 1})), "holds 2"));
    CHECK(has(y_refused(labels({})), "holds 0"));
    CHECK(has(y_refused(labels({0, 0xFF, 1})), "example 1 has the label -1"));
    CHECK(has(y_refused(labels({0, 5, 1}), R"(,"classes":3)"), "example 1 has the label 5"));
    CHECK(has(y_refused(npy(header("<u8", "(3,)"), std::string(24, '\xFF'))), "example 0"));
    CHECK(
        has(y_refused(npy(header("|i1", "(3, 2)"), bytes({0, 1, 1, 0, 1, 1}))), "expected labels"));
    CHECK(has(y_refused(npy(header("<f4", "(3, 1, 1)"), std::string(12, '\0'))), "target values"));
    CHECK(
        has(y_refused(npy(header("<f4", "(3,)"), std::string(12, '\xFF'))), "example 0 holds nan"));
}

TEST_CASE("classes asked of fractions") {
    const Folder folder;
    const std::string y = npy(header("<f4", "(3,)"), std::string(12, '\0'));
    const std::string file = folder.write("set.npz", zip({{"x.npy", good_x}, {"y.npy", y}}));
    const auto failure = failure_of([&] { Opened data(npz_node(file, R"(,"classes":3)")); });
    CHECK(failure.exit() == host::Exit::pipeline);
    CHECK(has(failure.what(), "/classes"));
}
