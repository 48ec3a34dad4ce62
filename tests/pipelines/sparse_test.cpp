// The norm l0 from JSON to results: changed values and changed pixels, in evaluation and in
// training, and what is refused before anything runs.
#include "pipelines.hpp"

#include "run/npz.hpp"

#include <spar/philox.hpp>

#include <cmath>

using namespace spar::test;

namespace {

constexpr std::int64_t side = 6;

/// Images of three channels in which one quarter, the class, is brighter; or the same as vectors.
void write_images(const std::string &file, std::int64_t count, bool vectors = false) {
    spar::Random random(31, count);
    std::vector<float> x;
    std::vector<std::int64_t> y;
    for (std::int64_t i = 0; i < count; ++i) {
        y.push_back(i % 4);
        for (std::int64_t at = 0; at < 3 * side * side; ++at) {
            const std::int64_t row = at / side % side, column = at % side;
            const std::int64_t quarter = 2 * (row / 3) + column / 3;
            x.push_back(random.uniform(108 * i + at, 0, 0.6F) + (quarter == y.back() ? 0.12F : 0));
        }
    }
    const std::vector<std::int64_t> shape =
        vectors ? std::vector<std::int64_t>{count, 108} : std::vector<std::int64_t>{count, 3, 6, 6};
    spar::host::save_npz(file, {{"x", "<f4", shape, std::as_bytes(std::span(x))},
                                {"y", "<i8", {count}, std::as_bytes(std::span(y))}});
}

Json pipeline(const Json &threat) {
    Json json = Json::parse(R"({
        "version": 2, "name": "sparse", "seed": 3,
        "data": {"train": {"type": "npz", "file": "train.npz"},
                 "test": {"type": "npz", "file": "test.npz"}},
        "model": {"type": "sequential",
                  "layers": [{"type": "flatten"}, {"type": "linear", "out": 4}]},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.02}, "epochs": 8, "batch_size": 20},
        "evaluate": {"attacks": [{"type": "noise"}, {"type": "pgd", "steps": 20}]}})");
    json["threat"] = threat;
    return json;
}

struct Files {
    Folder folder;

    Files() {
        write_images(folder / "train.npz", 200);
        write_images(folder / "test.npz", 80);
    }
    Json results(const Json &json, const std::string &name) const {
        run({write(folder, name + ".json", json), "--out", folder / name});
        return Json::parse(file_content(folder / name + "/results.json"));
    }
    Ended checked(const Json &json) const {
        return spar::test::spar({"check", write(folder, "checked.json", json)});
    }
};

Json l0(double eps, const char *group = "none") {
    return {{"norm", "l0"}, {"eps", eps}, {"group", group}};
}

}  // namespace

TEST_CASE_FIXTURE(Files, "noise and pgd change at most eps values, or pixels") {
    for (const char *group : {"none", "pixel"}) {
        CAPTURE(std::string(group));
        const Json found = results(pipeline(l0(5, group)), group)["evaluation"];
        CHECK(found["clean_accuracy"] >= 0.8);
        const Json &noise = found["attacks"][0], &pgd = found["attacks"][1];
        CHECK(pgd["robust_accuracy"].get<double>() < noise["robust_accuracy"].get<double>() - 0.2);
        for (const Json *attack : {&noise, &pgd}) {
            CHECK((*attack)["threat"]["norm"] == "l0");
            CHECK((*attack)["threat"]["group"] == group);
            CHECK((*attack)["mean_distance"] <= 5);
            CHECK((*attack)["mean_distance"] > 4);
        }
        CHECK(pgd["median_distance"] == 5);
    }
    // A pixel is three values: with as large a budget of them, more examples fall.
    const auto robust = [&](const char *name) {
        const Json all = Json::parse(file_content(folder / name + "/results.json"));
        return all["evaluation"]["attacks"][1]["robust_accuracy"].get<double>();
    };
    CHECK(robust("pixel") < robust("none"));
}

