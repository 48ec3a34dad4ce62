// A run that is killed anywhere, or whose disk fills up, can be resumed to the same bytes.
#include "../pipelines/pipelines.hpp"

#include <random>

using namespace spar::test;

namespace {

/// Enough files and examples of every sort, in a moment.
std::string pipeline(const Folder &folder) {
    Json json = small_pipeline();
    json["evaluate"]["batch_size"] = 11;
    return write(folder, "p.json", json);
}

/// A line of the shell with the command as $SPAR; its exit status, 128 and more for a signal.
int shell(const std::string &line, const Folder &folder) {
    const Ended ended = run_program({"bash", "-c", line},
                                    {{"SPAR", SPAR_BINARY},
                                     {"SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR},
                                     {"XDG_DATA_HOME", "/nonexistent"}},
                                    folder.path().string());
    INFO(ended.err);
    CHECK(!ended.late);
    return ended.code;
}

/// Goes on to the end, whatever is there, and finds what an undisturbed run finds.
void check_goes_on(const Folder &folder, const std::string &file,
                   const std::map<std::string, std::string> &whole) {
    const std::string out = folder / "out";
    std::vector<std::string> words{file, "--out", out, "--threads", "1"};
    if (std::filesystem::exists(out)) words.emplace_back("--resume");
    run(words);
    check_same_run(whole, what_must_repeat(out));
    for (const auto &entry : std::filesystem::recursive_directory_iterator(out)) {
        CHECK(entry.path().string().find(".partial") == std::string::npos);
        CHECK(entry.path().filename() != "evaluation.log");
    }
    std::filesystem::remove_all(out);
}

}  // namespace

TEST_CASE("killed at random times, again and again") {
    const Folder folder;
    const std::string file = pipeline(folder);
    run({file, "--out", folder / "whole"});
    const auto whole = what_must_repeat(folder / "whole");
    std::mt19937 random(5);
    for (int round = 0; round < 4; ++round) {
        for (int kill = 0; kill < 3; ++kill) {
            const std::string seconds =
                std::to_string(0.15 + 0.001 * static_cast<double>(random() % 1500));
            CAPTURE(seconds);
            const std::string resume = std::filesystem::exists(folder / "out") ? " --resume" : "";
            shell("timeout -s KILL " + seconds + " \"$SPAR\" run p.json --out out --threads 2" +
                      resume,
                  folder);
        }
        check_goes_on(folder, file, whole);
    }
}

TEST_CASE("killed at one system call after another") {
    const Folder folder;
    if (shell("strace -o /dev/null true", folder) != 0) {
        MESSAGE("skipped: strace is not installed, or may not trace");
        return;
    }
    // The leak checker stops a program that is traced.
    const std::string trace = "ASAN_OPTIONS=detect_leaks=0 strace -f ";
    const std::string file = pipeline(folder);
    run({file, "--out", folder / "whole"});
    const auto whole = what_must_repeat(folder / "whole");
    const std::string calls = "write,pwrite64,rename,fsync,fdatasync,ftruncate,unlink,mkdir";
    // All calls of a run are counted first; then it is killed at some of them.
    REQUIRE(shell(trace + "-o calls -e trace=" + calls +
                      " \"$SPAR\" run p.json --out out "
                      "--threads 1 >/dev/null",
                  folder) == 0);
    std::filesystem::remove_all(folder / "out");
    const std::string text = file_content(folder / "calls");
    const auto all = std::count(text.begin(), text.end(), '\n');
    REQUIRE(all > 20);
    const char *every = std::getenv("SPAR_TEST_EVERY_KILL");
    const std::int64_t step = every != nullptr ? 1 : std::max<std::int64_t>(1, all / 4);
    for (std::int64_t n = 1; n < all; n += step) {
        CAPTURE(n);
        // `when` counts each call separately, so each of them is tried.
        for (const char *call : {"pwrite64", "rename", "fsync", "write"}) {
            shell(trace + "-o /dev/null -e inject=" + std::string(call) +
                      ":signal=KILL:when=" + std::to_string(n) +
                      " \"$SPAR\" run p.json --out out --threads 1 >/dev/null 2>&1",
                  folder);
            check_goes_on(folder, file, whole);
            if (every == nullptr && n > step) break;
        }
    }
}

TEST_CASE("files that may not grow: one exit code, and the run can be resumed") {
    const Folder folder;
    const std::string file = pipeline(folder);
    run({file, "--out", folder / "whole"});
    const auto whole = what_must_repeat(folder / "whole");
    for (const int kilobytes : {1, 8, 64, 200, 400}) {
        CAPTURE(kilobytes);
        const int code = shell("ulimit -f " + std::to_string(kilobytes) +
                                   "; \"$SPAR\" run p.json --out out 2>err >/dev/null",
                               folder);
        CHECK((code == 7 || code == 0));
        if (code != 0) CHECK_FALSE(file_content(folder / "err").empty());
        check_goes_on(folder, file, whole);
    }
}

TEST_CASE("a full file system: one exit code, and the run can be resumed") {
    const Folder folder;
    const std::string file = pipeline(folder);
    if (shell("unshare -m true", folder) != 0) return;
    for (const int kilobytes : {16, 100, 300}) {
        CAPTURE(kilobytes);
        const std::string size = std::to_string(kilobytes);
        const int code =
            shell("mkdir -p small; unshare -m bash -c 'mount -t tmpfs -o size=" + size +
                      "k none small || exit 7; \"$SPAR\" run p.json --out small/out "
                      "2>err >/dev/null'",
                  folder);
        CHECK(code == 7);
    }
}

TEST_CASE("of two processes in one folder one runs") {
    const Folder folder;
    const std::string file = pipeline(folder);
    for (int round = 0; round < 3; ++round) {
        const int code = shell(
            "for i in 1 2 3 4; do (\"$SPAR\" run p.json --out out >/dev/null 2>&1; "
            "echo $? > code$i) & done; wait",
            folder);
        CHECK(code == 0);
        int done = 0, refused = 0;
        for (const char *name : {"code1", "code2", "code3", "code4"}) {
            done += file_content(folder / name) == "0\n" ? 1 : 0;
            refused += file_content(folder / name) == "2\n" ? 1 : 0;
        }
        CHECK(done == 1);
        CHECK(refused == 3);
        std::filesystem::remove_all(folder / "out");
    }
}
