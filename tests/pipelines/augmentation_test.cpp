// train.augment changes what is trained on, and nothing else: not validation, not evaluation, and
// not how a run repeats.
#include "pipelines.hpp"

#include "interrupting.hpp"

using namespace spar::test;

namespace {

const Json transforms = Json::parse(R"([{"type":"random_crop","padding":3},
    {"type":"random_flip","probability":0.3},{"type":"cutout","size":7}])");

Json augmented(Json pipeline) {
    pipeline["train"]["augment"] = transforms;
    return pipeline;
}

}  // namespace

TEST_CASE("an augmented run is the same for any number of threads, and another by seed") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", augmented(small_pipeline()));
    run({pipeline, "--out", folder / "one", "--threads", "1"});
    run({pipeline, "--out", folder / "three", "--threads", "3"});
    const auto first = what_must_repeat(folder / "one");
    check_same_run(first, what_must_repeat(folder / "three"));
    run({write(folder, "plain.json", small_pipeline()), "--out", folder / "plain"});
    CHECK((what_must_repeat(folder / "plain").at("model.safetensors") !=
           first.at("model.safetensors")));
}

TEST_CASE("an augmented run that is stopped and resumed ends in the same bytes") {
    const Folder folder;
    Json json = augmented(small_pipeline());
    json["data"]["train"] = {{"type", "interrupting"}, {"data", json["data"]["train"]}};
    Environment environment{
        {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
    const std::string pipeline = write(folder, "p.json", json);
    run({pipeline, "--out", folder / "whole"}, environment);
    const auto whole = what_must_repeat(folder / "whole");
    for (const int examples : {100, 320}) {
        CAPTURE(examples);
        const std::string out = folder / ("stopped" + std::to_string(examples));
        environment[stop_after_variable] = std::to_string(examples);
        REQUIRE(spar::test::spar({"run", pipeline, "--out", out}, environment).code == 75);
        environment.erase(stop_after_variable);
        run({pipeline, "--out", out, "--threads", "2", "--resume"}, environment);
        check_same_run(whole, what_must_repeat(out));
    }
}

TEST_CASE("validation and evaluation see the examples as they are") {
    const Folder folder;
    // A step of next to nothing: the weights stay what they are, and so do all measurements.
    Json still = small_pipeline();
    still["train"]["optimizer"] = {{"type", "sgd"}, {"lr", 1e-30}};
    still["train"].erase("ema");
    still["model"]["layers"] = Json::parse(R"([{"type":"flatten"},{"type":"linear","out":10}])");
    run({write(folder, "plain.json", still), "--out", folder / "plain"});
    run({write(folder, "augmented.json", augmented(still)), "--out", folder / "augmented"});
    const auto results = [&](const char *name) {
        return Json::parse(what_must_repeat(folder / name).at("results.json"));
    };
    const Json plain = results("plain"), other = results("augmented");
    CHECK((plain["evaluation"] == other["evaluation"]));
    for (std::size_t i = 0; i < 2; ++i) {
        const Json &a = plain["train"]["epochs"][i], &b = other["train"]["epochs"][i];
        CHECK((a["validation_accuracy"] == b["validation_accuracy"]));
        CHECK((a["loss"] != b["loss"]));
    }
}

TEST_CASE("what cannot be augmented is refused before anything is trained") {
    const Folder folder;
    Json json = small_pipeline();
    json["train"]["augment"] =
        Json::parse(R"([{"type":"cutout"},{"type":"random_crop","fill":[2]}])");
    const std::string pipeline = write(folder, "p.json", json);
    const Ended ended = spar::test::spar({"run", pipeline, "--out", folder / "out"});
    CHECK(ended.code == 3);
    CHECK(ended.says("/train/augment/1/fill"));
    CHECK(!std::filesystem::exists(folder / "out"));
    json["train"]["augment"] = Json::parse(R"([{"type":"pgd"}])");
    const Ended other = spar::test::spar({"check", write(folder, "q.json", json)});
    CHECK(other.code == 3);
    CHECK(other.says("/train/augment/0"));
}
