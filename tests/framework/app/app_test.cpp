// The command itself: what it prints, and how it ends.
#include "toy_spar.hpp"

using namespace spar;
using namespace spar::test;

namespace {

void check_usage(const std::vector<std::string> &words, const std::string &message) {
    const Ended ended = spar::test::spar(words);
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    CHECK(has(ended.err, message));
}

}  // namespace

TEST_CASE("wrong calls end with 2 and say how to do it") {
    check_usage({}, "expected a command: run, check, attack");
    check_usage({"lst"}, "there is no command \"lst\"; did you mean \"list\"?");
    check_usage({"run"}, "run: expected PIPELINE.json");
    check_usage({"run", "a", "b"}, "one word too many: \"b\"");
    check_usage({"run", "a", "-x"}, "there is no option \"-x\" (known: --out");
    check_usage({"run", "a", "-q", "-v"}, "--quiet and --verbose cannot both be meant");
    check_usage({"run", "a", "--jso"}, "there is no option \"--jso\"; did you mean \"--json\"?");
    check_usage({"run", "a", "--thr", "2"}, "there is no option \"--thr\"");
    check_usage({"run", "a", "--out"}, "the option --out needs a value");
    check_usage({"run", "a", "--out", "x", "--out", "y"}, "given twice");
    check_usage({"run", "a", "--json=yes"}, "the option --json takes no value");
    check_usage({"run", "a", "--set", "x"}, "expected a path and a value");
    check_usage({"run", "a", "--set", "=1"}, "expected a path and a value");
    check_usage({"run", "a", "--plugin-dir", "/nonexistent"}, "is no folder");
    for (const char *threads : {"0", "1025", "-1", "2x", "1e3", "99999999999999999999"})
        check_usage({"run", "a", "--threads", threads}, "expected an integer from 1 to 1024");
    check_usage({"list", "atack"}, "there is no kind \"atack\"; did you mean \"attack\"?");
    check_usage({"help", "rum"}, "there is no command \"rum\"");
    check_usage({"schema", "x"}, "one word too many");
}

TEST_CASE("help for each command") {
    const Ended all = spar::test::spar({"--help"});
    CHECK(all.code == 0);
    for (const char *command :
         {"run", "check", "attack", "model", "list", "describe", "convert", "schema", "help"}) {
        CHECK(has(all.out, std::string("\n  ") + command));
        const Ended one = spar::test::spar({"help", command});
        CHECK(one.code == 0);
        CHECK(one.out == spar::test::spar({command, "--help"}).out);
        CHECK(one.out == spar::test::spar({command, "-h"}).out);
        std::istringstream lines(one.out);
        for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
    }
    const std::string version = spar::test::spar({"--version"}).out;
    CHECK(version.starts_with("spar "));
    CHECK(has(version, "(contract " + std::to_string(SPAR_ABI_MAJOR) + "." +
                           std::to_string(SPAR_ABI_MINOR) + ")"));
    CHECK(spar::test::spar({"-V"}).out == version);
}

TEST_CASE("list names what was found, and why the rest was refused") {
    const Ended ended = toy_spar({"list"});
    CHECK(ended.code == 0);
    CHECK(has(ended.out, "attack     push"));
    CHECK(has(ended.out, "toys 1.2.3"));
    const Ended losses = toy_spar({"list", "loss"});
    CHECK(!losses.says("push"));
    CHECK(losses.says("square"));
    const host::Json json = host::Json::parse(toy_spar({"list", "--json"}).out);
    CHECK(json.at("components").at(0).at("kind") == "dataset");
    const Ended bad = toy_spar({"list", "--plugin-dir", std::string(TOYS) + "/twin"});
    CHECK(bad.code == 0);
    CHECK(has(bad.err, "refused: the file"));
    CHECK(has(bad.err, "twin.so holds the attack \"push\""));
}

