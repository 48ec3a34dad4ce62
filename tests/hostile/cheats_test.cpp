// Attacks that write through pointers to const, change the arithmetic of other threads, or put the
// blame on others: the host's verdict is by its own copies, and its messages by its own names.
#include "hostile.hpp"

using namespace spar::test;

namespace {

Json cheated(const std::string &how) {
    Json pipeline = sound_pipeline();
    pipeline["data"]["train"] = pipeline["data"]["test"] = {{"type", "misbehaving_dataset"}};
    pipeline["model"] = {{"type", "misbehaving_model"}};
    pipeline["evaluate"]["attacks"] =
        Json::array({Json{{"type", "cheat"}, {"how", how}}, Json{{"type", "fgsm"}}});
    return pipeline;
}

struct Outcome {
    Ended ended;
    Json results;
};

Outcome run(const Json &pipeline, std::vector<std::string> more = {}) {
    const Folder folder;
    std::vector<std::string> words{"run",          folder.write("pipeline.json", pipeline.dump()),
                                   "--out",        folder / "out",
                                   "--plugin-dir", SPAR_ZOO_DIR "/misbehaving",
                                   "--plugin-dir", SPAR_ZOO_DIR "/ending"};
    words.insert(words.end(), more.begin(), more.end());
    Outcome outcome;
    outcome.ended = spar::test::spar(words);
    if (std::filesystem::exists(folder / "out/results.json"))
        outcome.results = Json::parse(file_content(folder / "out/results.json"));
    return outcome;
}

void check_fails(const std::string &how, const std::vector<std::string> &words,
                 std::vector<std::string> more = {}) {
    CAPTURE(how);
    const Outcome outcome = run(cheated(how), std::move(more));
    INFO(outcome.ended.err);
    CHECK(outcome.ended.code == 4);
    CHECK(outcome.results.is_null());
    for (const std::string &word : words) {
        CAPTURE(word);
        CHECK(outcome.ended.says(word));
    }
}

}  // namespace

TEST_CASE("labels and ids that an attack overwrites change nothing") {
    const Json honest = run(cheated("")).results.at("evaluation").at("attacks");
    CHECK(honest[0]["robust_accuracy"] > 0);
    for (const std::string how : {"labels", "ids"}) {
        CAPTURE(how);
        const Outcome outcome = run(cheated(how));
        INFO(outcome.ended.err);
        REQUIRE(outcome.ended.code == 0);
        Json attacks = outcome.results.at("evaluation").at("attacks");
        for (std::size_t i = 0; i < attacks.size(); ++i)
            CHECK(attacks[i]["robust_accuracy"] == honest[i]["robust_accuracy"]);
    }
}

TEST_CASE(
    "a clean example, an eps or a box that an attack overwrites is not what it is judged by") {
    for (const std::string how : {"x", "eps", "box"})
        check_fails(how, {"\"cheat\" broke the threat model", "#/evaluate/attacks/0"});
}

TEST_CASE("labels that a loss overwrites change nothing") {
    Json pipeline = cheated("");
    pipeline["evaluate"]["loss"] = {{"type", "ending_loss"}};
    const Json honest = run(pipeline).results.at("evaluation").at("attacks");
    pipeline["evaluate"]["loss"]["how"] = "labels";
    const Outcome outcome = run(pipeline);
    INFO(outcome.ended.err);
    REQUIRE(outcome.ended.code == 0);
    for (std::size_t i = 0; i < honest.size(); ++i)
        CHECK(outcome.results["evaluation"]["attacks"][i]["robust_accuracy"] ==
              honest[i]["robust_accuracy"]);
}

TEST_CASE("the arithmetic of worker threads is guarded as that of the main thread") {
    for (const std::string threads : {"1", "4"}) {
        check_fails("rounds in pieces", {"\"cheat\"", "floating-point", "the rounding mode"},
                    {"--threads", threads});
        check_fails("flushes in pieces", {"\"cheat\"", "floating-point", "flushing"},
                    {"--threads", threads});
    }
}

TEST_CASE("an exception out of a piece of parallel work is caught in every thread") {
    for (const std::string threads : {"1", "4"})
        for (int time = 0; time < 3; ++time)
            check_fails("throws in pieces",
                        {"\"cheat\"", "let an exception out", "planted in piece 0"},
                        {"--threads", threads});
}

TEST_CASE("a plugin that claims that the run is being stopped is not believed") {
    check_fails("cancelled", {"#/evaluate/attacks/0", "nobody asked for", "we are closed"});
}

TEST_CASE("a plugin cannot place its error at another node") {
    check_fails("blames", {"#/evaluate/attacks/0", "not mine", "attack \"cheat\" of the plugin"});
    CHECK(!run(cheated("blames")).ended.says("#/train/method"));
    CHECK(!run(cheated("forges lines")).ended.says("\nerror: #/train"));
}

TEST_CASE("a warning names its source, once") {
    const Outcome outcome = run(cheated("warns"));
    INFO(outcome.ended.err);
    CHECK(outcome.ended.code == 0);
    CHECK(outcome.ended.says("attack \"cheat\" of the plugin ending.so: careful"));
    const std::size_t first = outcome.ended.err.find("careful");
    CHECK(outcome.ended.err.find("careful", first + 1) == std::string::npos);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("a write past an end of an array is reported in its own call, with its length") {
    for (int time = 0; time < 3; ++time)
        check_fails("behind", {"#/evaluate/attacks/0", "\"cheat\"", "ending.so", "the end of x_adv",
                               "in perturb", "256 bytes after"});
    check_fails("before", {"\"cheat\"", "the begin of x_adv in perturb: 4 bytes before"});
    check_fails("behind labels", {"\"cheat\"", "the end of labels"});
    // Beyond the fence is protected memory.
    check_fails("far behind", {"SIGSEGV", "perturb of attack \"cheat\""});
}

#endif
