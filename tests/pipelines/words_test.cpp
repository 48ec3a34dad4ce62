// Attacks on texts in whole runs: results, pairs of texts, resumption, training, refusals.
#include "pipelines.hpp"

#include <spar/philox.hpp>

#include <sstream>

using namespace spar::test;

namespace {

/// Reviews of telling words among others, in several cases and with marks.
std::string reviews(std::int64_t lines, std::uint64_t key) {
    const std::string good[] = {"fine", "great", "warm", "superb"},
                      bad[] = {"dull", "cold", "flat", "weak"},
                      plain[] = {"film", "story", "plot", "scene", "cast", "end"};
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool positive = random.below(0, 2) == 1;
        text += positive ? "1\t" : "0\t";
        const std::int64_t words = random.below(1, 6) + 3;
        for (std::int64_t k = 0; k < words; ++k) {
            const std::int64_t which = random.below(3 * k + 2, 5);
            const auto pick = static_cast<std::size_t>(random.below(3 * k + 3, 4));
            text += which < 2 ? (positive ? good : bad)[pick] : plain[pick];
            text += k + 1 < words ? " " : ".\n";
        }
    }
    return text;
}

Json words_pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "words", "seed": 1,
        "data": {"tokenizer": {"type": "words", "punctuation": "apart"}, "max_length": 12,
                 "train": {"type": "text", "file": "train.tsv"},
                 "test": {"type": "text", "file": "test.tsv"}},
        "model": {"type": "sequential",
                  "layers": [{"type": "embedding", "dim": 12}, {"type": "mean_pool"},
                             {"type": "linear", "out": 8}, {"type": "relu"},
                             {"type": "linear", "out": 2}]},
        "threat": {"norm": "l2", "eps": 0.3, "space": "embedding"},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.02}, "epochs": 6, "batch_size": 37},
        "evaluate": {"attacks": [
            {"type": "pgd", "steps": 3},
            {"type": "hotflip", "beam": 2, "threat": {"space": "tokens", "norm": "l0", "eps": 2}},
            {"type": "word_substitution", "min_cosine": -1, "neighbours": 8,
             "threat": {"space": "tokens", "norm": "l0", "eps": 0.3}},
            {"type": "word_substitution", "name": "pwws", "recipe": "pwws", "min_cosine": -1,
             "neighbours": 4, "threat": {"space": "tokens", "norm": "l0", "eps": 1, "queries": 30}},
            {"type": "character", "threat": {"space": "tokens", "norm": "l0", "eps": 1}}]}})");
}

struct Reviews : Folder {
    Reviews() {
        this->Folder::write("train.tsv", reviews(300, 1));
        this->Folder::write("test.tsv", reviews(70, 2));
    }
    std::string write(const Json &pipeline) const {
        return spar::test::write(*this, "p" + std::to_string(count++) + ".json", pipeline);
    }
    Json results(const std::string &out) const {
        return Json::parse(file_content(*this / (out + "/results.json")))["evaluation"];
    }
    mutable int count = 0;
};

/// The fields of a line of quoted and plain fields.
std::vector<std::string> fields(const std::string &line) {
    std::vector<std::string> all(1);
    bool quoted = false;
    for (const char c : line) {
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            all.emplace_back();
        else
            all.back() += c;
    }
    return all;
}

std::vector<std::vector<std::string>> table(const std::string &file) {
    std::istringstream lines(file_content(file));
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(lines, line);) rows.push_back(fields(line));
    return rows;
}

std::int64_t marks(const std::string &text) {
    std::int64_t count = 0;
    for (std::size_t at = text.find("[["); at != text.npos; at = text.find("[[", at + 1)) ++count;
    return count;
}

void check_refused(const Reviews &folder, const Json &pipeline, const std::string &command,
                   const std::vector<std::string> &parts) {
    std::vector<std::string> words{command, folder.write(pipeline)};
    if (command == "run") words.insert(words.end(), {"--out", folder / "no"});
    const Ended ended = spar::test::spar(words);
    INFO(ended.err);
    CHECK(ended.code == 3);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(ended.says(part));
    }
}

const char *const in_words = R"({"space":"tokens","norm":"l0","eps":2})";

}  // namespace

