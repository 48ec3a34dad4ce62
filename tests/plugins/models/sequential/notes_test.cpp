// What a net says of itself: its layers, their outputs, parameters and multiply-adds, against
// counts by hand.
#include "fixture.hpp"

#include <doctest/doctest.h>

using namespace fixture;

namespace {

struct Row {
    std::string name, type;
    Shape shape;
    std::int64_t parameters, multiply_adds;
};

void check_notes(const LayerList &layers, const Shape &input, const std::vector<Row> &rows) {
    const Net net(layers, input);
    const auto &notes = net.graph->notes;
    REQUIRE(notes.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        CHECK(notes[i].name == rows[i].name);
        CHECK(notes[i].type == rows[i].type);
        CHECK(notes[i].shape == rows[i].shape);
        CHECK(notes[i].parameters == rows[i].parameters);
        CHECK(notes[i].multiply_adds == rows[i].multiply_adds);
    }
}

}  // namespace

TEST_CASE("convolutions, normalisations and what is inside of a residual layer are counted once") {
    const Json conv{{"type", "conv"}, {"out", 4}, {"kernel", 3}, {"padding", 1}};
    const Json residual{{"type", "residual"}, {"body", {conv, {{"type", "relu"}}, conv}}};
    check_notes({conv, layer("batchnorm"), residual, layer("flatten"), linear(3)}, {2, 6, 5},
                {{"0", "conv", {4, 6, 5}, 4 * 2 * 9 + 4, 30 * 72},
                 {"1", "batchnorm", {4, 6, 5}, 8, 0},
                 {"2.body.0", "conv", {4, 6, 5}, 4 * 4 * 9 + 4, 30 * 144},
                 {"2.body.1", "relu", {4, 6, 5}, 0, 0},
                 {"2.body.2", "conv", {4, 6, 5}, 4 * 4 * 9 + 4, 30 * 144},
                 {"2", "residual", {4, 6, 5}, 0, 0},
                 {"3", "flatten", {120}, 0, 0},
                 {"4", "linear", {3}, 363, 360}});
}

TEST_CASE("every position of a text counts, and pairs of them in attention") {
    const std::int64_t t = 9, d = 24, h = 40;
    const Json encoder{{"type", "transformer"}, {"layers", 2}, {"heads", 4}, {"hidden", h}};
    const std::int64_t weights = 4 * d * d + 2 * d * h;
    check_notes({layer("positions"), encoder, layer("mean_pool"), linear(3)}, {t, d},
                {{"0", "positions", {t, d}, t * d, 0},
                 {"1",
                  "transformer",
                  {t, d},
                  2 * (weights + 4 * d + d + h + 4 * d),
                  2 * (t * weights + 2 * t * t * d)},
                 {"2", "mean_pool", {d}, 0, 0},
                 {"3", "linear", {3}, 75, 72}});
    const std::int64_t g = 4 * 10;
    check_notes({{{"type", "lstm"}, {"hidden", 10}, {"output", "last"}}, linear(3)}, {t, d},
                {{"0", "lstm", {10}, g * (d + 10) + 2 * g, t * g * (d + 10)},
                 {"1", "linear", {3}, 33, 30}});
}
