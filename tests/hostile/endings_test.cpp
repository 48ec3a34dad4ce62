// Plugins that end the process: the command names plugin and call, and never says that all is well.
#include "hostile.hpp"

#include <unistd.h>

using namespace spar::test;

namespace {

/// The zoo's own data and model, attacked by one component of the zoo.
[[maybe_unused]] Json attacked_by(const Json &attack) {
    Json pipeline = sound_pipeline();
    pipeline["data"]["train"] = pipeline["data"]["test"] = {{"type", "misbehaving_dataset"}};
    pipeline["model"] = {{"type", "misbehaving_model"}};
    pipeline["evaluate"]["attacks"] = Json::array({attack});
    return pipeline;
}

[[maybe_unused]] Ran run(const Json &pipeline, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--plugin-dir", SPAR_ZOO_DIR "/misbehaving", "--plugin-dir",
                             SPAR_ZOO_DIR "/ending"});
    return run_json(pipeline, std::move(more));
}

[[maybe_unused]] void check_named(const Ran &ran, const std::vector<std::string> &words) {
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 4);
    for (const std::string &word : words) {
        CAPTURE(word);
        CHECK(ran.ended.says(word));
    }
}

const std::vector<std::string> ways = {"exit",     "_exit", "_Exit",     "quick_exit", "exit_group",
                                       "segfault", "abort", "terminate", "divide"};

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("a plugin that ends the process in a call is named with the call") {
    for (const std::string &how : ways) {
        CAPTURE(how);
        const Ran ran = run(attacked_by({{"type", "ending_attack"}, {"how", how}}));
        check_named(ran, {"perturb", "ending_attack", "ending.so", "#/evaluate/attacks/0"});
        CHECK(!ran.results);
    }
    check_named(run(attacked_by({{"type", "ending_attack"}, {"how", "stack"}})),
                {"perturb", "ending_attack", "SIGSEGV"});
}

TEST_CASE("a killed process is reported, with the call and without blame") {
    const Ran ran = run(attacked_by({{"type", "ending_attack"}, {"how", "kill"}}), {"--json"});
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 8);
    CHECK(ran.ended.says("SIGKILL while perturb of attack \"ending_attack\""));
    CHECK(Json::parse(ran.ended.out).at("error").at("exit") == 8);
}

TEST_CASE("a stack that was made too small is not taken for a plugin's fault") {
    const Folder folder;
    const std::string file =
        folder.write("p.json", attacked_by({{"type", "ending_attack"}, {"how", "stack"}}).dump());
    const Ended ended = run_program(
        {"bash", "-c",
         "ulimit -s 64; \"$SPAR\" run p.json --out out --plugin-dir "
         "\"$ZOO/misbehaving\" --plugin-dir \"$ZOO/ending\""},
        {{"SPAR", SPAR_BINARY}, {"ZOO", SPAR_ZOO_DIR}, {"SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR}},
        folder.path().string());
    INFO(ended.err);
    CHECK(ended.code == 8);
    CHECK(ended.says("64 KiB"));
    CHECK(ended.says("ulimit -s"));
}

TEST_CASE("a crash that may be due to earlier damage names the other suspects") {
    const Ran ran = run(attacked_by({{"type", "ending_attack"}, {"how", "abort"}}));
    CHECK(ran.ended.says("in an earlier call"));
    CHECK(ran.ended.says("misbehaving.so"));
}

TEST_CASE("in a constructor, in a destructor, in parallel work") {
    for (const std::string where : {"create", "destroy", "worker"})
        for (const std::string how : {"exit", "_exit", "exit_group", "segfault"}) {
            CAPTURE(where);
            CAPTURE(how);
            const Ran ran =
                run(attacked_by({{"type", "ending_attack"}, {"how", how}, {"where", where}}),
                    {"--threads", "3"});
            check_named(ran, {"ending_attack", "ending.so", "#/evaluate/attacks/0",
                              where == "create"    ? "the constructor"
                              : where == "destroy" ? "the destructor"
                                                   : "perturb"});
        }
}

TEST_CASE("a loss that the model calls back is named, not the model") {
    Json pipeline = attacked_by({{"type", "fgsm"}});
    pipeline["train"]["loss"] = {{"type", "ending_loss"}, {"how", "segfault"}};
    check_named(run(pipeline), {"evaluate of loss \"ending_loss\"", "#/train/loss"});
}

TEST_CASE("exit handlers of plugins have no say in how the command ends") {
    const Ran ran = run(attacked_by({{"type", "ending_attack"}, {"where", "exit handler"}}));
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 0);
    CHECK(ran.results);
}

TEST_CASE("a child that a plugin forks and forgets does not continue the run") {
    const Ran ran = run(attacked_by({{"type", "ending_attack"}, {"how", "forks"}}));
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 0);
    CHECK(ran.results);
    CHECK(ran.ended.says("forked in perturb of attack \"ending_attack\""));
}

TEST_CASE("a plugin that is another one the second time is named") {
    for (const std::string how : {"exit", "_exit", "segfault", "differs"}) {
        CAPTURE(how);
        const Folder folder;
        const Environment environment = {{"SPAR_ZOO_MARK", folder / "mark"},
                                         {"SPAR_ZOO_HOW", how},
                                         {"XDG_CACHE_HOME", folder / "cache"}};
        const std::string file =
            folder.write("pipeline.json", attacked_by({{"type", "second_load"}}).dump());
        const Ended ended =
            spar::test::spar({"run", file, "--out", folder / "out", "--plugin-dir",
                              SPAR_ZOO_DIR "/misbehaving", "--plugin-dir", SPAR_ZOO_DIR "/second"},
                             environment);
        INFO(ended.err);
        CHECK(ended.code == 4);
        CHECK(ended.signal == 0);
        CHECK(ended.says("second_load.so"));
        CHECK(ended.says(how == "differs" ? "differently" : "the loading"));
    }
}

TEST_CASE("what the pipeline does not use is not loaded") {
    const Folder folder;
    const Environment environment = {{"SPAR_ZOO_MARK", folder.write("mark", "")},
                                     {"SPAR_ZOO_HOW", "exit"},
                                     {"XDG_CACHE_HOME", folder / "cache"}};
    // Tried once without the mark, so that the cache knows it; then the second load would end all.
    REQUIRE(std::filesystem::remove(folder / "mark"));
    const std::vector<std::string> list{"list", "--plugin-dir", SPAR_ZOO_DIR "/second"};
    CHECK(spar::test::spar(list, environment).says("second_load"));
    REQUIRE(std::filesystem::exists(folder / "mark"));
    const Ended again = spar::test::spar(list, environment);
    CHECK(again.code == 0);
    CHECK(again.says("second_load"));
}

#endif