TEST_CASE("accuracy under attacks on texts stands beside that in the space of embeddings") {
    const Reviews folder;
    const std::string pipeline = folder.write(words_pipeline());
    const Ended ended = spar::test::spar({"run", pipeline, "--out", folder / "out"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(ended.says("l0 2 words"));
    CHECK(ended.says("l0 0.3 of words"));
    const Json results = folder.results("out");
    CHECK(results["clean_accuracy"].get<double>() > 0.9);
    for (const Json &attack : results["attacks"]) {
        CAPTURE(attack["name"]);
        CHECK(attack["robust_accuracy"] <= results["clean_accuracy"]);
        CHECK(attack["mean_distance"].get<double>() > 0);
        if (attack["name"] == "pgd") continue;
        CHECK(attack["threat"]["space"] == "tokens");
        CHECK(attack["threat"]["group"] == "word");
        CHECK(attack["robust_accuracy"].get<double>() <
              results["clean_accuracy"].get<double>() - 0.1);
    }
    CHECK(results["attacks"][3]["forward_per_example"].get<double>() <= 30);
    CHECK(results["attacks"][1]["gradient_per_example"].get<double>() > 0);
    CHECK(results["worst_cases"].size() == 4);
}

TEST_CASE("pairs of texts are written in TextAttack's columns, and agree with the results") {
    const Reviews folder;
    run({folder.write(words_pipeline()), "--out", folder / "out"});
    const Json results = folder.results("out");
    const auto rows = table(folder / "out/adversarial/hotflip.csv");
    REQUIRE(rows.size() == 71);
    CHECK((rows[0] == std::vector<std::string>{"original_text", "perturbed_text", "original_score",
                                               "perturbed_score", "original_output",
                                               "perturbed_output", "ground_truth_output",
                                               "num_queries", "result_type"}));
    std::int64_t robust = 0, edits = 0, queries = 0, attacked = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const auto &row = rows[i];
        REQUIRE(row.size() == 9);
        CAPTURE(row[1]);
        const bool right = row[4] == row[6], holds = row[5] == row[6];
        CHECK(row[8] == (!right ? "Skipped" : holds ? "Failed" : "Successful"));
        CHECK(marks(row[0]) == marks(row[1]));  // words were substituted
        CHECK(marks(row[1]) <= 2);
        if (!right) CHECK(row[0] == row[1]);
        CHECK((std::stod(row[2]) > 0.5) == !right);
        CHECK((std::stod(row[3]) > 0.5) == !holds);
        robust += right && holds ? 1 : 0;
        if (!right) continue;
        ++attacked;
        edits += marks(row[1]);
        queries += std::stol(row[7]);
    }
    const Json &attack = results["attacks"][1];
    const auto n = static_cast<double>(attacked);
    CHECK(attack["robust_accuracy"].get<double>() == doctest::Approx(double(robust) / 70));
    CHECK(attack["mean_distance"].get<double>() == doctest::Approx(double(edits) / n));
    CHECK(attack["forward_per_example"].get<double>() == doctest::Approx(double(queries) / n));
    const std::string character = file_content(folder / "out/adversarial/character.csv");
    CHECK(character.find("[[") != character.npos);
    CHECK(std::filesystem::exists(folder / "out/adversarial/pgd.npz"));
    CHECK(!std::filesystem::exists(folder / "out/adversarial/hotflip.npz"));
}

TEST_CASE("neither threads nor the size of batches change a text, and a stop changes nothing") {
    const Reviews folder;
    const std::string pipeline = folder.write(words_pipeline());
    run({pipeline, "--out", folder / "one", "--threads", "1"});
    const auto first = what_must_repeat(folder / "one");
    CHECK(first.count("adversarial/word_substitution.csv") == 1);
    run({pipeline, "--out", folder / "three", "--threads", "3"});
    check_same_run(first, what_must_repeat(folder / "three"));
    run({pipeline, "--out", folder / "small", "--set", "evaluate.batch_size=7"});
    const auto small = what_must_repeat(folder / "small");
    for (const auto &file : first)
        if (file.first.ends_with(".csv")) CHECK((small.at(file.first) == file.second));

    // As after a kill: the log ends in the middle, and what is made from it is not there.
    const std::string log = folder / "three/evaluation.log";
    for (const std::uintmax_t left : {7U, 3U}) {
        std::filesystem::resize_file(log, std::filesystem::file_size(log) * left / 10);
        std::filesystem::remove(folder / "three/results.json");
        for (const char *name : {"hotflip", "word_substitution", "pwws", "character"})
            std::filesystem::remove(folder / ("three/adversarial/" + std::string(name) + ".csv"));
        run({pipeline, "--out", folder / "three", "--resume"});
        check_same_run(first, what_must_repeat(folder / "three"));
    }
}

TEST_CASE("texts are not kept where adversarial examples are not") {
    const Reviews folder;
    run({folder.write(words_pipeline()), "--out", folder / "out", "--set",
         "evaluate.save_adversarial=false"});
    CHECK(!std::filesystem::exists(folder / "out/adversarial/hotflip.csv"));
}

TEST_CASE("pairs of texts stay pairs") {
    const Reviews folder;
    std::string lines = "first\tsecond\tlabel\n";
    for (int i = 0; i < 60; ++i)
        lines += i % 2 == 0 ? "a warm film\tthe cast is \"great\"\t1\n"
                            : "a cold film\tthe cast, flat\t0\n";
    static_cast<const Folder &>(folder).write("train.tsv", lines);
    static_cast<const Folder &>(folder).write("test.tsv", lines);
    Json pipeline = words_pipeline();
    for (const char *part : {"train", "test"})
        pipeline["data"][part].update(
            {{"text", "first"}, {"text_pair", "second"}, {"label", "label"}});
    run({folder.write(pipeline), "--out", folder / "out"});
    const std::string pairs = file_content(folder / "out/adversarial/hotflip.csv");
    CHECK(pairs.find("<SPLIT>") != pairs.npos);
    CHECK(pairs.find("\"\"great\"\"") != pairs.npos);
}

TEST_CASE("training on attacked texts makes a model more robust against them") {
    const Reviews folder;
    const auto robust = [&](const char *method) {
        Json pipeline = words_pipeline();
        pipeline["threat"] = Json::parse(in_words);
        pipeline["train"]["method"] = Json::parse(method);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
        const std::string out = "out" + std::to_string(folder.count);
        run({folder.write(pipeline), "--out", folder / out});
        return folder.results(out)["attacks"][0]["robust_accuracy"].get<double>();
    };
    const double natural = robust(R"({"type":"natural"})");
    for (const char *weights : {"", R"(,"clean_weight":0.5)", R"(,"clean_weight":1,"weight":1)"}) {
        CAPTURE(weights);
        const std::string method =
            std::string(R"({"type":"pgd_at","attack":{"type":"hotflip"})") + weights + "}";
        CHECK(robust(method.c_str()) > natural + 0.05);
    }
}

TEST_CASE("training on attacked texts repeats, and goes on after a checkpoint") {
    const Reviews folder;
    Json pipeline = words_pipeline();
    pipeline["threat"] = Json::parse(R"({"space":"tokens","norm":"l0","eps":0.2})");
    pipeline["train"].update(
        {{"method", Json::parse(R"({"type":"pgd_at","attack":{"type":"character"}})")},
         {"epochs", 3},
         {"eps_warmup_epochs", 1},
         {"validate_attack", Json::parse(R"({"type":"character"})")}});
    pipeline["data"]["validation"] = {{"examples", 40}};
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"character"}])");
    const std::string file = folder.write(pipeline);
    run({file, "--out", folder / "a", "--threads", "1"});
    run({file, "--out", folder / "b", "--threads", "2"});
    check_same_run(what_must_repeat(folder / "a"), what_must_repeat(folder / "b"));
}

