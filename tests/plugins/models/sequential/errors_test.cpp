// What does not fit is refused with the layer's place, what came and what was wanted.
#include "refusal.hpp"

using namespace fixture;

TEST_CASE("shapes that do not fit") {
    refuse({conv(4, 3), layer("relu"), linear(10)}, {1, 6, 6}, "/layers/2",
           "layers/2 (linear): the model must end in a flat output [classes], but this gives "
           "[4,4,10]; end with a flatten and a linear layer");
    refuse({conv(4, 9), layer("flatten")}, {1, 6, 6}, "/layers/0",
           "does not fit into an image [1,6,6]");
    refuse({layer("flatten"), conv(4, 3)}, {1, 6, 6}, "/layers/1", "got [36]");
    refuse({named(linear(3), "fc")}, {1, 6, 6}, "/layers/0", "layers/0 (linear \"fc\")");
    refuse({conv(4, 3)}, {1, 6, 6}, "/layers/0", "must end in a flat output");
    refuse({layer("flatten")}, {1, 6, 6}, "/layers/0", "computes nothing");
    refuse({}, {1, 6, 6}, "/layers", "at least one layer");
    refuse({layer("conf")}, {1, 6, 6}, "/layers/0/type", "\"conf\"");
}

TEST_CASE("sizes that are absurd") {
    refuse({linear(1 << 20)}, {1 << 20}, "/layers/0", "values");
    refuse({layer("flatten"), linear(3)}, {std::int64_t{1} << 40, std::int64_t{1} << 40}, "",
           "overflows");
    refuse({pool("maxpool", 2, 1, 2), layer("flatten")}, {1, 6, 6}, "/layers/0", "half the kernel");
    refuse({conv(1 << 20, 3, 1, 100), layer("flatten")}, {1, 64, 64}, "/layers/0", "values");
}

TEST_CASE("a first stage that is none") {
    const auto message = [](std::size_t stage) -> std::string {
        try {
            network({layer("flatten"), linear(3)}, {1, 6, 6}, 1, stage);
        } catch (const spar::Error &error) {
            return error.pointer() + ": " + error.what();
        }
        return "";
    };
    CHECK(
        message(1) ==
        "/stage: the first stage would have no parameters; let it reach to a layer that has some");
    CHECK(message(2).empty());
    CHECK(message(3) == "/stage: the network has 2 layers, so the first stage cannot have 3");
}

TEST_CASE("names that clash, and numbers that are missing") {
    const Json fc = named(linear(3), "fc");
    refuse({fc, fc}, {4}, "/layers/1", "two parameters would be called \"fc.weight\"");
    const Json normalize{{"type", "normalize"}, {"mean", {0.5, 0.5}}, {"std", {1}}};
    refuse({normalize, layer("flatten")}, {3, 4, 4}, "/layers/0", "mean needs one number");
}