TEST_CASE_FIXTURE(Files, "training against l0 works, also while its budget rises, and resists it") {
    Json json = pipeline(l0(2, "pixel"));
    const double natural = results(json, "natural")["evaluation"]["attacks"][1]["robust_accuracy"];
    json["train"]["method"] = Json::parse(R"({"type": "awp", "method": {"type": "pgd_at",
                        "attack": {"type": "pgd", "steps": 7}}})");
    json["train"]["eps_warmup_epochs"] = 3;
    const double hardened =
        results(json, "hardened")["evaluation"]["attacks"][1]["robust_accuracy"];
    CHECK(hardened > natural);
}

TEST_CASE_FIXTURE(Files, "what is no count is refused, with its place") {
    const auto refused = [&](const Json &threat, const std::string &message) {
        const Ended ended = checked(pipeline(threat));
        INFO(ended.err);
        CHECK(ended.code == 3);
        CHECK(ended.says(message));
    };
    refused(l0(2.5),
            "#/threat/eps: under l0 it counts values that may change, and must be a whole "
            "number, as 3; it is 2.5");
    refused(l0(0.5, "pixel"), "#/threat/eps: under l0 it counts pixels that may change");
    refused({{"norm", "linf"}, {"eps", 0.1}, {"group", "pixel"}},
            "#/threat/group: \"pixel\" says what the norm l0 counts, and the norm is linf");
    refused({{"norm", "l0"}, {"eps", 1}, {"space", "embedding"}},
            "#/threat/norm: l0 limits how many values change, and the box how far");
    refused({{"norm", "l0"}, {"eps", 1}, {"group", "row"}}, "#/threat/group: ");
    refused({{"norm", "l7"}, {"eps", 1}}, "#/threat/norm: ");
    // An attack that overrides the norm drops the group.
    Json own = pipeline(l0(2, "pixel"));
    own["evaluate"]["attacks"] = Json::parse(
        R"([{"type": "fgsm", "threat": {"norm": "linf", "eps": 0.1}}, {"type": "pgd"}])");
    CHECK(checked(own).code == 0);

    write_images(folder / "train.npz", 200, true);
    write_images(folder / "test.npz", 80, true);
    const Ended vectors = spar::test::spar(
        {"run", write(folder, "v.json", pipeline(l0(2, "pixel"))), "--out", folder / "vectors"});
    INFO(vectors.err);
    CHECK(vectors.code == 3);
    CHECK(
        vectors.says("#/threat/group: only images [channels, height, width] have pixels, and the "
                     "data holds values [108]"));
}

TEST_CASE_FIXTURE(Files,
                  "attacks and methods that have no l0 are refused by check, which names "
                  "those that do") {
    const auto refused = [&](const Json &json, const std::string &place, const std::string &names) {
        const Ended ended = checked(json);
        INFO(ended.err);
        CHECK(ended.code == 3);
        CHECK(ended.says(place + ": "));
        CHECK(ended.says("threat's norm is l0"));
        CHECK(ended.says(names));
    };
    const char *const attacks = "; attacks that take this threat: noise, pgd";
    for (const char *type : {"fgsm", "fgm", "fgm_batch", "bim", "mi_fgsm", "ni_fgsm", "deepfool",
                             "gradient_ascent", "apgd", "fab", "square", "spsa", "auto_attack"}) {
        CAPTURE(std::string(type));
        Json json = pipeline(l0(2));
        json["evaluate"]["attacks"] = {{{"type", type}}};
        refused(json, "#/evaluate/attacks/0", attacks);
    }
    Json json = pipeline(l0(2));
    json["evaluate"]["attacks"] =
        Json::parse(R"([{"type": "auto_attack", "attacks": [{"type": "pgd"}, {"type": "apgd"}]}])");
    refused(json, "#/evaluate/attacks/0/attacks/1", attacks);
    json = pipeline(l0(2));
    json["train"]["method"] = Json::parse(R"({"type": "pgd_at", "attack": {"type": "bim"}})");
    refused(json, "#/train/method/attack", attacks);
    for (const char *type : {"fgsm_at", "n_fgsm", "fgm_at", "free", "freelb", "yopo", "alum",
                             "smart", "vat", "r3f", "grad_align"}) {
        CAPTURE(std::string(type));
        json["train"]["method"] = {{"type", type}};
        refused(json, "#/train/method",
                "; methods that take this threat: attention_consistency, awp, mart, "
                "mixed_batch_at, natural, pgd_at, trades");
    }
}
