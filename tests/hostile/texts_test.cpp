// Attacks on texts that propose too many edits, broken text or nothing, and ask about what is no
// text: the host judges what it has accepted, and names who broke the rules.
#include "hostile.hpp"

using namespace spar::test;

namespace {

struct Outcome {
    Ended ended;
    Json attack;  // its results
    std::string pairs;
};

Outcome attacked(const std::string &how) {
    const Folder folder;
    std::string lines;
    for (int i = 0; i < 12; ++i) lines += i % 2 == 0 ? "1\tgood warm film\n" : "0\tbad cold film\n";
    folder.write("train.tsv", lines);
    Json pipeline = Json::parse(R"({
        "version": 2, "name": "wordy", "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": 8,
                 "train": {"type": "text", "file": "train.tsv"},
                 "test": {"type": "text", "file": "train.tsv"}},
        "model": {"type": "sequential", "layers": [{"type": "embedding", "dim": 4},
                  {"type": "mean_pool"}, {"type": "linear", "out": 2}]},
        "threat": {"space": "tokens", "norm": "l0", "eps": 1},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.1}, "epochs": 20, "batch_size": 12}})");
    pipeline["evaluate"]["attacks"] = Json::array({Json{{"type", "wordy"}, {"how", how}}});
    Outcome outcome;
    outcome.ended = spar::test::spar({"run", folder.write("p.json", pipeline.dump()), "--out",
                                      folder / "out", "--plugin-dir", SPAR_ZOO_DIR "/wordy"});
    if (outcome.ended.code == 0) {
        outcome.attack =
            Json::parse(file_content(folder / "out/results.json"))["evaluation"]["attacks"][0];
        outcome.pairs = file_content(folder / "out/adversarial/wordy.csv");
    }
    return outcome;
}

}  // namespace

TEST_CASE("a text outside the threat model is refused, and the former one stays") {
    const std::pair<const char *, double> distances[] = {{"nothing", 0},        {"within", 1},
                                                         {"too_many_edits", 1}, {"limits", 1},
                                                         {"broken_utf8", 0},    {"separator", 0}};
    for (const auto &entry : distances) {
        CAPTURE(entry.first);
        const Outcome outcome = attacked(entry.first);
        INFO(outcome.ended.err);
        REQUIRE(outcome.ended.code == 0);
        CHECK(outcome.attack["mean_distance"] == entry.second);
        CHECK(outcome.pairs.find(" z ") == std::string::npos);
        if (entry.second == 1) CHECK(outcome.pairs.find("film [[") != std::string::npos);
    }
}

TEST_CASE("what is no proposal or no text ends the run, with the attack's place") {
    const std::pair<const char *, const char *> faults[] = {
        {"null", "a text for example"},
        {"another_row", "of a batch of"},
        {"strange_token", "the token 1048576, expected 0 to"},
        {"long_row", "a text of 9 tokens, expected 0 to 8"},
#if !defined(__SANITIZE_ADDRESS__)  // which ends the run itself
        {"past_the_end", "wrote past the end of tokens"},
#endif
        {"values", "points are tokens"}
    };
    for (const auto &entry : faults) {
        CAPTURE(entry.first);
        const Outcome outcome = attacked(entry.first);
        INFO(outcome.ended.err);
        CHECK(outcome.ended.code == 4);
        CHECK(outcome.ended.says("#/evaluate/attacks/0"));
        CHECK(outcome.ended.says(entry.second));
    }
    const Outcome tape = attacked("tape");
    CHECK(tape.ended.code == 3);
    CHECK(tape.ended.says("there are no tapes in the space of tokens"));
    CHECK(attacked("throws").ended.says("no reason"));
}
