// Attacks on attention, and how far attention moves: figures that depend neither on batches,
// threads nor stops, and what is refused.
#include "pipelines.hpp"

#include "interrupting.hpp"

#include <spar/philox.hpp>

using namespace spar::test;

namespace {

/// Texts of 1 to 8 words, a label before each.
std::string corpus(std::int64_t lines, std::uint64_t key) {
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const std::int64_t label = random.below(0, 2), words = 1 + random.below(1, 8);
        text += std::to_string(label) + '\t';
        for (std::int64_t k = 0; k < words; ++k)
            text += (k > 0 ? " word" : "word") +
                    std::to_string(random.below(2 + k, 9) + (k == 0 ? 9 * label : 0));
        text += '\n';
    }
    return text;
}

Json with_attacks(const char *text) {
    Json pipeline = Json::parse(text);
    pipeline["version"] = 2;
    pipeline["name"] = "attention";
    pipeline["train"] = Json::parse(
        R"({"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
            "optimizer":{"type":"adam","lr":0.01},"epochs":2,"batch_size":37})");
    pipeline["evaluate"] = Json::parse(R"({"attention": true, "attacks": [
        {"type": "fgm"},
        {"type": "pgd", "steps": 3},
        {"type": "pgd", "name": "logits", "steps": 3,
         "threat": {"norm": "l2", "eps": 2, "space": "site", "site": "attention_logits"}},
        {"type": "deepfool", "steps": 3,
         "threat": {"norm": "l2", "eps": 3, "space": "site", "site": "attention_logits"}},
        {"type": "apgd", "steps": 4, "restarts": 2,
         "threat": {"norm": "linf", "eps": 0.5, "space": "site", "site": "attention_logits"}},
        {"type": "spsa", "steps": 2, "samples": 2,
         "threat": {"norm": "linf", "eps": 1, "space": "site",
                    "site": "1.layers.1.self_attn.logits"}}]})");
    return pipeline;
}

/// Two layers of two heads over words, or over patches of digits.
Json of_words() {
    Json pipeline = with_attacks(R"({
        "data": {"tokenizer": {"type": "words"}, "max_length": 8,
                 "train": {"type": "text", "file": "train.tsv"},
                 "test": {"type": "text", "file": "test.tsv"}},
        "model": {"type": "sequential", "layers": [{"type": "embedding", "dim": 8},
            {"type": "transformer", "layers": 2, "heads": 2, "hidden": 8},
            {"type": "mean_pool"}, {"type": "linear", "out": 2}]},
        "threat": {"norm": "l2", "eps": 0.5, "space": "embedding"}})");
    return pipeline;
}
Json of_digits() {
    return with_attacks(R"({
        "data": {"train": {"type": "digits", "examples": 200},
                 "test": {"type": "digits", "examples": 90, "seed": 2}},
        "model": {"type": "sequential", "layers": [{"type": "patches", "size": 7, "out": 8},
            {"type": "transformer", "layers": 2, "heads": 2, "hidden": 8},
            {"type": "mean_pool"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1}})");
}

struct Runs : Folder {
    Runs() {
        write("train.tsv", corpus(150, 1));
        write("test.tsv", corpus(90, 2));
    }
    /// The evaluation's results, without times.
    Json evaluate(const Json &pipeline, std::vector<std::string> more = {}) {
        const std::string out = *this / ("out" + std::to_string(count++));
        std::vector<std::string> words{spar::test::write(*this, "p.json", pipeline), "--out", out};
        words.insert(words.end(), more.begin(), more.end());
        run(words);
        return figures(out);
    }
    static Json figures(const std::string &out) {
        Json evaluation = Json::parse(file_content(out + "/results.json"))["evaluation"];
        for (Json &attack : evaluation["attacks"]) attack.erase("seconds");
        for (const char *key : {"seconds", "storing_seconds"}) evaluation.erase(key);
        return evaluation;
    }
    int count = 0;
};

Ended refused(const Json &pipeline, const char *command = "run") {
    const Runs folder;
    std::vector<std::string> words{command, write(folder, "p.json", pipeline)};
    if (command == std::string("run")) words.insert(words.end(), {"--out", folder / "out"});
    return spar::test::spar(words);
}

}  // namespace

TEST_CASE("how far attention moves depends neither on the size of batches nor on threads") {
    for (const Json &pipeline : {of_words(), of_digits()}) {
        Runs runs;
        const Json all = runs.evaluate(pipeline);
        CHECK(all["attention_heads"] == 4);
        for (const std::vector<std::string> &more :
             {std::vector<std::string>{"--set", "evaluate.batch_size=7"},
              std::vector<std::string>{"--threads", "3"}})
            CHECK(runs.evaluate(pipeline, more) == all);
        for (const Json &attack : all["attacks"]) {
            CAPTURE(attack.dump());
            const Json &moved = attack["attention"];
            REQUIRE(moved.size() == 2);
            CHECK(moved[0]["site"] == "1.layers.0.self_attn.maps");
            REQUIRE(moved[1]["heads"].size() == 2);
            for (const Json &head : moved[1]["heads"]) {
                CHECK(head > 0);
                CHECK(head <= 1);
            }
            // What is added in the second layer moves nothing before it.
            CHECK((moved[0]["heads"][0] == 0) == (attack["type"] == "spsa"));
        }
    }
}

