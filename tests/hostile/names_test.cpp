// Who may be loaded under which name, and from where.
#include "hostile.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace spar;
using namespace spar::test;

namespace {

const std::string shadow = fs::canonical(SPAR_ZOO_DIR "/shadows/aaa.so").string();
const std::vector<std::string> with_shadow{"--plugin-dir", SPAR_ZOO_DIR "/shadows"};

Json attacked_by_pgd() {
    return with("/evaluate/attacks", Json::array({Json{{"type", "pgd"}}}));
}

host::Registry found_in(const fs::path &folder) {
    return host::Registry::discover({folder}, host::host_table());
}

}  // namespace

TEST_CASE("a plugin with the name of a built-in is refused, and says how to use it") {
    const host::Registry found =
        host::Registry::discover({SPAR_ZOO_DIR "/shadows", SPAR_PLUGIN_DIR}, host::host_table());
    const host::ComponentEntry *pgd = found.find(SPAR_KIND_ATTACK, "pgd");
    REQUIRE(pgd != nullptr);
    CHECK(pgd->plugin->path.filename() == "pgd.so");
    REQUIRE(found.refusals().size() == 1);
    CHECK(found.refusals()[0].path == shadow);
    CHECK(found.refusals()[0].reason.find("one of Spar's own") != std::string::npos);
    CHECK(found.refusals()[0].reason.find("\"plugin\"") != std::string::npos);
    CHECK(found.find_in(shadow, SPAR_KIND_ATTACK, "pgd") != nullptr);
}

TEST_CASE("a run takes the built-in and tells of the other") {
    const Ran plain = run_json(attacked_by_pgd(), with_shadow);
    INFO(plain.ended.err);
    CHECK(plain.ended.code == 0);
    CHECK(plain.ended.says("aaa.so holds one too"));
}

TEST_CASE("a pipeline takes a plugin by its file") {
    const Folder folder;
    Json pipeline = attacked_by_pgd();
    pipeline["evaluate"]["attacks"][0]["plugin"] = shadow;
    const std::string file = folder.write("pipeline.json", pipeline.dump());
    const Ended ended =
        spar::test::spar({"run", file, "--out", folder / "out", with_shadow[0], with_shadow[1]});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(!ended.says("holds one too"));
    const Json results = Json::parse(file_content(folder / "out/results.json"));
    CHECK(results.dump().find("6.6.6") != std::string::npos);

    fs::create_symlink(SPAR_ZOO_DIR "/shadows", folder.path() / "there");
    pipeline["evaluate"]["attacks"][0]["plugin"] = "there/aaa.so";  // relative to the pipeline
    CHECK(spar::test::spar({"check", folder.write("pipeline.json", pipeline.dump()), with_shadow[0],
                            with_shadow[1]})
              .code == 0);
}

TEST_CASE("a plugin that a pipeline names must be there") {
    Json pipeline = attacked_by_pgd();
    pipeline["evaluate"]["attacks"][0]["plugin"] = shadow;
    check_refused(run_json(pipeline), 3,
                  {"#/evaluate/attacks/0/plugin", "aaa.so", "--plugin-dir", "searched"});
    pipeline["evaluate"]["attacks"][0] = {{"type", "fgsm"}, {"plugin", shadow}};
    check_refused(run_json(pipeline, with_shadow), 3, {"#/evaluate/attacks/0/plugin"});
    pipeline["evaluate"]["attacks"][0]["plugin"] = 7;
    check_refused(run_json(pipeline, with_shadow), 3, {"#/evaluate/attacks/0/plugin"});
}

TEST_CASE("an unknown type tells where plugins were looked for") {
    check_refused(run_json(with("/evaluate/attacks/0/type", "rfgsm")), 3,
                  {"no attack is called \"rfgsm\"", "searched: ", SPAR_PLUGIN_DIR});
    const Ended nowhere = spar::test::spar({"list"}, {{"SPAR_PLUGIN_PATH", "/nope:relative"}});
    CHECK(nowhere.says("SPAR_PLUGIN_PATH names \"/nope\", which is no folder"));
    CHECK(nowhere.says("\"relative\", which is relative"));
}

TEST_CASE("plugins that others could have put there are refused") {
    const Folder folder;
    fs::copy(SPAR_ZOO_DIR "/ending/ending.so", folder.path() / "mine.so");
    CHECK(found_in(folder.path()).plugins().size() == 1);

    REQUIRE(::chmod((folder / "mine.so").c_str(), 0777) == 0);
    host::Registry found = found_in(folder.path());
    CHECK(found.plugins().empty());
    REQUIRE(found.refusals().size() == 1);
    CHECK(found.refusals()[0].reason.find("written to by everybody") != std::string::npos);

    REQUIRE(::chmod((folder / "mine.so").c_str(), 0755) == 0);
    REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
    found = found_in(folder.path());
    CHECK(found.plugins().empty());
    REQUIRE(found.refusals().size() == 1);
    CHECK(found.refusals()[0].path == folder.path());

    const Folder other;
    fs::create_symlink(folder.path() / "mine.so", other.path() / "linked.so");
    found = found_in(other.path());
    CHECK(found.plugins().empty());
    REQUIRE(found.refusals().size() == 1);
    CHECK(found.refusals()[0].reason.find("lies in a folder that") != std::string::npos);

    REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
    if (::chown((folder / "mine.so").c_str(), 12345, 12345) == 0) {
        found = found_in(folder.path());
        REQUIRE(found.refusals().size() == 1);
        CHECK(found.refusals()[0].reason.find("another user") != std::string::npos);
    }
}

TEST_CASE("classes of one name in two plugins stay apart") {
    const host::Registry found = found_in(SPAR_ZOO_DIR "/namesakes");
    CHECK(found.refusals().empty());
    for (const std::string type : {"one", "other"}) {
        const host::ComponentEntry *entry = found.find(SPAR_KIND_ATTACK, "namesake_" + type);
        REQUIRE(entry != nullptr);
        CHECK(entry->descriptor->summary == "Is the " + type + ".");
        CHECK(entry->load().summary == "Is the " + type + ".");
    }
    CHECK(found.find(SPAR_KIND_ATTACK, "namesake_one")->load().table !=
          found.find(SPAR_KIND_ATTACK, "namesake_other")->load().table);
}
