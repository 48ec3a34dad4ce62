// How the command ends, whatever reads its output: a failure is never 0, and a reader that is slow,
// gone or full never stops a training.

#include "process.hpp"

#include <poll.h>

using namespace spar::test;

namespace {

/// Trains and evaluates in a moment. `examples` of training decide for how long.
std::string pipeline(const Folder &folder, int epochs = 2, int examples = 40) {
    return folder.write("p.json", R"({"version": 1, "name": "p",
        "data": {"train": {"type": "digits", "examples": )" +
                                      std::to_string(examples) + R"(},
                 "test": {"type": "digits", "examples": 20}},
        "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "sgd", "lr": 0.1}, "epochs": )" +
                                      std::to_string(epochs) + R"(},
        "evaluate": {"attacks": [{"type": "fgsm"}]}})");
}

/// A line of the shell with the command as $SPAR and the built plugins, in the folder.
Ended shell(const std::string &line, const Folder &folder) {
    return run_program({"bash", "-c", "set -o pipefail; " + line},
                       {{"SPAR", SPAR_BINARY},
                        {"SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR},
                        {"XDG_DATA_HOME", "/nonexistent"}},
                       folder.path().string());
}

/// Starts the command with its standard output in a pipe without a reader, full except for a few
/// bytes.
struct Unread {
    Unread(const std::vector<std::string> &words, const std::string &from) {
        REQUIRE(::pipe(ends) == 0);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        const std::string page(4096, 'x');
        while (::write(ends[1], page.data(), page.size()) > 0) {
        }
        ::fcntl(ends[1], F_SETFL, 0);
        pid = ::fork();
        if (pid == 0) {
            ::dup2(ends[1], 1);
            ::close(ends[0]);
            ::close(ends[1]);
            ::dup2(::open("/dev/null", O_WRONLY), 2);
            ::setenv("SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR, 1);
            std::vector<char *> arguments{const_cast<char *>(SPAR_BINARY)};
            for (const std::string &word : words)
                arguments.push_back(const_cast<char *>(word.c_str()));
            arguments.push_back(nullptr);
            if (::chdir(from.c_str()) == 0) ::execv(SPAR_BINARY, arguments.data());
            ::_exit(127);
        }
        ::close(ends[1]);
    }
    int ends[2];
    pid_t pid;
};

}  // namespace

TEST_CASE("a failure is the same whatever reads it") {
    const Folder folder;
    pipeline(folder);
    const std::string missing = "--set 'data.test={\"type\": \"npz\", \"file\": \"no.npz\"}'";
    const std::string threshold = "--set 'evaluate.threshold={\"clean_accuracy\": 1}'";
    int n = 0;
    for (const char *reader : {" | true", " > /dev/full", " >&-", " | cat", " --json | true",
                               " --json > /dev/full", " --json >&-"})
        for (const auto &[change, code] : {std::pair<std::string, int>{"--set train.epochs=0", 3},
                                           {missing, 6},
                                           {threshold, 5},
                                           {"--no-such-option", 2}}) {
            CAPTURE(reader);
            CAPTURE(change);
            const std::string out = " --out o" + std::to_string(++n) + " ";
            const Ended ended = shell("\"$SPAR\" run p.json " + change + out + reader, folder);
            CHECK(ended.code == code);
            CHECK_FALSE(ended.err.empty());
        }
}

TEST_CASE("a reader that is gone, full or closed does not stop a training") {
    const Folder folder;
    pipeline(folder, 5);
    int n = 0;
    for (const char *reader : {" | true", " | head -1", " > /dev/full", " >&-"}) {
        CAPTURE(reader);
        const std::string out = "o" + std::to_string(++n);
        const Ended ended = shell("\"$SPAR\" run p.json --out " + out + reader, folder);
        CHECK(ended.err == "");
        CHECK(ended.code == 0);
        CHECK(std::filesystem::exists(folder / out + "/results.json"));
    }
    // If the output is the command's result, losing it is a failure, once everything is saved.
    const Ended lost = shell("\"$SPAR\" run p.json --out lost --json > /dev/full", folder);
    CHECK(lost.code == 7);
    CHECK(lost.says("standard output cannot be written: No space left on device"));
    CHECK(std::filesystem::exists(folder / "lost/results.json"));
}

TEST_CASE("a reader that pauses does not hold up a training, and signals are handled") {
    const Folder folder;
    pipeline(folder, 20);
    Unread paused({"run", "p.json", "--out", "o"}, folder.path().string());
    for (int i = 0; i < 3000 && !std::filesystem::exists(folder / "o/results.json"); ++i)
        ::usleep(10000);
    CHECK(std::filesystem::exists(folder / "o/results.json"));
    ::close(paused.ends[0]);  // the reader goes away: nothing more to wait for
    int status = 0;
    ::waitpid(paused.pid, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a reader that never comes back keeps neither the command nor a signal from ending") {
    for (const bool signalled : {false, true}) {
        CAPTURE(signalled);
        const Folder folder;
        pipeline(folder, 3);
        Unread paused({"run", "p.json", "--out", "o"}, folder.path().string());
        for (int i = 0; i < 3000 && !std::filesystem::exists(folder / "o/results.json"); ++i)
            ::usleep(10000);
        REQUIRE(std::filesystem::exists(folder / "o/results.json"));
        if (signalled) {
            ::usleep(300000);
            ::kill(paused.pid, SIGTERM);
        }
        int status = 0, waited = 0;
        while (::waitpid(paused.pid, &status, WNOHANG) == 0 && ++waited < 3000) ::usleep(10000);
        CHECK(waited < (signalled ? 300 : 3000));
        if (waited >= 3000) ::kill(paused.pid, SIGKILL);
        if (!signalled) CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
        ::close(paused.ends[0]);
    }
}

TEST_CASE("SIGHUP saves, and a command that ignores it is not stopped") {
    const Folder folder;
    pipeline(folder, 100000, 400);
    const std::string start =
        "\"$SPAR\" run p.json --out o & p=$!; until [ -e o/checkpoints/last.safetensors ]; do "
        "sleep 0.02; done; kill -HUP $p; ";
    const Ended ended = shell(start + "wait $p", folder);
    CHECK(ended.code == 75);
    CHECK(ended.says("--resume"));
    std::filesystem::remove_all(folder / "o");
    const Ended ignored =
        shell("trap '' HUP; " + start + "sleep 0.3; kill -0 $p && kill -TERM $p; wait $p", folder);
    CHECK(ignored.code == 75);
}

TEST_CASE("threads that the system does not start are an error") {
    const Folder folder;
    pipeline(folder);
    const Ended ended =
        shell("ulimit -v 2000000; timeout 60 \"$SPAR\" run p.json --out o --threads 1024", folder);
    CHECK(ended.code == 8);
    CHECK(ended.says("of 1024 threads"));
    CHECK(ended.says("--threads"));
}

TEST_CASE("a file beyond the system's limit is a failure with words") {
    const Folder folder;
    pipeline(folder);
    const Ended ended = shell("ulimit -f 8; \"$SPAR\" run p.json --out o", folder);
    CHECK(ended.code == 7);
    CHECK(ended.says("File too large"));
}

TEST_CASE("control characters in foreign text are escaped, never sent") {
    const Folder folder;
    const std::string evil =
        "a\x1b[2J\x07\xc2\x9b"
        "31m\x7f";
    folder.write("p.json", R"({"version": 1, "name": "p", "data": {"train": {"type": "idx",
        "images": "a\u001b[2J\u0007\u009b31m\u007f", "labels": "l"}},
        "model": {"type": "sequential", "layers": []}, "a\u001b[2J\u009b": 1})");
    folder.write(evil + ".json", "{");
    for (const std::vector<std::string> &words :
         std::vector<std::vector<std::string>>{{"check", "p.json"},
                                               {"check", "p.json", "--json"},
                                               {"check", evil + ".json"},
                                               {"run", "p.json", "--set", evil + "=1"},
                                               {"describe", evil},
                                               {"help", evil},
                                               {"run", "p.json", "--plugin-dir", evil},
                                               {evil},
                                               {"run", "x", "--" + evil}}) {
        const Ended ended = spar::test::spar({words}, {}, folder.path().string());
        CAPTURE(ended.all());
        CHECK(ended.code != 0);
        for (const char *bad : {"\x1b", "\x07", "\xc2\x9b", "\x7f"})
            CHECK(ended.all().find(bad) == std::string::npos);
    }
    const Ended json = spar::test::spar({"check", "p.json", "--json"}, {}, folder.path().string());
    CHECK(spar::host::Json::parse(json.out).at("error").at("exit") == 3);
}
