// What goes wrong in the user's file, and in its process: each error says what, where, and how to
// go on.
#include "fixture.hpp"
#include "process.hpp"

#include <csignal>
#include <sstream>

using namespace fixture;
using spar::test::Ended;
using spar::test::Folder;

namespace {

/// A pipeline of one example's shape that calls net.py beside it.
std::string pipeline(const std::string &more = "") {
    return R"({"version": 2, "name": "p", "data": {"test": {"type": "digits", "examples": 9}},
               "model": {"type": "python", "call": "net.py:net", "arrays": "memoryview")" +
           more + R"(}, "threat": {"norm": "linf", "eps": 0.1},
               "evaluate": {"attacks": [{"type": "pgd", "steps": 2}]}})";
}

Ended command(const std::string &what, const Folder &folder, const std::string &source,
              const std::string &more = "") {
    if (!source.empty()) folder.write("net.py", source);
    std::vector<std::string> words{what, folder.write("p.json", pipeline(more))};
    if (what == "run") words.insert(words.end(), {"--out", folder / "out"});
    return spar::test::spar(words);
}

void refuses(const Ended &ended, int code, const std::vector<std::string> &texts) {
    INFO(ended.err);
    CHECK(ended.code == code);
    for (const std::string &text : texts) {
        CAPTURE(text);
        CHECK(ended.says(text));
    }
}

/// What a net says when it is given two examples of shape [3].
Refusal refusal(const std::string &source, const std::string &options = plain) {
    return refusal_of([&] {
        Net net(source, options);
        net.set_up({3});
        const Floats x = numbers(6), at = numbers(4);
        net.pass(x, &at);
        net.pass(x, &at);
    });
}

void check_refusal(const Refusal &found, spar_status status, const std::string &pointer,
                   const std::vector<std::string> &texts) {
    INFO(found.message);
    CHECK(found.status == status);
    CHECK(found.pointer == pointer);
    for (const std::string &text : texts) {
        CAPTURE(text);
        CHECK(found.says(text));
    }
}

std::string returning(const std::string &outputs, const std::string &gradient = "x") {
    return "def net(x):\n    return " + outputs + ", lambda at: " + gradient + "\n";
}

}  // namespace

TEST_CASE("check finds a missing interpreter, file and name, and what is not a net") {
    const Folder folder;
    refuses(command("check", folder, "", ""), 3, {"#/model/call", "net.py", "cannot be read"});
    const std::string good = returning("[[0.0, 1.0]] * x.shape[0]");
    CHECK(command("check", folder, good).code == 0);
    refuses(command("check", folder, good, R"(, "interpreter": "python9")"), 3,
            {"#/model/interpreter", "no program \"python9\"", "give the Python that has"});
    refuses(command("check", folder, good, R"(, "interpreter": "./net.py")"), 3,
            {"#/model/interpreter"});
    refuses(command("check", folder, "def other(x): pass\n"), 3,
            {"#/model/call", "no 'net' in it", "it defines other"});
    refuses(command("check", folder, "net = 7\n"), 3, {"#/model/call", "of type int"});
    refuses(command("check", folder, "import no_such_library\n"), 3,
            {"No module named 'no_such_library'", "net.py, line 1"});
    refuses(command("check", folder, "def net(x:\n"), 3, {"SyntaxError", "line 1"});
    refuses(spar::test::spar({"check", "--set", "model.call=net.txt:net", folder / "p.json"}), 3,
            {"#/model/call", "does not end in .py"});
    refuses(spar::test::spar({"check", "--set", "model.call=net.py", folder / "p.json"}), 3,
            {"#/model/call", "expected \"net.py:net\""});
}

