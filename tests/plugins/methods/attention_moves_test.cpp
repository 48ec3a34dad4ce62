// How far attention moves: the total variation of maps that are written out here.
#include "run/attention.hpp"
#include "training.hpp"

#include <doctest/doctest.h>

using namespace spar::test;

namespace {

/// Gives maps by the point, whatever the model is: point 0 is clean.
class Maps final : public spar::host::Space {
  public:
    std::int64_t outputs() const override { return 3; }
    std::span<const std::int64_t> shape() const override { return shape_; }
    std::int64_t size() const override { return 1; }
    void pass(const Points &points, spar_pass) override {
        REQUIRE(points.sites.size() == 1);
        for (std::int64_t i = 0; i < points.count; ++i) {
            const Floats &map = points.x[i] == 0 ? clean : moved;
            std::ranges::copy(map, points.sites[0].values + i * std::ssize(map));
        }
    }
    void backward(const Points &, std::int32_t, const float *, spar_wants, float *) override {}

    // Two heads over four positions, of which the last is padding.
    Floats clean{1, 0, 0, 0, 0, 1, 0, 0, 0.5F, 0.5F, 0, 0, 0, 0, 0, 0,  //
                 1, 0, 0, 0, 0, 1, 0, 0, 0.5F, 0.5F, 0, 0, 0, 0, 0, 0};
    Floats moved{0, 1, 0, 0, 0, 1, 0, 0, 0.25F, 0.5F, 0.25F, 0, 0, 0, 0, 0,  //
                 1, 0, 0, 0, 0, 1, 0, 0, 0.5F,  0.5F, 0,     0, 0, 0, 0, 0};

  private:
    std::vector<std::int64_t> shape_{1};
};

}  // namespace

TEST_CASE("attention moves by half the absolute differences, averaged over rows without padding") {
    Training t({.method = R"({"type":"natural"})",
                .model = R"({"type":"sequential","layers":[{"type":"embedding","dim":6},
                    {"type":"attention","name":"look","heads":2},{"type":"mean_pool"},
                    {"type":"linear","out":3}]})",
                .data = R"({"type":"tiny_data","kind":"text"})",
                .threat = R"({"norm":"l2","eps":1,"space":"embedding"})"});
    const auto maps = spar::host::attention_of(t.network(), "/evaluate/attention");
    REQUIRE(maps.size() == 1);
    CHECK(maps[0].name == "look.maps");
    CHECK(spar::host::heads_of(maps) == 2);

    Maps space;
    spar::host::AttentionMoves moves;
    const Floats clean{0, 0}, x_adv{1, 0};
    moves.measure(t.network(), maps, space, {2, clean.data(), nullptr}, x_adv.data());
    // Rows move by 1, 0 and 1/4; the second head and the second point not at all.
    CHECK(moves.of(0)[0] == doctest::Approx(1.25 / 3));
    CHECK(moves.of(0)[1] == 0);
    CHECK(moves.of(1)[0] == 0);
}