TEST_CASE("describe explains a component") {
    const Ended ended = toy_spar({"describe", "push"});
    CHECK(ended.code == 0);
    for (const char *part : {"Pushes nothing.", "x_adv = x", "Newton 1687", "steps",
                             "an integer from 1 to 1000", "how often", "toys 1.2.3"})
        CHECK(has(ended.out, part));
    CHECK(has(toy_spar({"describe", "step"}).out, "(1/loss)"));
    CHECK(has(toy_spar({"describe", "net"}).out, "\"dense\""));
    CHECK(toy_spar({"describe", "attack", "push"}).code == 0);
    const Ended other = toy_spar({"describe", "loss", "push"});
    CHECK(other.code == 2);
    CHECK(has(other.err, "no loss is called \"push\""));
    CHECK(has(toy_spar({"describe", "psuh"}).err, "did you mean \"push\"?"));
    const auto push = host::Json::parse(toy_spar({"describe", "push", "--json"}).out);
    CHECK(push.at("type") == "push");
    const auto all = host::Json::parse(toy_spar({"describe", "--json"}).out);
    const auto listed = host::Json::parse(toy_spar({"list", "--json"}).out);
    CHECK(all.size() == listed.at("components").size());
    CHECK(std::find(all.begin(), all.end(), push) != all.end());
    const std::string text = toy_spar({"describe"}).out;
    CHECK(has(text, "push (attack)"));
    CHECK(has(text, "step (optimizer)"));
}

TEST_CASE("check prints every problem with its place and ends with 3") {
    const Folder folder;
    const std::string file = folder.write("p.json", toy_pipeline);
    const Ended good_one = toy_spar({"check", file});
    CHECK(good_one.code == 0);
    CHECK(has(good_one.out, "no problems"));
    const Ended bad =
        toy_spar({"check", file, "--set", "train.epochs=0", "--set", "threat.eps=-1"});
    CHECK(bad.code == 3);
    CHECK(bad.out.empty());
    CHECK(has(bad.err, "#/train/epochs: expected an integer from 1 to 1000000; found 0"));
    CHECK(has(bad.err, "#/threat/eps: expected a number from 0 to 1e+30; found -1"));
    const Ended json = toy_spar({"check", file, "--json", "--set", "train.epochs=0"});
    CHECK(json.code == 3);
    const host::Json error = host::Json::parse(json.out).at("error");
    CHECK(error.at("exit") == 3);
    CHECK(error.at("problems").size() == 1);
    const host::Json plan = host::Json::parse(toy_spar({"check", file, "--json"}).out);
    CHECK(plan.at("plan").at("train").at("batch_size") == 128);
    CHECK(toy_spar({"check", "/nonexistent.json"}).code == 3);
    CHECK(toy_spar({"check", folder.path().string()}).code == 3);
    CHECK(toy_spar({"check", ""}).code == 3);
    CHECK(toy_spar({"check", folder.write("deep.json", std::string(100000, '['))}).code == 3);
    CHECK(toy_spar({"run", folder.write("bad.json", "{"), "--out", folder / "run"}).code == 3);
    CHECK(!std::filesystem::exists(folder / "run"));
}

TEST_CASE("schema prints one JSON schema with every component") {
    const host::Json schema = host::Json::parse(toy_spar({"schema"}).out);
    CHECK(schema.at("$schema") == "http://json-schema.org/draft-07/schema#");
    CHECK(schema.at("definitions").contains("attack.push"));
}

TEST_CASE("plugins that crash while loading do not end the command") {
    const Ended ended = toy_spar({"list", "--plugin-dir", std::string(TOYS) + "/faulty"});
    CHECK(ended.code == 0);
    CHECK(has(ended.out, "push"));
    CHECK(has(ended.err, "faulty_1.so ends the process while it is loaded"));
}

TEST_CASE("output without a reader") {
    CHECK(shell("\"$SPAR\" list | true; exit 0").err.empty());
    const Ended full = shell("\"$SPAR\" list > /dev/full");
    CHECK(full.code == 7);
    CHECK(has(full.err, "standard output cannot be written"));
    const Ended closed = shell("\"$SPAR\" list >&-");
    CHECK(closed.code == 7);
    CHECK(has(closed.err, "standard output cannot be written"));
    CHECK(shell("\"$SPAR\" list 2>&-").code == 0);
    CHECK(shell("\"$SPAR\" list <&-").code == 0);
    CHECK(shell("\"$SPAR\" lst >&- 2>&-").code == 2);
    CHECK(shell("\"$SPAR\" list | cat").out.find('\x1b') == std::string::npos);
}