TEST_CASE("attacks and methods that do not fit are refused, and those that do are named") {
    const Reviews folder;
    Json values = words_pipeline();
    values["evaluate"]["attacks"] =
        Json::array({Json{{"type", "pgd"}, {"threat", Json::parse(in_words)}}});
    check_refused(folder, values, "check",
                  {"perturbs values, and the threat edits the words of texts",
                   "attacks that take this threat: character, hotflip, word_substitution"});
    Json words = words_pipeline();
    words["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
    check_refused(folder, words, "check",
                  {"edits the words of texts, and the threat perturbs values",
                   "attacks that take this threat: "});
    Json method = words_pipeline();
    method["threat"] = Json::parse(in_words);
    method["train"]["method"] = {{"type", "freelb"}};
    method["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
    check_refused(folder, method, "check",
                  {"#/train/method", "methods that take this threat: ", "pgd_at"});
    Json inside = method;
    inside["train"]["method"] = Json::parse(R"({"type":"pgd_at","attack":{"type":"pgd"}})");
    check_refused(folder, inside, "check",
                  {"#/train/method/attack", "attacks that take this threat: "});
}

TEST_CASE("a threat in words that makes no sense is refused") {
    const Reviews folder;
    const auto refused = [&](const char *threat, const std::vector<std::string> &parts) {
        CAPTURE(threat);
        Json pipeline = words_pipeline();
        pipeline["threat"] = Json::parse(threat);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
        check_refused(folder, pipeline, "check", parts);
    };
    refused(R"({"space":"tokens","norm":"l2","eps":2})", {"#/threat/norm", "set \"norm\": \"l0\""});
    refused(R"({"space":"tokens","norm":"l0","eps":1.5})",
            {"#/threat/eps", "must be a whole number, as 2, or below 1 a share"});
    refused(R"({"space":"tokens","norm":"l0","eps":1,"lower":0})", {"no box of values"});
    refused(R"({"space":"tokens","norm":"l0","eps":1,"group":"token"})",
            {"words are counted, not tokens"});
    refused(R"({"space":"embedding","norm":"l2","eps":1,"group":"word"})", {"#/threat/group"});
    Json pipeline = words_pipeline();
    pipeline["data"]["form"] = "presence";
    check_refused(folder, pipeline, "check",
                  {"attacks on texts need a model that reads their tokens"});
    Json images = small_pipeline();
    images["evaluate"]["attacks"] =
        Json::array({Json{{"type", "hotflip"}, {"threat", Json::parse(in_words)}}});
    check_refused(folder, images, "check", {"\"data\" has no \"tokenizer\""});
}
