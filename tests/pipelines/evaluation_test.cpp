// What an evaluation says, computed again from what it leaves; and what is refused before a
// training, not after it.
#include "pipelines.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace spar::test;

namespace {

Json evaluation_only(const Json &threat) {
    Json pipeline = small_pipeline();
    pipeline["threat"] = threat;
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"pgd","steps":5}])");
    return pipeline;
}

Json results(const Folder &folder, const Json &pipeline, const std::string &name) {
    run({write(folder, name + ".json", pipeline), "--out", folder / name});
    return Json::parse(file_content(folder / name + "/results.json"))["evaluation"];
}

Ended refused(const Folder &folder, const Json &pipeline) {
    return spar::test::spar(
        {"run", write(folder, "p.json", pipeline), "--out", folder / "refused"});
}

}  // namespace

TEST_CASE("a class aimed at: what was wrong before is not robust, what is of that class is") {
    const Folder folder;
    // With no room to move, nothing changes.
    const Json still =
        results(folder, evaluation_only({{"norm", "linf"}, {"eps", 0}, {"target", 0}}), "still");
    CHECK(still["attacks"][0]["robust_accuracy"] == still["clean_accuracy"]);
    CHECK(still["worst_case_accuracy"] == still["clean_accuracy"]);
    CHECK(still["attacks"][0]["threat"]["target"] == 0);

    const Json moved =
        results(folder, evaluation_only({{"norm", "linf"}, {"eps", 0.3}, {"target", 3}}), "moved");
    CHECK(moved["attacks"][0]["robust_accuracy"] < moved["clean_accuracy"]);
    CHECK(moved["attacks"][0]["robust_accuracy"] == moved["worst_case_accuracy"]);
    CHECK(moved["attacks"][0]["attacked"] < 90);
}

TEST_CASE("an attack that does not fit is refused before the training") {
    const Folder folder;
    const std::pair<Json, const char *> unfit[] = {
        {Json::parse(R"([{"type":"cw"}])"), "cw minimises the l2 norm"},
        {Json::parse(R"([{"type":"auto_attack","attacks":[{"type":"cw"}]}])"),
         "cw minimises the l2 norm"},
        {Json::parse(R"([{"type":"fgsm"},{"type":"pgd","threat":{"target":12}}])"),
         "#/evaluate/attacks/1/threat/target: there is no class 12"}};
    for (const auto &[attacks, says] : unfit) {
        Json pipeline = small_pipeline();
        pipeline["evaluate"]["attacks"] = attacks;
        const Ended ended = refused(folder, pipeline);
        INFO(ended.err);
        CHECK(ended.code == 3);
        CHECK(ended.says(says));
        CHECK(!std::filesystem::exists(folder / "refused"));
    }
}

TEST_CASE("going on needs the run of this very pipeline") {
    const Folder folder;
    const std::string out = folder / "run";
    run({write(folder, "p.json", small_pipeline()), "--out", out});
    const std::string before = file_content(out + "/results.json");

    Json other = small_pipeline();
    other["evaluate"]["attacks"][1]["steps"] = 6;
    const Ended ended =
        spar::test::spar({"run", write(folder, "other.json", other), "--out", out, "--resume"});
    CHECK(ended.code == 3);
    INFO(ended.err);
    CHECK(ended.says("#/evaluate/attacks/1/steps its plan.json has 5, and this pipeline 6"));
    CHECK(file_content(out + "/results.json") == before);

    std::filesystem::create_directory(folder / "mine");
    folder.write("mine/results.json", "precious");
    const Ended foreign =
        spar::test::spar({"run", folder / "p.json", "--out", folder / "mine", "--resume"});
    CHECK(foreign.code == 2);
    CHECK(foreign.says("no run to resume"));
    CHECK(file_content(folder / "mine/results.json") == "precious");
}

TEST_CASE("one folder, one process at a time") {
    const Folder folder;
    const std::string out = folder / "run", pipeline = write(folder, "p.json", small_pipeline());
    run({pipeline, "--out", out});
    const int held = ::open(out.c_str(), O_RDONLY | O_DIRECTORY);
    REQUIRE(::flock(held, LOCK_EX | LOCK_NB) == 0);
    const Ended ended = spar::test::spar({"run", pipeline, "--out", out, "--resume"});
    ::close(held);
    CHECK(ended.code == 2);
    CHECK(ended.says("another process is running there"));
    run({pipeline, "--out", out, "--resume"});
}

TEST_CASE("an untrained network is evaluated with a warning") {
    const Folder folder;
    Json pipeline = small_pipeline();
    pipeline.erase("train");
    for (const char *part : {"train", "validation"}) pipeline["data"].erase(part);
    const Ended ended = refused(folder, pipeline);
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.says("the network is evaluated as it is initialised"));
}
