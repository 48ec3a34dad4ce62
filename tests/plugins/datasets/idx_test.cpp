#include "idx_files.hpp"

#include <array>

using namespace spar;
using namespace spar::test;

namespace {

std::vector<float> row(const host::Batch &batch, std::int64_t index) {
    const auto values = batch.x[index];
    return {values.begin(), values.end()};
}

/// The bits of a number, big-endian.
template <class Bits, class T>
std::string element(T value) {
    Bits bits;
    static_assert(sizeof bits == sizeof value);
    std::memcpy(&bits, &value, sizeof bits);
    std::string text;
    for (int shift = 8 * (static_cast<int>(sizeof bits) - 1); shift >= 0; shift -= 8)
        text += static_cast<char>(bits >> shift & 255U);
    return text;
}

}  // namespace

TEST_CASE("bytes become shares of 255, plain and gzipped") {
    for (const bool packed : {false, true}) {
        const IdxPair files(packed ? gzip(three_images) : three_images,
                            packed ? gzip(three_labels) : three_labels);
        const Opened data(files.node());
        CHECK(data.info().size == 3);
        CHECK(data.shape() == std::vector<std::int64_t>{1, 2, 2});
        CHECK(data.info().outputs == 3);
        CHECK(data.info().lower == 0);
        CHECK(data.info().upper == 1);
        const host::Batch batch = data.all();
        CHECK(batch.labels == std::vector<std::int64_t>{0, 2, 1});
        CHECK(row(batch, 0) == std::vector<float>{0, 0.2F, 0.4F, 0.6F});
        CHECK(row(batch, 1) == std::vector<float>{0.8F, 1, 1 / 255.0F, 2 / 255.0F});
        CHECK(data.data().files() == std::vector<std::string>{files.images(), files.labels()});
    }
}

TEST_CASE("every byte becomes what a division of floats gives, to the bit") {
    std::string bytes = idx_header(8, {1, 16, 16});
    std::vector<float> wanted;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
        wanted.push_back(static_cast<float>(byte) / 255.0F);
    }
    const IdxPair files(bytes, idx_header(8, {1}) + '\0');
    CHECK(row(Opened(files.node()).all(), 0) == wanted);
}

TEST_CASE("a gzip file of two members is both of them") {
    const std::size_t half = three_images.size() / 2;
    const IdxPair files(gzip(three_images.substr(0, half)) + gzip(three_images.substr(half)));
    CHECK(row(Opened(files.node()).all(), 2) ==
          std::vector<float>{3 / 255.0F, 4 / 255.0F, 5 / 255.0F, 6 / 255.0F});
}

TEST_CASE("examples of one to four dimensions") {
    const auto shape_of = [](const std::vector<std::uint32_t> &dims) {
        std::size_t total = 1;
        for (const std::uint32_t extent : dims) total *= extent;
        const IdxPair files(idx_header(8, dims) + std::string(total, '\1'));
        return Opened(files.node()).shape();
    };
    CHECK(shape_of({3, 5}) == std::vector<std::int64_t>{5});
    CHECK(shape_of({3, 5, 4}) == std::vector<std::int64_t>{1, 5, 4});
    CHECK(shape_of({3, 2, 5, 4}) == std::vector<std::int64_t>{2, 5, 4});
    CHECK(shape_of({3, 2, 2, 5, 4}) == std::vector<std::int64_t>{2, 2, 5, 4});
}

TEST_CASE("other types are taken as they are, inside the given box") {
    const std::string box = R"(,"lower":-2,"upper":300)";
    const auto read = [&](int type, const std::string &elements) {
        const IdxPair files(idx_header(type, {2, 2}) + elements,
                            idx_header(8, {2}) + bytes({0, 1}));
        const Opened data(files.node(box));
        CHECK(data.info().lower == -2);
        CHECK(data.info().upper == 300);
        const host::Batch batch = data.all();
        std::vector<float> all = row(batch, 0);
        for (const float value : row(batch, 1)) all.push_back(value);
        return all;
    };
    CHECK(read(0x09, bytes({0xFE, 0xFF, 0, 127})) == std::vector<float>{-2, -1, 0, 127});
    CHECK(read(0x0B,
               element<std::uint16_t>(std::int16_t{-2}) + element<std::uint16_t>(std::int16_t{3}) +
                   element<std::uint16_t>(std::int16_t{300}) +
                   element<std::uint16_t>(std::int16_t{0})) == std::vector<float>{-2, 3, 300, 0});
    CHECK(read(0x0C, element<std::uint32_t>(-1) + element<std::uint32_t>(299) +
                         element<std::uint32_t>(1) + element<std::uint32_t>(0)) ==
          std::vector<float>{-1, 299, 1, 0});
    CHECK(read(0x0D, element<std::uint32_t>(0.1F) + element<std::uint32_t>(-1.5F) +
                         element<std::uint32_t>(1.0F) + element<std::uint32_t>(0.0F)) ==
          std::vector<float>{0.1F, -1.5F, 1, 0});
    CHECK(read(0x0E, element<std::uint64_t>(0.1) + element<std::uint64_t>(-1.5) +
                         element<std::uint64_t>(1.0) + element<std::uint64_t>(0.0)) ==
          std::vector<float>{0.1F, -1.5F, 1, 0});
}

TEST_CASE("the number of classes may be given") {
    const IdxPair files(three_images);
    CHECK(Opened(files.node(R"(,"classes":10)")).info().outputs == 10);
}

TEST_CASE("MNIST") {
    if (!have_data("mnist")) return;
    const auto path = [](const std::string &name) {
        return (data_folder() / "mnist" / name).string();
    };
    const Opened train(
        idx_node(path("train-images-idx3-ubyte.gz"), path("train-labels-idx1-ubyte.gz")));
    CHECK(train.info().size == 60000);
    CHECK(train.info().outputs == 10);
    CHECK(train.shape() == std::vector<std::int64_t>{1, 28, 28});
    double sum = 0;
    std::array<int, 10> histogram{};
    for (std::int64_t first = 0; first < 60000; first += 10000) {
        const host::Batch batch = train.read(host::index_range(first, 10000));
        for (const std::int64_t label : batch.labels) ++histogram[static_cast<std::size_t>(label)];
        for (std::int64_t i = 0; i < batch.count; ++i)
            for (const float value : batch.x[i]) sum += static_cast<double>(value);
    }
    CHECK(sum * 255 / (60000.0 * 784) == doctest::Approx(33.318421).epsilon(1e-7));
    CHECK(histogram ==
          std::array<int, 10>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});

    const Opened test(
        idx_node(path("t10k-images-idx3-ubyte.gz"), path("t10k-labels-idx1-ubyte.gz")));
    CHECK(test.info().size == 10000);
    CHECK(test.read({0, 1, 2, 9999}).labels == std::vector<std::int64_t>{7, 2, 1, 6});
}
