// spar check: what it finds without data, and the ways to give it a pipeline.
#include "python.hpp"
#include "toy_spar.hpp"

#include <algorithm>
#include <sstream>

using namespace spar;
using namespace spar::test;

TEST_CASE("names of files with line ends stay on one line of a message") {
    const Folder folder;
    const std::string forged = "p\nspar: all is well";
    const auto lines = [](const Ended &ended) {
        INFO(ended.err);
        CHECK(ended.code != 0);
        CHECK(has(ended.err, "\\u000aspar: all is well"));
        CHECK(!has(ended.err, "\nspar: all is well"));
    };
    lines(toy_spar({"check", folder / (forged + ".json")}));
    const host::Json json = host::Json::parse(R"({"version": 2, "name": "p", "evaluate": {},
        "data": {"test": {"type": "npz", "file": "p\nspar: all is well"}},
        "model": {"type": "sequential", "layers": [{"type": "flatten"}]}})");
    lines(spar::test::spar({"check", folder.write("q.json", json.dump())}));
}

TEST_CASE("a pipeline comes through a pipe as well as from a file") {
    const Folder folder;
    const std::string file = folder.write("p.json", toy_pipeline);
    for (const std::string &way :
         {"cat " + file + " | \"$SPAR\" check -", "cat " + file + " | \"$SPAR\" check /dev/stdin",
          "\"$SPAR\" check /dev/stdin < " + file, "\"$SPAR\" check - < " + file,
          "\"$SPAR\" check <(cat " + file + ")"}) {
        INFO(way);
        const Ended ended = shell(way);
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(has(ended.out, "no problems"));
    }
    const Ended wrong = shell("sed s/linf/l7/ " + file + " | \"$SPAR\" check -");
    CHECK(wrong.code == 3);
    CHECK(has(wrong.err, "standard input#/threat/norm: "));
    const Ended empty = shell("\"$SPAR\" check - < /dev/null");
    CHECK(empty.code == 3);
    CHECK(has(empty.err, "standard input: is empty"));
    CHECK(shell("\"$SPAR\" check - <&-").code == 3);
    CHECK(shell("head -c 20000000 /dev/zero | \"$SPAR\" check -").code == 3);
}

TEST_CASE("check finds layers of one name, and folders where files are read") {
    const Folder folder;
    std::filesystem::create_directory(folder / "d");
    const auto checked = [&](const std::string &layers, const std::string &more) {
        return spar::test::spar(
            {"check", folder.write("p.json", R"({"version": 2, "name": "p", "data": {"test": )" +
                                                 more + R"(}, "model": {"type": "sequential", )" +
                                                 layers + R"(}, "evaluate": {}})")});
    };
    const std::string digits = R"({"type": "digits", "examples": 9})";
    const std::string sound = R"("layers": [{"type": "flatten"}, {"type": "linear", "out": 10}])";
    CHECK(checked(sound, digits).code == 0);
    for (const char *names : {R"("name": "fc"}, {"type": "linear", "out": 10, "name": "fc"})",
                              R"("name": "2"}, {"type": "linear", "out": 10})"}) {
        const Ended twice = checked(
            std::string(R"("layers": [{"type": "flatten"}, {"type": "linear", "out": 5, )") +
                names + "]",
            digits);
        INFO(twice.err);
        CHECK(twice.code == 3);
        CHECK(has(twice.err, "#/model/layers/2"));
        CHECK(has(twice.err, "two layers with parameters are called"));
    }
    const Ended data = checked(sound, R"({"type": "npz", "file": "d"})");
    CHECK(data.code == 6);
    CHECK(has(data.err, "#/data/test/file: "));
    CHECK(has(data.err, "is a folder; expected a file"));
    const Ended weights = checked(sound + R"(, "weights": "d")", digits);
    CHECK(weights.code == 6);
    CHECK(has(weights.err, "#/model/weights: "));
}

