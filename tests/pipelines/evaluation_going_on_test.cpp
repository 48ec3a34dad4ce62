// An evaluation without training resumes with what it was begun with, or reports what changed.
#include "pipelines.hpp"

#include "interrupting.hpp"

using namespace spar::test;

namespace {

/// A folder with a small net, its copy as weights.st, and another one.
struct Evaluations : Folder {
    explicit Evaluations(const char *attacks = nullptr) {
        Json json = small_pipeline();
        json["model"]["layers"] =
            Json::parse(R"([{"type": "flatten"}, {"type": "linear", "out": 10}])");
        json["train"]["method"] = {{"type", "natural"}};
        for (const char *part : {"schedule", "ema"}) json["train"].erase(part);
        const std::string training = spar::test::write(*this, "training.json", json);
        run({training, "--out", *this / "one"});
        run({training, "--out", *this / "other", "--set", "seed=9"});
        json.erase("train");
        json["data"] = {{"test", {{"type", "interrupting"}, {"data", json["data"]["test"]}}}};
        json["model"]["weights"] = "weights.st";
        if (attacks != nullptr) json["evaluate"]["attacks"] = Json::parse(attacks);
        pipeline = spar::test::write(*this, "evaluation.json", json);
        take("one");
    }

    void take(const std::string &model) {
        std::filesystem::copy_file(*this / (model + "/model.safetensors"), *this / "weights.st",
                                   std::filesystem::copy_options::overwrite_existing);
    }

    Ended evaluate(const std::string &resume = "", int stopped_after = -1,
                   const std::string &out = "out") {
        Environment environment{
            {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
        if (stopped_after >= 0) environment[stop_after_variable] = std::to_string(stopped_after);
        std::vector<std::string> words{"run", pipeline, "--out", *this / out};
        if (!resume.empty()) words.push_back(resume);
        return spar::test::spar(words, environment);
    }

    Json results() { return Json::parse(file_content(*this / "out/results.json")); }

    std::string pipeline;
};

bool warns(const Json &results) {
    for (const Json &warning : results["warnings"])
        if (warning["code"] == "resumed_anyway") return true;
    return false;
}

}  // namespace

TEST_CASE("other weights are refused after a stop and after the end, or recorded") {
    for (const int stopped_after : {120, -1}) {
        CAPTURE(stopped_after);
        Evaluations folder;
        const Ended first = folder.evaluate("", stopped_after);
        INFO(first.err);
        REQUIRE(first.code == (stopped_after < 0 ? 0 : 75));
        CHECK(!first.says("of the plugin"));  // which did nothing wrong
        folder.take("other");
        const Ended refused = folder.evaluate("--resume");
        INFO(refused.err);
        CHECK(refused.code == 9);
        CHECK(refused.says("the weights it started from (SHA-256)"));
        CHECK(refused.says("--resume=anyway"));
        REQUIRE(folder.evaluate("--resume=anyway").code == 0);
        // Every later resumption repeats what was reported once.
        for (const char *how : {"", "--resume"}) {
            if (*how != '\0') REQUIRE(folder.evaluate(how).code == 0);
            const Json results = folder.results(), changes = results["provenance"]["changes"];
            REQUIRE(changes.size() == 1);
            CHECK(changes[0]["what"].get<std::string>().starts_with("the weights"));
            CHECK(warns(results));
        }
    }
}

TEST_CASE("another host is refused, or recorded; the same is neither") {
    Evaluations folder;
    REQUIRE(folder.evaluate().code == 0);
    REQUIRE(folder.evaluate("--resume").code == 0);
    Json results = folder.results();
    CHECK(!results["provenance"].contains("changes"));
    CHECK(!warns(results));
    results["provenance"]["host_sha256"] = "that of another";
    folder.write("out/results.json", results.dump());
    CHECK(folder.evaluate("--resume").code == 9);
    REQUIRE(folder.evaluate("--resume=anyway").code == 0);
    results = folder.results();
    CHECK(results["provenance"]["changes"][0]["what"].get<std::string>().starts_with(
        "the host's program"));
    CHECK(warns(results));
}

TEST_CASE("every stage of an attack has its row, also after a stop") {
    Evaluations folder(R"([{"type": "auto_attack", "attacks": [
        {"type": "fgsm"}, {"type": "fgsm"}, {"type": "pgd", "steps": 5}]}])");
    REQUIRE(folder.evaluate("", 120).code == 75);
    REQUIRE(folder.evaluate("--resume").code == 0);
    const Json stages = folder.results()["evaluation"]["attacks"][0]["stages"];
    REQUIRE(stages.size() == 3);
    CHECK(stages[0]["name"] == "1 fgsm");
    CHECK(stages[0]["broken"] > 0);
    CHECK(stages[1]["name"] == "2 fgsm");  // what withstood one withstands the same again
    CHECK(stages[1]["broken"] == 0);
    CHECK(stages[1]["robust_accuracy"] == stages[0]["robust_accuracy"]);
    CHECK(stages[2]["name"] == "3 pgd");
}

TEST_CASE("a stop before there is anything to go on from does not speak of --resume") {
    const Folder folder;
    Json json = small_pipeline();
    json["data"]["train"] = {{"type", "interrupting"}, {"data", json["data"]["train"]}};
    json["evaluate"]["attacks"] =
        Json::parse(R"([{"type": "auto_attack", "attacks": [{"type": "fgsm"}]}])");
    const Ended ended = spar::test::spar(
        {"run", write(folder, "p.json", json), "--out", folder / "out"},
        {{"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)},
         {stop_after_variable, "0"}});
    INFO(ended.err);
    CHECK(ended.code == 75);
    CHECK(ended.says("before anything was computed"));
    CHECK(!ended.says("--resume"));
    CHECK(!std::filesystem::exists(folder / "out"));
}

TEST_CASE("a link to a run's model is checked as the model; a failure to check is reported") {
    Evaluations folder;
    std::filesystem::remove(folder / "weights.st");
    std::filesystem::create_symlink("one/model.safetensors", folder / "weights.st");
    const std::string unchecked = "nothing says whether it is the file that the run left";
    const Ended sound = folder.evaluate("", -1, "sound");
    CHECK(sound.code == 0);
    CHECK(!sound.says(unchecked));
    folder.write("one/results.json", R"({"model_sha256": "another"})");
    CHECK(folder.evaluate("", -1, "refused").code == 6);
    folder.write("one/results.json", "{");
    const Ended damaged = folder.evaluate("", -1, "damaged");
    CHECK(damaged.code == 0);
    CHECK(damaged.says("results.json is damaged, so that " + unchecked));
    std::filesystem::remove(folder / "one/results.json");
    CHECK(folder.evaluate("", -1, "missing").says("results.json is missing, so that " + unchecked));
}
