#include "base/sha256.hpp"
#include "open.hpp"

#include <array>

using namespace spar;
using spar::test::Opened;

namespace {

std::vector<float> images(const host::Batch &batch) {
    return {batch.x.data(), batch.x.data() + batch.x.count() * batch.x.width()};
}

std::string hash(const host::Batch &batch) {
    std::string levels;
    for (const float value : images(batch)) levels += static_cast<char>(value * 255.0F + 0.5F);
    return host::sha256_of(levels);
}

}  // namespace

TEST_CASE("the first images of a seed never change") {
    const Opened data(R"({"type":"digits","examples":100,"seed":1})");
    CHECK(data.shape() == std::vector<std::int64_t>{1, 28, 28});
    CHECK(data.info().outputs == 10);
    CHECK(hash(data.all()) == "0b927989a7ea58969964268f320fba6273c1d71d8637dfeec2d409fed2b336b3");
}

TEST_CASE("an image does not depend on what was read before or beside it") {
    const Opened data(R"({"type":"digits","examples":1000,"seed":7})");
    const host::Batch forward = data.read({3, 500, 999});
    const host::Batch backward = data.read({999, 500, 3});
    for (std::int64_t i = 0; i < 3; ++i) {
        const auto a = forward.x[i], b = backward.x[2 - i];
        CHECK(std::equal(a.begin(), a.end(), b.begin()));
        CHECK(forward.labels[static_cast<std::size_t>(i)] ==
              backward.labels[static_cast<std::size_t>(2 - i)]);
    }
}

TEST_CASE("values are levels of a byte in [0,1] and labels are balanced") {
    const Opened data(R"({"type":"digits","examples":500})");
    const host::Batch batch = data.all();
    std::array<int, 10> count{};
    for (const std::int64_t label : batch.labels) ++count[static_cast<std::size_t>(label)];
    for (const int n : count) CHECK(n == 50);
    bool levels = true;
    for (const float value : images(batch)) {
        const float level = value * 255.0F;
        levels = levels && value >= 0 && value <= 1 && std::abs(level - std::round(level)) < 1e-4F;
    }
    CHECK(levels);
}

TEST_CASE("training and test images differ, without and with a seed") {
    const std::string node = R"({"type":"digits","examples":50})";
    const auto train = images(Opened(node, 1, "/data/train").all());
    CHECK(train == images(Opened(node, 1, "/data/train").all()));
    CHECK(train != images(Opened(node, 1, "/data/test").all()));
    CHECK(train != images(Opened(node, 2, "/data/train").all()));

    const std::string fixed = R"({"type":"digits","examples":50,"seed":3})";
    CHECK(images(Opened(fixed, 1, "/data/train").all()) ==
          images(Opened(fixed, 2, "/data/test").all()));
    CHECK(images(Opened(fixed).all()) !=
          images(Opened(R"({"type":"digits","examples":50,"seed":4})").all()));
}

TEST_CASE("without distortion and noise every example of a hand is the same") {
    const Opened data(R"({"type":"digits","examples":20,"distortion":0,"noise":0,"seed":1})");
    const auto batch = data.read({0, 10});  // zeros: there is one way to write them
    CHECK(std::equal(batch.x[0].begin(), batch.x[0].end(), batch.x[1].begin()));
}

TEST_CASE("an example beyond the end is refused") {
    const Opened data(R"({"type":"digits","examples":5})");
    CHECK_THROWS_AS(data.read({5}), host::Failure);
    CHECK_THROWS_AS(data.read({-1}), host::Failure);
}