TEST_CASE("the figures are those of a run that was not stopped") {
    Json pipeline = of_digits();
    pipeline["data"]["test"] = {{"type", "interrupting"}, {"data", pipeline["data"]["test"]}};
    for (const bool saved : {true, false}) {
        pipeline["evaluate"]["save_adversarial"] = saved;
        pipeline["evaluate"]["batch_size"] = 32;
        const Runs folder;
        const std::string file = write(folder, "p.json", pipeline);
        Environment environment{
            {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
        run({file, "--out", folder / "whole"}, environment);
        Environment stopping = environment;
        stopping[stop_after_variable] = "200";
        const Ended first = spar::test::spar({"run", file, "--out", folder / "parts"}, stopping);
        INFO(first.err);
        REQUIRE(first.code == 75);
        run({file, "--out", folder / "parts", "--resume"}, environment);
        CHECK(Runs::figures(folder / "parts") == Runs::figures(folder / "whole"));
        CHECK(std::filesystem::exists(folder / "parts/adversarial/pgd.npz") == saved);
        CHECK(!std::filesystem::exists(folder / "parts/adversarial/logits.npz"));
    }
}

TEST_CASE("without the request there are no figures of attention, and the others stay") {
    Runs runs;
    Json pipeline = of_words();
    Json with = runs.evaluate(pipeline);
    pipeline["evaluate"].erase("attention");
    const Json without = runs.evaluate(pipeline);
    with.erase("attention_heads");
    for (Json &attack : with["attacks"]) {
        attack.erase("attention");
        attack.erase("attention_moved");
    }
    CHECK(with == without);
}

TEST_CASE("the table shows the movement, in total and by layer") {
    const Runs folder;
    Json pipeline = of_digits();
    pipeline["report"] = Json::parse(R"([{"type": "table"}])");
    const Ended ended =
        spar::test::spar({"run", write(folder, "p.json", pipeline), "--out", folder / "out"});
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(ended.out.find("moved") != std::string::npos);
    CHECK(ended.out.find("logits  1.layers.1.self_attn.maps  0.") != std::string::npos);
}

TEST_CASE("a site that the model does not have is refused with those that it has") {
    Json pipeline = of_words();
    Json &threat = pipeline["evaluate"]["attacks"][2]["threat"];
    threat["site"] = "2.logits";
    CHECK(refused(pipeline, "check").code == 0);  // without data there is no model to ask
    const Ended unknown = refused(pipeline);
    INFO(unknown.err);
    CHECK(unknown.code == 3);
    CHECK(unknown.says("#/evaluate/attacks/2/threat/site"));
    CHECK(
        unknown.says("attention_logits, 0.vectors, 1.layers.0.self_attn.logits, "
                     "1.layers.1.self_attn.logits"));
    threat["site"] = "1.layers.0.self_attn.maps";
    CHECK(refused(pipeline).says("nothing can be added at"));
    pipeline["model"]["layers"] = Json::parse(
        R"([{"type":"embedding","dim":8},{"type":"mean_pool"},{"type":"linear","out":2}])");
    threat["site"] = "attention_logits";
    CHECK(refused(pipeline).says("#/evaluate/attention: the model names no attention maps"));
    pipeline["evaluate"]["attention"] = false;
    CHECK(
        refused(pipeline).says("has no site \"attention_logits\" that can be perturbed, but it "
                               "has 0.vectors"));
    pipeline = of_digits();
    pipeline["model"]["layers"] = Json::parse(R"([{"type":"flatten"},{"type":"linear","out":10}])");
    pipeline["evaluate"]["attention"] = false;
    CHECK(refused(pipeline).says("the model names no sites"));
}

TEST_CASE("a threat to a site names it, and has no box and no groups") {
    const auto check = [](const char *threat, const char *says) {
        Json pipeline = of_digits();
        pipeline["evaluate"]["attacks"][2]["threat"] = Json::parse(threat);
        const Ended ended = refused(pipeline);
        INFO(ended.err);
        CHECK(ended.code == 3);
        CHECK(ended.says(says));
    };
    check(R"({"norm":"l2","eps":1,"space":"site"})", "give both or none");
    check(R"({"norm":"l2","eps":1,"site":"attention_logits"})", "give both or none");
    check(R"({"norm":"l2","eps":1,"space":"site","site":"attention_logits","lower":-1})",
          "leave lower and upper out");
    check(R"({"norm":"l0","eps":1,"space":"site","site":"attention_logits"})", "take the norm");
    check(R"({"norm":"l2","eps":1,"space":"site","site":"attention_logits","group":"token"})",
          "leave it out");
}
