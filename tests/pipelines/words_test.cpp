// Attacks on texts in whole runs: results, pairs of texts, resumption.
#include "words.hpp"

#include "interrupting.hpp"

#include <sstream>

using namespace spar::test;

namespace {

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
    CHECK(results["worst_cases"].size() == 5);  // each has a threat of its own
}

TEST_CASE("a list of synonyms that has changed is another run") {
    const Reviews folder;
    folder.Folder::write("synonyms.txt", "film story\nfine dull\n");
    Json pipeline = words_pipeline();
    pipeline["evaluate"]["attacks"] = Json::parse(
        R"([{"type":"word_substitution","synonyms":"synonyms.txt",
             "threat":{"space":"tokens","norm":"l0","eps":2}}])");
    const std::string file = folder.write(pipeline);
    run({file, "--out", folder / "out"});
    const Json provenance = Json::parse(file_content(folder / "out/results.json"))["provenance"];
    REQUIRE(provenance["files"].size() == 1);
    CHECK(provenance["files"][0]["file"] == folder / "synonyms.txt");
    run({file, "--out", folder / "out", "--resume"});
    folder.Folder::write("synonyms.txt", "film plot\n");
    const Ended ended = spar::test::spar({"run", file, "--out", folder / "out", "--resume"});
    INFO(ended.err);
    CHECK(ended.code == 9);
    CHECK(ended.says("synonyms.txt (SHA-256)"));
}

TEST_CASE("the second text of a pair is marked under attack as it is without one") {
    const Reviews folder;
    const auto pairs = [&](const char *name) {
        std::istringstream lines(file_content(folder / (std::string(name) + ".tsv")));
        std::string csv = "label,a,b\n";
        for (std::string line; std::getline(lines, line);)
            csv +=
                line.substr(0, 1) + "," + line.substr(2) + ",the " + line.substr(2, 5) + " end\n";
        folder.Folder::write(std::string(name) + ".csv", csv);
        return Json{{"type", "text"},
                    {"file", std::string(name) + ".csv"},
                    {"text", "a"},
                    {"text_pair", "b"}};
    };
    Json pipeline = words_pipeline();
    pipeline["data"]["train"] = pairs("train");
    pipeline["data"]["test"] = pairs("test");
    pipeline["data"]["max_length"] = 24;
    pipeline["model"]["layers"].insert(pipeline["model"]["layers"].begin() + 1,
                                       Json::parse(R"({"type":"segments","std":3})"));
    pipeline["threat"] = Json::parse(R"({"space":"tokens","norm":"l0","eps":0})");
    pipeline["evaluate"]["attacks"] =
        Json::parse(R"([{"type":"hotflip"},{"type":"character"},{"type":"word_substitution"}])");
    run({folder.write(pipeline), "--out", folder / "natural"});
    const Json results = folder.results("natural");
    for (const Json &attack : results["attacks"])
        CHECK(attack["robust_accuracy"] == results["clean_accuracy"]);
    for (const auto &row : table(folder / "natural/adversarial/hotflip.csv"))
        if (row[0] != "original_text") CHECK(row[2] == row[3]);
    pipeline["train"]["method"] = Json::parse(R"({"type":"pgd_at","attack":{"type":"hotflip"}})");
    run({folder.write(pipeline), "--out", folder / "attacked"});
    CHECK(file_content(folder / "attacked/model.safetensors") ==
          file_content(folder / "natural/model.safetensors"));
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

    // Stopped twice among the examples of an attack.
    Json stopping = words_pipeline();
    stopping["data"]["test"] = {{"type", "interrupting"}, {"data", stopping["data"]["test"]}};
    stopping["evaluate"]["batch_size"] = 7;
    const std::string file = folder.write(stopping);
    Environment environment{
        {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
    std::vector<std::string> words{"run", file, "--out", folder / "out"};
    for (const char *reads : {"180", "150"}) {
        environment[stop_after_variable] = reads;
        const Ended stopped = spar::test::spar(words, environment);
        INFO(stopped.err);
        REQUIRE(stopped.code == 75);
        CHECK(!std::filesystem::exists(folder / "out/adversarial/character.csv"));
        if (words.back() != "--resume") words.emplace_back("--resume");
    }
    environment.erase(stop_after_variable);
    REQUIRE(spar::test::spar(words, environment).code == 0);
    const auto resumed = what_must_repeat(folder / "out");
    for (const auto &entry : first)
        if (entry.first.ends_with(".csv")) CHECK((resumed.at(entry.first) == entry.second));
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
    CHECK(pairs.find("\"\"") != pairs.npos);  // quotes in a text
}
