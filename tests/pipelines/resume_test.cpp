// A run that is stopped anywhere and resumed ends in the same bytes as one that is not.
#include "pipelines.hpp"

#include "interrupting.hpp"

using namespace spar::test;

namespace {

/// Training examples that are read before the training, to see whether the test set holds them.
constexpr int read_before = 240;

/// The small pipeline on data that can stop the run.
Json interruptible() {
    Json pipeline = small_pipeline();
    for (const char *part : {"train", "test"})
        pipeline["data"][part] = {{"type", "interrupting"}, {"data", pipeline["data"][part]}};
    return pipeline;
}

Environment stopping_after(int examples) {
    Environment environment{
        {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
    if (examples >= 0) environment[stop_after_variable] = std::to_string(examples);
    return environment;
}

/// Runs the pipeline, stopped once after this many examples were read, and resumed.
void check_stopped_after(int examples, const std::string &pipeline, const Folder &folder,
                         const std::map<std::string, std::string> &whole) {
    CAPTURE(examples);
    const std::string out = folder / ("stopped" + std::to_string(examples));
    const Ended stopped = spar::test::spar({"run", pipeline, "--out", out, "--threads", "2"},
                                           stopping_after(examples));
    INFO(stopped.err);
    REQUIRE(stopped.code == 75);
    CHECK(stopped.says("--resume"));
    CHECK(!std::filesystem::exists(out + "/results.json"));
    run({pipeline, "--out", out, "--threads", "1", "--resume"}, stopping_after(-1));
    check_same_run(whole, what_must_repeat(out));
}

}  // namespace

TEST_CASE("stopped in an epoch, in a validation and in an evaluation, and resumed") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", interruptible());
    run({pipeline, "--out", folder / "whole"}, stopping_after(-1));
    const auto whole = what_must_repeat(folder / "whole");
    // 240 examples an epoch, 60 to validate on: before the training, the first batch, the middle of
    // an epoch, its last batch, the first and the second validation, and an epoch later.
    for (const int examples : {-read_before, 0, 100, 239, 250, 320, 545})
        check_stopped_after(read_before + examples, pipeline, folder, whole);
}

TEST_CASE("stopped while a parameter is perturbed in training") {
    const Folder folder;
    Json json = interruptible();
    json["threat"] =
        Json::parse(R"({"norm": "l2", "eps": 0.5, "space": "parameter", "parameter": "5.weight"})");
    for (Json &attack : json["evaluate"]["attacks"]) attack["threat"] = {{"space", "input"}};
    const std::string pipeline = write(folder, "p.json", json);
    run({pipeline, "--out", folder / "whole"}, stopping_after(-1));
    const auto whole = what_must_repeat(folder / "whole");
    for (const int examples : {100, 320})
        check_stopped_after(read_before + examples, pipeline, folder, whole);
}

TEST_CASE("stopped while it measures") {
    const Folder folder;
    Json json = interruptible();
    json["data"]["train"] = json["data"]["train"]["data"];
    const std::string pipeline = write(folder, "p.json", json);
    run({pipeline, "--out", folder / "whole"}, stopping_after(-1));
    const auto whole = what_must_repeat(folder / "whole");
    // Before the training the 90 test examples are searched for in its set.
    for (const int examples : {95, 190}) check_stopped_after(examples, pipeline, folder, whole);
}

TEST_CASE("what is finished may be resumed, and stays what it is") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", small_pipeline());
    run({pipeline, "--out", folder / "run"});
    const auto before = what_must_repeat(folder / "run");
    run({pipeline, "--out", folder / "run", "--resume"});
    check_same_run(before, what_must_repeat(folder / "run"));
}