TEST_CASE("a key with control characters is made visible") {
    const Folder folder;
    const std::string file = folder.write(
        "p.json", R"({"version": 2, "a\nwarning: all is well": 1, "b\u202e\u001b[2J": 2})");
    const Ended ended = toy_spar({"check", file});
    CHECK(ended.code == 3);
    CHECK(has(ended.err, R"(#/a\u000awarning: all is well: unknown key)"));
    CHECK(has(ended.err, R"(#/b\u202e\u001b[2J: unknown key)"));
    CHECK(!has(ended.err, "\xE2\x80\xAE"));
}

TEST_CASE("comments, trailing commas, fractions and unused variables are accepted") {
    const Folder folder;
    std::string text = toy_pipeline;
    text.replace(text.find("0.3"), 3, "\"8/255\" /* of [0, 1] */");
    text.insert(0, "// of another tool\n");
    text.insert(text.rfind('}'), ", /* spare */ \"vars\": {\"unused\": 1,},");
    const std::string file = folder.write("p.json", text);
    const Ended ended = toy_spar({"check", "--json", file});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const host::Json plan = host::Json::parse(ended.out).at("plan");
    CHECK(host::Json::parse(ended.out).at("warnings").at(0).at("code") == "unused_variable");
    CHECK(plan.at("threat").at("eps").get<double>() == 8.0 / 255.0);
    CHECK(has(toy_spar({"check", file}).err, file + "#/vars/unused: this variable is not used"));
    const Ended set = toy_spar({"check", "--json", file, "-s", "threat.eps=4/255"});
    CHECK(host::Json::parse(set.out)["plan"]["threat"]["eps"].get<double>() == 4.0 / 255.0);
    CHECK(has(toy_spar({"check", file, "-s", "threat.eps=4/0"}).err, "found the text \"4/0\""));
    CHECK(has(toy_spar({"check", file, "-s", "train.epochs=4/2"}).err, "expected an integer"));
}

TEST_CASE("a warning fits the terminal, and is one line elsewhere") {
    const Folder folder;
    std::string text = toy_pipeline;
    std::string variables;
    for (int i = 0; i < 3; ++i) {
        variables += i == 0 ? "" : ",";
        variables += "\"a_variable_that_nothing_uses_" + std::to_string(i) + "\": 1";
    }
    text.insert(text.rfind('}'), ", \"vars\": {" + variables + "}");
    const std::string file = folder.write("p.json", text);
    const auto widest = [](const std::string &lines) {
        std::size_t width = 0;
        std::istringstream in(lines);
        for (std::string line; std::getline(in, line);) {
            line.erase(0, line.rfind('\033') == std::string::npos ? 0 : line.rfind('\033') + 3);
            if (line.ends_with('\r')) line.pop_back();
            if (line.find(' ') != std::string::npos) width = std::max(width, line.size());
        }
        return width;
    };
    const std::string plain = toy_spar({"check", file}).err;
    CHECK(std::count(plain.begin(), plain.end(), '\n') == 3);
    CHECK(widest(plain) > 70);
    const auto python = python_with("pty, fcntl, termios");
    if (!python) return;
    folder.write("terminal.py", R"(
import fcntl, os, pty, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 60, 0, 0))
    os.dup2(os.open('/dev/null', os.O_WRONLY), 1)
    os.execv(os.environ['SPAR'], ['spar', 'check', os.path.basename(sys.argv[1])])
said = b''
try:
    while part := os.read(terminal, 4096):
        said += part
except OSError:
    pass
sys.stdout.buffer.write(said)
)");
    const Ended ended =
        shell("cd " + folder.path().string() + " && " + *python + " terminal.py " + file);
    INFO(ended.err);
    CHECK(has(ended.out, "a_variable_that_nothing_uses_2"));
    CHECK(has(ended.out, "\n  "));
    CHECK(widest(ended.out) <= 60);
}

TEST_CASE("several files at once, each with its verdict") {
    const Folder folder;
    const std::string good_one = folder.write("good.json", toy_pipeline);
    const std::string bad = folder.write("bad.json", "{");
    const Ended ended = toy_spar({"check", bad, good_one, "/nonexistent.json"});
    CHECK(ended.code == 3);
    CHECK(ended.out.starts_with(good_one + ": no problems\n"));
    CHECK(ended.out.find(bad) == std::string::npos);
    CHECK(has(ended.err, bad + ":1:"));
    CHECK(has(ended.err, "/nonexistent.json: cannot be read"));
    const host::Json json = host::Json::parse(toy_spar({"check", "--json", bad, good_one}).out);
    REQUIRE(json.size() == 2);
    CHECK(json[0].at("error").at("exit") == 3);
    CHECK(json[1].at("plan").at("name") == "toy");
    const Ended quiet = toy_spar({"check", "-q", good_one, good_one});
    CHECK(quiet.code == 0);
    CHECK(quiet.all().empty());
}

TEST_CASE("what needs no data is found: parameters that a component refuses, attacks and threats") {
    const auto wrong = [](std::vector<std::string> settings, const std::string &message) {
        std::vector<std::string> words{"check", SPAR_SOURCE_DIR "/docs/examples/digits-pgd.json"};
        for (const std::string &setting : settings) words.insert(words.end(), {"--set", setting});
        const Ended ended = spar::test::spar(words);
        INFO(ended.err);
        CHECK(ended.code == 3);
        CHECK(has(ended.err, message));
    };
    wrong({R"(evaluate.attacks=[{"type":"fgsm"},{"type":"cw"}])"},
          "#/evaluate/attacks/1: cw minimises the l2 norm");
    wrong({R"(train.method.attack={"type":"cw"})"},
          "#/train/method/attack: cw minimises the l2 norm");
}

TEST_CASE("files that are not there are named with their place, by check and by run") {
    const Folder folder;
    const std::string file = folder.write("p.json", R"({
      "version": 1, "name": "files",
      "data": {"test": {"type": "npz", "file": "none/x.npz"}},
      "model": {"type": "sequential", "layers": [{"type": "linear", "out": 2}],
                "weights": "gone.safetensors"},
      "evaluate": {}})");
    for (const char *command : {"check", "run"}) {
        const Ended ended = spar::test::spar({command, file}, {}, folder.path().string());
        INFO(ended.err);
        CHECK(ended.code == 6);
        CHECK(has(ended.err, "p.json#/model/weights: the file \"" + (folder / "gone.safetensors") +
                                 "\" does not exist"));
        CHECK(has(ended.err, "p.json#/data/test/file: the file"));
        CHECK(has(ended.err, "nor does its folder"));
    }
}

TEST_CASE("a failure in a run names the pipeline's file") {
    const Folder folder;
    const std::string file = folder.write("p.json", R"({
      "version": 1, "name": "x", "data": {"test": {"type": "digits", "examples": 5}},
      "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 3}]},
      "evaluate": {}})");
    const Ended ended = spar::test::spar({"run", file, "--out", folder / "out"});
    INFO(ended.err);
    CHECK(ended.code != 0);
    CHECK(has(ended.err, "p.json#/"));
}

TEST_CASE("keys of other tools lead to ours") {
    const Folder folder;
    const std::string file = folder.write("p.json", toy_pipeline);
    CHECK(has(toy_spar({"check", file, "-s", "threat.epsilon=1"}).err, "did you mean \"eps\"?"));
    CHECK(has(toy_spar({"check", file, "-s", "evaluate.attacks.0.iterations=1"}).err,
              "did you mean \"steps\"?"));
    CHECK(has(toy_spar({"check", file, "-s", "train.criterion=1"}).err, "did you mean \"loss\"?"));
}
