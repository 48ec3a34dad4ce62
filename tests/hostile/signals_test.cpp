// Two processes for one command: what is sent to either reaches both, and neither outlives the
// other.
#include "hostile.hpp"

using namespace spar::test;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

/// In front of every script: `start` runs the pipeline in a process group of its own as $p and
/// waits for it to save; $w is the process that works. `gone` waits until a process is none.
const std::string functions = R"(
set -m
start() {
    "$SPAR" run p.json --out o -q --plugin-dir "$ZOO/misbehaving" --plugin-dir "$ZOO/ending" "$@" & p=$!
    until [ -e o/checkpoints/last.safetensors ] || ! kill -0 $p; do sleep 0.02; done
    w=$(cat /proc/$p/task/$p/children); w=${w%% *}
}
state() { sed -n 's/^State:.\(.\).*/\1/p' /proc/$1/status 2>/dev/null; }
gone() { until s=$(state $1); [ -z "$s" ] || [ "$s" = Z ] || [ "$s" = X ]; do sleep 0.02; done; }
)";

/// A run that trains for hours, or hangs in its evaluation.
Ended script(const std::string &lines, bool hangs = false) {
    const Folder folder;
    Json pipeline = sound_pipeline();
    pipeline["data"]["train"] = pipeline["data"]["test"] = {{"type", "misbehaving_dataset"}};
    pipeline["model"] = {{"type", "misbehaving_model"}};
    if (!hangs) pipeline["train"]["epochs"] = 1000000;
    if (hangs)
        pipeline["evaluate"]["attacks"] =
            Json::parse(R"([{"type": "ending_attack", "how": "hang", "where": "evaluation"}])");
    folder.write("p.json", pipeline.dump());
    const Ended ended = run_program({"bash", "-c", functions + lines},
                                    {{"SPAR", SPAR_BINARY},
                                     {"ZOO", SPAR_ZOO_DIR},
                                     {"SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR},
                                     {"XDG_DATA_HOME", "/nonexistent"}},
                                    folder.path().string());
    CHECK(!ended.late);
    return ended;
}

}  // namespace

TEST_CASE("a signal to either process, to both and to the group saves") {
    for (const std::string whom : {"$p", "$w", "$p $w", "-$p"})
        for (const std::string signal : {"INT", "TERM", "HUP"}) {
            CAPTURE(whom);
            CAPTURE(signal);
            const Ended ended = script("start; kill -" + signal + " -- " + whom + "; wait $p");
            INFO(ended.err);
            CHECK(ended.code == 75);
            CHECK(ended.says("--resume"));
        }
}

TEST_CASE("what timeout sends, to the process and to its group, saves") {
    for (int time = 0; time < 3; ++time) {
        const Ended ended = script(
            "timeout --preserve-status 1 \"$SPAR\" run p.json --out o -q "
            "--plugin-dir \"$ZOO/misbehaving\"");
        INFO(ended.err);
        CHECK(ended.code == 75);
        CHECK(ended.says("--resume"));
    }
}

TEST_CASE("a second signal ends both at once") {
    for (const std::string whom : {"$p", "-$p"}) {
        CAPTURE(whom);
        const Ended ended = script("start; sleep 0.5; kill -INT -- " + whom +
                                       "; sleep 0.5; kill -0 $p || exit 99; kill -INT -- " + whom +
                                       "; wait $p; code=$?; gone $w; exit $code",
                                   true);
        INFO(ended.err);
        CHECK(ended.code == 130);
    }
}

TEST_CASE("killed, the one takes the other along, and the run can go on at once") {
    const Ended parent = script(
        "start; kill -KILL $p; wait $p; [ $? = 137 ] || exit 99; "
        "start --resume; sleep 0.7; kill -TERM $p; wait $p; code=$?; gone $w; exit $code");
    INFO(parent.err);
    CHECK(parent.code == 75);
    const Ended child = script(
        "start; kill -KILL $w; wait $p; [ $? = 8 ] || exit 99; gone $p; "
        "start --resume; sleep 0.7; kill -TERM $p; wait $p");
    INFO(child.err);
    CHECK(child.code == 75);
    CHECK(child.says("SIGKILL"));
    CHECK(child.says("--resume goes on"));
}

TEST_CASE("stopped as by a terminal, both stop, and go on together") {
    const Ended ended = script(
        "start; kill -TSTP $p; until [ \"$(state $p)$(state $w)\" = TT ]; do sleep 0.02; done; "
        "kill -CONT $p; until [ \"$(state $p)\" = S ] && [ \"$(state $w)\" != T ]; do sleep 0.02; "
        "done; kill -TERM $p; wait $p");
    INFO(ended.err);
    CHECK(ended.code == 75);
}

TEST_CASE("for a debugger there is one process") {
    const Ended ended = script(
        "export SPAR_ONE_PROCESS=1; start; [ -z \"$w\" ] || exit 99; kill -TERM $p; wait $p");
    INFO(ended.err);
    CHECK(ended.code == 75);
}

#endif
