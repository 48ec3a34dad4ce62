// Views of memory, and arrays over them.
#include <spar/array.hpp>
#include <spar/mask.hpp>

#include <doctest/doctest.h>

using spar::Matrix;
using spar::Rows;

TEST_CASE("rows of a matrix, and one that grows back asks for no memory") {
    Matrix matrix(3, 4);
    for (std::size_t i = 0; i < 12; ++i) matrix.rows().flat()[i] = static_cast<float>(i);
    CHECK(matrix[2][1] == 9);
    CHECK(matrix.rows()[1].data() == matrix.data() + 4);
    const float *before = matrix.data();
    matrix.resize(1, 4);
    CHECK((matrix.count() == 1 && matrix.rows().flat().size() == 4));
    matrix.resize(3, 4);
    CHECK(matrix.data() == before);
    CHECK_FALSE(Rows<float>());
    CHECK(matrix.rows());
}

TEST_CASE("products of shapes, and those that no memory holds") {
    const auto product = [](std::vector<std::int64_t> shape) { return spar::product(shape); };
    CHECK(product({}) == 1);
    CHECK(product({3, 4, 0}) == 0);
    CHECK(product({3, 28, 28}) == 2352);
    CHECK_THROWS_AS(product({-1, 3}), spar::Error);
    CHECK_THROWS_AS(product({std::int64_t{1} << 40, std::int64_t{1} << 40}), spar::Error);
    CHECK(spar::shape_text(std::vector<std::int64_t>{1, 28}) == "[1,28]");
    CHECK(spar::shape_text({}) == "[]");
}

TEST_CASE("a view has row-major strides and no more dimensions than the contract") {
    const float values[24] = {};
    const std::vector<std::int64_t> shape{2, 3, 4};
    spar::View view(values, spar::View::float32, shape);
    const DLTensor &tensor = *view.view();
    CHECK((tensor.ndim == 3 && tensor.shape[2] == 4));
    CHECK((tensor.strides[0] == 12 && tensor.strides[1] == 4 && tensor.strides[2] == 1));
    const std::vector<std::int64_t> deep(SPAR_MAX_RANK + 2, 1);
    CHECK_THROWS_AS(spar::View(values, spar::View::float32, deep), spar::Error);
}

TEST_CASE("masked positions") {
    const float mask[] = {1, 0, 1, 0};
    std::vector<std::size_t> touched;
    const auto note = [&](std::size_t i) { touched.push_back(i); };
    spar::for_masked(mask, 4, 8, note);
    CHECK((touched == std::vector<std::size_t>{2, 3, 6, 7}));
    touched.clear();
    spar::for_masked(nullptr, 4, 8, note);
    CHECK(touched.empty());
}

TEST_CASE("arrays read and write in place, and give the same bits at every address") {
    std::vector<float> memory(200);
    spar::array(std::span(memory)) = 3;
    CHECK(memory[199] == 3);
    Matrix matrix(2, 3);
    spar::array(matrix) = 1.5F;
    spar::array(matrix[1]) *= 2;
    CHECK((matrix[0][2] == 1.5F && matrix[1][0] == 3));

    // The roots and quotients of optimizers: an approximation of either would differ between the
    // elements that a vector holds and those before and after it.
    std::vector<float> plain;
    for (std::size_t offset = 0; offset < 8; ++offset) {
        std::vector<float> from(64 + offset);
        for (std::size_t i = 0; i < 61; ++i)
            from[offset + i] = 0.1F + 0.37F * static_cast<float>(i);
        std::vector<float> to(64 + offset);
        const std::span<const float> x(from.data() + offset, 61);
        const std::span<float> y(to.data() + offset, 61);
        spar::array(y) = spar::array(x) / (spar::array(x).sqrt() + 1e-8F);
        const std::vector<float> found(y.begin(), y.end());
        if (plain.empty()) plain = found;
        CHECK(found == plain);
        for (std::size_t i = 0; i < 61; ++i) REQUIRE(y[i] == x[i] / (std::sqrt(x[i]) + 1e-8F));
        CHECK(spar::total(spar::doubles(x)) ==
              spar::sum_of(61, [&](std::size_t i) { return double{x[i]}; }));
    }
}

TEST_CASE("each_exp is the C library's at every element") {
    const std::vector<float> x{-700, -1, 0, 0.5F, 3, 88, 700};
    const Eigen::ArrayXd found = spar::each_exp(spar::doubles(x));
    for (std::size_t i = 0; i < x.size(); ++i)
        CHECK(found[static_cast<Eigen::Index>(i)] == std::exp(double{x[i]}));
}
