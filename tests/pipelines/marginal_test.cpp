// A success by next to nothing: no success, and listed.
#include "pipelines.hpp"

#include "run/npz.hpp"
#include "weights/safetensors.hpp"

using namespace spar::test;

namespace {

/// Outputs (1, x + 1/2 + 2^-21, 0) of one value x, and examples of class 0 at `x`.
Json pipeline_of(const Folder &folder, const std::vector<float> &x, const Json &target) {
    const auto count = static_cast<std::int64_t>(x.size());
    const std::vector<std::int64_t> y(x.size(), 0);
    spar::host::save_npz(folder / "a.npz", {{"x", "<f4", {count, 1}, std::as_bytes(std::span(x))},
                                            {"y", "<i8", {count}, std::as_bytes(std::span(y))}});
    const std::vector<float> weight{0, 1, 0}, bias{1, 0.5F + 0x1p-21F, 0};
    spar::host::save_safetensors(folder / "w.safetensors",
                                 {{"0.weight", {3, 1}, weight}, {"0.bias", {3}, bias}});
    return {
        {"version", 1},
        {"name", "marginal"},
        {"seed", 1},
        {"data", {{"test", {{"type", "npz"}, {"file", folder / "a.npz"}, {"classes", 3}}}}},
        {"model",
         {{"type", "sequential"},
          {"layers", {{{"type", "linear"}, {"out", 3}}}},
          {"weights", folder / "w.safetensors"}}},
        {"threat", {{"norm", "linf"}, {"eps", 0.5}, {"target", target}}},
        {"evaluate", {{"loss", {{"type", "cross_entropy"}}}, {"attacks", {{{"type", "fgsm"}}}}}}};
}

}  // namespace

TEST_CASE("success by less than 1e-6 of the outputs' range does not count, and is listed") {
    const Folder folder;
    const std::vector<float> x{0.25F, 0.0F, 0x1p-19F, 0.125F, 0.0F};
    for (const Json &target : {Json("none"), Json(1)}) {
        const std::string out = folder / ("out" + target.dump().substr(0, 1));
        const Json pipeline = pipeline_of(folder, x, target);
        const Ended ended =
            spar::test::spar({"run", write(folder, "p.json", pipeline), "--out", out});
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(ended.says("2 of 5 examples end on the decision boundary"));
        const Json found =
            Json::parse(file_content(out + "/results.json"))["evaluation"]["attacks"][0];
        CHECK(found["marginal"] == Json({1, 4}));
        CHECK(found["attacked"] == 5);
        CHECK(found["robust_accuracy"] == doctest::Approx(0.4));
    }
}
