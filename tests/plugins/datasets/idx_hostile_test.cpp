#include "idx_files.hpp"

#include <sys/resource.h>
#include <filesystem>

using namespace spar;
using namespace spar::test;

namespace {

/// The message about these images, with their file's name.
std::string images_refused(const std::string &images) {
    const IdxPair files(images);
    const std::string message = refusal(files.node());
    CHECK(has(message, files.images()));
    return message;
}

std::string labels_refused(const std::string &labels, const std::string &more = "") {
    const IdxPair files(three_images, labels);
    const std::string message = refusal(files.node(more));
    CHECK(has(message, files.labels()));
    return message;
}

long peak_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("files that are not there, or no files") {
    const IdxPair files(three_images);
    CHECK(has(refusal(idx_node(files.folder() / "none", files.labels())), "No such file"));
    CHECK(has(refusal(idx_node(files.folder().path().string(), files.labels())), "is a folder"));
    CHECK(has(refusal(idx_node("/dev/null", files.labels())), "not a regular file"));
    CHECK(has(images_refused(""), "begins with nothing"));
}

TEST_CASE("a wrong magic is shown") {
    CHECK(has(images_refused("\x89PNG\r\n"), "89 50 4e 47"));
    CHECK(has(images_refused(bytes({0, 0, 7, 3}) + three_images.substr(4)), "00 00 07 03"));
    CHECK(has(images_refused(bytes({0, 0, 8, 0})), "00 00 08 00"));
    CHECK(has(images_refused(bytes({0, 0, 8})), "00 00 08"));
}

TEST_CASE("cut off at every byte") {
    for (std::size_t size = 0; size < three_images.size(); ++size)
        images_refused(three_images.substr(0, size));
    CHECK(has(images_refused(three_images.substr(0, 20)), "need 28 bytes, found 20"));
    CHECK(has(images_refused(three_images.substr(0, 10)), "expected 16 bytes, found 10"));
    const std::string packed = gzip(three_images);
    for (std::size_t size = 0; size < packed.size(); ++size) images_refused(packed.substr(0, size));
    CHECK(has(images_refused(packed.substr(0, packed.size() - 9)), "cut off at byte"));
}

TEST_CASE("bytes after the end") {
    CHECK(has(images_refused(three_images + "x"), "need 28 bytes, found 29"));
    CHECK(has(images_refused(gzip(three_images + "x")), "continues after its end"));
    CHECK(has(images_refused(gzip(three_images) + "xyz"), "3 bytes follow the end"));
    CHECK(has(images_refused(gzip(three_images) + "\x1F"), "1 bytes follow the end"));
    CHECK(has(images_refused(gzip(three_images) + gzip("x")), "continues after its end"));
    CHECK(has(images_refused(gzip(three_images) + "\x1F\x8Bnonsense"), "damaged"));
}

TEST_CASE("every flipped bit of a gzip file is refused or changes nothing") {
    const std::string packed = gzip(three_images);
    const IdxPair whole(packed);
    const host::Batch expected = Opened(whole.node()).all();
    int refused = 0;
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
        std::string flipped = packed;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        const IdxPair files(flipped);
        try {
            const host::Batch batch = Opened(files.node()).all();
            for (std::int64_t i = 0; i < batch.count; ++i)
                CHECK(std::equal(batch.x[i].begin(), batch.x[i].end(), expected.x[i].begin()));
        } catch (const host::Failure &failure) {
            CHECK(failure.exit() == host::Exit::data);
            ++refused;
        }
    }
    CHECK(refused > 100);
}

TEST_CASE("every flipped bit of a header is refused or another valid header") {
    for (std::size_t bit = 0; bit < 8 * 16; ++bit) {
        std::string flipped = three_images;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        images_refused(flipped);
    }
}

TEST_CASE("dimensions that overflow or promise too much, without taking the memory") {
    const long before = peak_kib();
    const auto most = 0xFFFFFFFFU;
    CHECK(has(images_refused(idx_header(8, {most, most, most})), "multiply to more bytes"));
    CHECK(has(images_refused(idx_header(0x0E, {most, most})), "multiply to more bytes"));
    CHECK(has(images_refused(idx_header(8, {most, 4})), "need 17179869192 bytes, found 12"));
    CHECK(has(images_refused(gzip(idx_header(8, {most, 4}))), "are unpacked to"));
    CHECK(has(images_refused(gzip(idx_header(8, {50000000, 1}) + "x")), "is cut off"));
    CHECK(peak_kib() - before < 64 * 1024);
}

TEST_CASE("a gzip bomb is not unpacked") {
    const long before = peak_kib();
    std::string zeros = gzip(std::string(std::size_t{64} << 20, '\0'));
    std::string bomb = gzip(idx_header(8, {3, 2, 2}));
    for (int i = 0; i < 64; ++i) bomb += zeros;  // 4 GiB in 4 MiB, members of their own
    CHECK(has(images_refused(bomb), "continues after its end"));
    CHECK(peak_kib() - before < 256 * 1024);
}

TEST_CASE("empty sets") {
    CHECK(has(images_refused(idx_header(8, {0, 28, 28})), "is empty"));
    CHECK(has(images_refused(idx_header(8, {3, 0, 28})), "is empty"));
    CHECK(has(labels_refused(idx_header(8, {0})), "is empty"));
}

TEST_CASE("files in each other's place") {
    CHECK(has(images_refused(three_labels), "looks like labels"));
    CHECK(has(labels_refused(three_images), "expected labels"));
    CHECK(has(labels_refused(idx_header(0x0D, {3}) + std::string(12, '\0')), "expected labels"));
}

TEST_CASE("labels that do not fit") {
    CHECK(has(labels_refused(idx_header(8, {2}) + bytes({0, 1})), "holds 2"));
    CHECK(has(labels_refused(three_labels, R"(,"classes":2)"),
              "example 1 has the label 2, expected 0 to 1"));
    CHECK(has(labels_refused(idx_header(9, {3}) + bytes({0, 0xFF, 0})),
              "example 1 has the label -1"));
    CHECK(has(
        labels_refused(idx_header(0x0C, {3}) + big_endian(0) + big_endian(1) + big_endian(2000000)),
        "example 2 has the label 2000000"));
}

TEST_CASE("values outside the box are named") {
    const auto one = [](std::uint32_t bits) {
        return idx_header(0x0D, {3, 1}) + big_endian(0) + big_endian(bits) + big_endian(0);
    };
    CHECK(has(images_refused(one(0x40000000)), "example 1 holds 2, expected values in [0, 1]"));
    CHECK(has(images_refused(one(0x7FC00000)), "example 1 holds nan"));
    CHECK(has(images_refused(one(0xFF800000)), "example 1"));
}