TEST_CASE("file and interpreter are relative to the pipeline file that names them") {
    const Folder folder;
    std::filesystem::create_directory(folder / "base");
    folder.write("base/net.py", returning("[[0.0, 1.0] * 5] * x.shape[0]"));
    folder.write("base/python", "#!/bin/sh\nexec python3 \"$@\"\n");
    std::filesystem::permissions(folder / "base/python", std::filesystem::perms::owner_all);
    folder.write("base/p.json", pipeline(R"(, "interpreter": "./python")"));
    const std::string file = folder.write("p.json", R"({"extends": "base/p.json", "name": "q"})");
    const Ended ended = spar::test::spar({"run", file, "--out", folder / "out"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const std::string plan = spar::test::file_content(folder / "out/plan.json");
    CHECK(plan.find(folder / "base/net.py:net") != std::string::npos);
    CHECK(spar::test::spar({"check", folder / "out/plan.json"}).code == 0);
}

TEST_CASE("check runs the net where the pipeline tells the shape") {
    const Folder folder;
    const std::string shape = R"(, "shape": [1, 28, 28])";
    CHECK(command("check", folder, returning("[[0.0, 1.0]] * x.shape[0]"), shape).code == 0);
    const std::string flat = returning("[0.5] * x.shape[0]");
    CHECK(command("check", folder, flat).code == 0);
    refuses(command("check", folder, flat, shape), 3,
            {"#/model/call",
             "net.py:net, the first trial: it gave outputs of shape [2] for 2 "
             "examples of shape [1,28,28], expected [2,outputs]"});
}

TEST_CASE("outputs and gradients of another shape or kind are refused") {
    check_refusal(refusal(returning("[0.5] * x.shape[0]")), SPAR_E_INVALID, "/call",
                  {"outputs of shape [2] for 2 examples of shape [3]"});
    check_refusal(refusal("def net(x):\n    return [[0.5]] * x.shape[0]\n"), SPAR_E_INVALID,
                  "/call", {"a list", "expected the pair (outputs, pullback)"});
    check_refusal(refusal(returning("[[0.5, 1]] * x.shape[0]", "[1, 2, 3]")), SPAR_E_INVALID,
                  "/call", {"a gradient of 3 values, expected [2,3]"});
    check_refusal(refusal(R"(
calls = []
def net(x):
    calls.append(1)
    return [[0.5] * (2 if len(calls) < 3 else 3)] * x.shape[0], lambda at: x
)"),
                  SPAR_E_INVALID, "/call", {"outputs of shape [2,3] for 2 examples", "[2,2]"});
    check_refusal(refusal(returning("[['a', 'b']] * x.shape[0]")), SPAR_E_INVALID, "/call",
                  {"TypeError"});
}

TEST_CASE("an exception is told with its place, file and line") {
    const Refusal forward = refusal(R"(
calls = []
def deep(x):
    calls.append(1)
    return 1 / (len(calls) - 2)
def net(x):
    return [[deep(x), 0.0]] * x.shape[0], lambda at: x
)");
    check_refusal(forward, SPAR_E_INVALID, "/call",
                  {"net.py:net, the forward pass: ZeroDivisionError", "net.py, line 5, in deep",
                   "return 1 / (len(calls) - 2)"});
    check_refusal(refusal(returning("[[0.5, 1.0]] * x.shape[0]", "at.no_such_thing")),
                  SPAR_E_INVALID, "/call",
                  {"the backward pass: AttributeError", "no_such_thing", "net.py, line 2"});
    check_refusal(refusal("import sys\ndef net(x): sys.exit(3)\n"), SPAR_E_INVALID, "/call",
                  {"SystemExit: 3"});
}

TEST_CASE("NaN is an error that names the example and looks at its input") {
    const std::string nan = R"(
calls = []
def net(x):
    calls.append(1)
    rows = [[0.5, 1.0] for _ in range(x.shape[0])]
    if len(calls) > 1: rows[1][1] = float("nan")
    return rows, lambda at: x
)";
    check_refusal(refusal(nan), SPAR_E_INVALID, "/call",
                  {"NaN in the outputs of example 101, value 1", "division by zero"});
    check_refusal(refusal(returning("[[0.5, 1.0]] * x.shape[0]", "[0, 0, float('inf'), 0, 0, 0]")),
                  SPAR_E_INVALID, "/call", {"an infinity in the gradient of example 100, value 2"});
    check_refusal(refusal_of([&] {
                      Net net(returning("x"), plain);
                      net.set_up({3});
                      net.pass({1, 2, NAN});
                  }),
                  SPAR_E_INVALID, "/call", {"but in its input too"});
}

TEST_CASE("a hang ends with the time that was given, and says where it was") {
    const std::string hang = R"(
import time
calls = []
def stuck():
    print("before it")
    time.sleep(1000)
def net(x):
    calls.append(1)
    if len(calls) > 1: stuck()
    return x, lambda at: x
)";
    const auto begin = std::chrono::steady_clock::now();
    check_refusal(refusal(hang, plain + R"(, "timeout": 1.5)"), SPAR_E_INTERNAL, "/timeout",
                  {"the forward pass: no answer within 1.5 seconds", "before it", "line 6 in stuck",
                   "raise \"timeout\""});
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    const Folder folder;
    refuses(command("check", folder, "while True: pass\n", R"(, "timeout": 1)"), 3,
            {"reading it: no answer within 1 seconds", "line 1 in <module>"});
}

TEST_CASE("the end of the process is told with its reason and its last words") {
    const auto dying = [](const std::string &how) {
        return "import os, signal, sys\ncalls = []\ndef net(x):\n    calls.append(1)\n"
               "    if len(calls) > 1:\n        print('I am going')\n        " +
               how + "\n    return x, lambda at: x\n";
    };
    check_refusal(
        refusal(dying("os.kill(os.getpid(), signal.SIGKILL)")), SPAR_E_MEMORY, "/call",
        {"its process was killed by signal 9", "last words: I am going", "memory is short"});
    check_refusal(refusal(dying("os.kill(os.getpid(), signal.SIGSEGV)")), SPAR_E_INTERNAL, "/call",
                  {"signal 11", "line 7 in net", "Call it from Python"});
    check_refusal(refusal(dying("os._exit(5)")), SPAR_E_INTERNAL, "/call", {"ended with status 5"});
    // A child of its own holds its files open.
    check_refusal(
        refusal(dying("os.fork() or os.kill(os.getppid(), 9); import time; time.sleep(9)")),
        SPAR_E_MEMORY, "/call", {"signal 9"});
    const Folder folder;
    refuses(command("check", folder, dying(""), R"(, "interpreter": "/bin/false")"), 3,
            {"reading it: its process ended with status 1"});
}

TEST_CASE("a run whose net fails ends with the error, and its output is in the log") {
    const Folder folder;
    const Ended ended = command("run", folder, R"(
import sys
print("to the output")
print("to the errors", file=sys.stderr)
calls = []
def net(x):
    calls.append(1)
    if len(calls) > 2: raise ValueError("no more")
    return [[0.5, 1.0] * 5] * x.shape[0], lambda at: x
)");
    refuses(ended, 3, {"#/model/call: net.py:net", "ValueError: no more", "net.py, line 8"});
    CHECK(!ended.says("to the output"));
    std::filesystem::remove_all(folder / "out");
    const Ended verbose =
        spar::test::spar({"run", folder / "p.json", "--out", folder / "out", "--verbose"});
    CHECK(verbose.says("info: #/model: model \"python\" of the plugin python.so: to the output"));
    CHECK(verbose.says("to the errors"));
}
