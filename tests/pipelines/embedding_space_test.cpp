// Training in the space of embeddings: balls of tokens, yopo through an encoder layer, an
// unlabelled set, vectors normalised by frequency, and what does not go together.
#include "pipelines.hpp"

#include "interrupting.hpp"
#include "loaded_tensors.hpp"

#include <spar/philox.hpp>

#include <algorithm>
#include <sstream>

using namespace spar::test;

namespace {

/// Lines of one telling word, after a label, among a few that say nothing.
std::string corpus(std::int64_t lines, std::uint64_t key) {
    const std::string good[] = {"fine", "great", "warm"}, bad[] = {"dull", "cold", "flat"};
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool positive = random.below(0, 2) == 1;
        const auto word = static_cast<std::size_t>(random.below(1, 3));
        text += positive ? "1\t" + good[word] : "0\t" + bad[word];
        const std::int64_t more = random.below(2, 7);
        for (std::int64_t k = 0; k < more; ++k)
            text += " word" + std::to_string(random.below(3 + k, 12));
        text += '\n';
    }
    return text;
}

Json tsv(const char *file) {
    Json set{{"type", "tsv"}, {"file", file}, {"max_length", 8}};
    if (file != std::string("train.tsv")) set["vocabulary_from"] = "train.tsv";
    return set;
}

struct Texts {
    Texts() {
        folder.write("train.tsv", corpus(300, 1));
        folder.write("test.tsv", corpus(90, 2));
        folder.write("more.tsv", corpus(130, 3));
    }
    std::string write(const Json &pipeline) const {
        return spar::test::write(folder, "p" + std::to_string(count++) + ".json", pipeline);
    }
    Folder folder;
    mutable int count = 0;
};

Json text_pipeline(const std::string &method, const std::string &threat) {
    Json pipeline = Json::parse(R"({
        "version": 2, "name": "text", "seed": 1,
        "model": {"type": "sequential",
                  "layers": [{"type": "embedding", "dim": 12}, {"type": "mean_pool"},
                             {"type": "linear", "out": 8}, {"type": "relu"},
                             {"type": "linear", "out": 2}]},
        "train": {"loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.02},
                  "epochs": 4, "batch_size": 37},
        "evaluate": {"attacks": [{"type": "fgm"}, {"type": "pgd"}]}})");
    pipeline["data"] = {{"train", tsv("train.tsv")}, {"test", tsv("test.tsv")}};
    pipeline["train"]["method"] = Json::parse(method);
    pipeline["threat"] = Json::parse(threat);
    return pipeline;
}

const char *const whole = R"({"norm":"l2","eps":0.5,"space":"embedding"})";
const char *const tokens = R"({"norm":"l2","eps":0.5,"space":"embedding","group":"token"})";
const char *const vat = R"({"type":"vat","xi":0.1})";

Json encoder() {
    return Json::parse(R"([{"type":"embedding","dim":12}, {"type":"positions"},
        {"type":"transformer","heads":2,"hidden":16}, {"type":"dropout","p":0.1},
        {"type":"transformer","heads":2,"hidden":16},
        {"type":"mean_pool"}, {"type":"linear","out":2}])");
}

Json results_of(const Texts &texts, const Json &pipeline, const std::string &name) {
    run({texts.write(pipeline), "--out", texts.folder / name});
    return Json::parse(file_content(texts.folder / name + "/results.json"));
}

void check_refused(const Texts &texts, const Json &pipeline, const char *command,
                   const std::vector<std::string> &parts) {
    std::vector<std::string> words{command, texts.write(pipeline)};
    if (std::string(command) == "run")
        words.insert(words.end(), {"--out", texts.folder / ("no" + std::to_string(texts.count))});
    const Ended ended = spar::test::spar(words);
    INFO(ended.err);
    CHECK(ended.code != 0);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(ended.says(part));
    }
}

}  // namespace

TEST_CASE("with a ball for every token, methods learn, and attacks reach beyond one ball") {
    const Texts texts;
    for (const char *method :
         {R"({"type":"fgm_at"})", R"({"type":"freelb"})", R"({"type":"free","replays":2})",
          R"({"type":"pgd_at","attack":{"type":"pgd","steps":3},"clean_weight":1,"weight":1})",
          R"({"type":"trades","attack":{"type":"pgd","steps":2}})"}) {
        CAPTURE(method);
        Json pipeline = text_pipeline(method, tokens);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"noise"},{"type":"fgm"},
            {"type":"fgsm"},{"type":"bim"},{"type":"pgd"},{"type":"mi_fgsm"},{"type":"ni_fgsm"},
            {"type":"gradient_ascent","step_size":10},
            {"type":"pgd","name":"one_ball","threat":{"group":"none"}}])");
        const Json results = results_of(texts, pipeline, "tokens" + std::to_string(texts.count));
        const Json &evaluation = results["evaluation"];
        CHECK(evaluation["clean_accuracy"].get<double>() > 0.75);
        CHECK(results["threats"].is_null());
        double of_tokens = 1, of_text = 0;
        for (const Json &attack : evaluation["attacks"]) {
            CAPTURE(attack["name"].get<std::string>());
            CHECK(attack["mean_distance"].get<double>() <= 0.5001);
            if (attack["name"] == "pgd") {
                of_tokens = attack["robust_accuracy"];
                CHECK(attack["threat"]["group"] == "token");
            }
            if (attack["name"] == "one_ball") of_text = attack["robust_accuracy"];
        }
        CHECK(of_tokens <= of_text);
    }
}

TEST_CASE("groups that do not fit are refused, with the place and the way on") {
    const Texts texts;
    Json broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["space"] = "input";
    check_refused(texts, broken, "check",
                  {"#/threat/group", "every token of a text", "set \"space\": \"embedding\""});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["norm"] = "l0";
    check_refused(texts, broken, "check", {"#/threat/group", "l0 counts changes"});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["group"] = "pixel";
    check_refused(texts, broken, "check", {"#/threat/group", "set \"norm\": \"l0\""});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    for (const char *attack : {"fab", "cw", "deepfool", "square", "apgd", "auto_attack"}) {
        broken["evaluate"]["attacks"] = Json::array({{{"type", attack}}});
        check_refused(texts, broken, "check",
                      {"#/evaluate/attacks/0", "ball of its own", "attacks that take this threat"});
    }
    broken = text_pipeline(R"({"type":"n_fgsm"})", tokens);
    check_refused(texts, broken, "check", {"#/train/method", "methods that take this threat"});
}

TEST_CASE("yopo learns a text through its first encoder layer, with padding and dropout") {
    const Texts texts;
    for (const char *threat : {whole, tokens})
        for (const char *method :
             {R"({"type":"yopo","passes":2,"inner_steps":2,"step_size":0.2})",
              R"({"type":"yopo","passes":2,"inner_steps":2,"step_size":0.2,"same_masks":true})"}) {
            CAPTURE(threat);
            CAPTURE(method);
            Json pipeline = text_pipeline(method, threat);
            pipeline["model"]["layers"] = encoder();
            pipeline["model"]["stage"] = 4;  // the dropout too
            pipeline["train"]["optimizer"]["lr"] = 0.005;
            pipeline["train"]["epochs"] = 6;
            const std::string name = "yopo" + std::to_string(texts.count);
            const Json results = results_of(texts, pipeline, name);
            CHECK(results["evaluation"]["clean_accuracy"].get<double>() > 0.85);
            run({texts.write(pipeline), "--out", texts.folder / (name + "-1"), "--threads", "1"});
            check_same_run(what_must_repeat(texts.folder / name),
                           what_must_repeat(texts.folder / (name + "-1")));
        }
    Json pipeline = text_pipeline(R"({"type":"yopo"})", whole);
    pipeline["model"]["layers"] = encoder();
    pipeline["model"]["stage"] = 1;
    check_refused(texts, pipeline, "run", {"#/model/stage", "would have no parameters"});
}

TEST_CASE("an unlabelled set goes through vat, whatever its labels, with the same bits each time") {
    const Texts texts;
    Json pipeline = text_pipeline(vat, whole);
    pipeline["data"]["unlabelled"] = tsv("more.tsv");
    pipeline["train"]["unlabelled_batch_size"] = 50;
    const Json with = results_of(texts, pipeline, "with");
    CHECK(with["evaluation"]["clean_accuracy"].get<double>() > 0.75);
    const auto same = what_must_repeat(texts.folder / "with");
    for (const std::string threads : {"1", "3"}) {
        run({texts.write(pipeline), "--out", texts.folder / ("with" + threads), "--threads",
             threads});
        check_same_run(same, what_must_repeat(texts.folder / ("with" + threads)));
    }
    // The labels of the unlabelled set change nothing.
    std::string other = corpus(130, 3);
    for (std::size_t at = 0; at < other.size(); at = other.find('\n', at) + 1)
        other[at] = other[at] == '0' ? '1' : '0';
    texts.folder.write("more.tsv", other);
    run({texts.write(pipeline), "--out", texts.folder / "relabelled"});
    CHECK(file_content(texts.folder / "relabelled/model.safetensors") ==
          file_content(texts.folder / "with/model.safetensors"));
    // The texts do, and so does their number.
    texts.folder.write("more.tsv", corpus(130, 4));
    run({texts.write(pipeline), "--out", texts.folder / "others"});
    CHECK(file_content(texts.folder / "others/model.safetensors") !=
          file_content(texts.folder / "with/model.safetensors"));
    const Json epochs = with["train"]["epochs"];
    REQUIRE(epochs.size() == 4);
    CHECK(epochs[3]["train_accuracy"].get<double>() > 0.75);
    CHECK(epochs[3]["train_accuracy"].get<double>() <= 1);
}

TEST_CASE("a run with an unlabelled set is resumed with the same bits") {
    const Texts texts;
    Json pipeline = text_pipeline(vat, whole);
    pipeline["data"]["unlabelled"] = tsv("more.tsv");
    pipeline["train"]["unlabelled_batch_size"] = 50;
    pipeline["data"]["train"] = {{"type", "interrupting"}, {"data", pipeline["data"]["train"]}};
    pipeline["data"].erase("test");
    pipeline.erase("evaluate");
    const auto stopping = [](int examples) {
        Environment environment{
            {"SPAR_PLUGIN_PATH", SPAR_ZOO_DIR "/interrupting:" + std::string(SPAR_PLUGIN_DIR)}};
        if (examples >= 0) environment[stop_after_variable] = std::to_string(examples);
        return environment;
    };
    const std::string file = texts.write(pipeline);
    run({file, "--out", texts.folder / "whole"}, stopping(-1));
    const auto all = what_must_repeat(texts.folder / "whole");
    // Tokens are counted first, 300 examples.
    for (const int examples : {300 + 100, 300 + 420}) {
        const std::string out = texts.folder / ("stopped" + std::to_string(examples));
        const Ended stopped = spar::test::spar({"run", file, "--out", out}, stopping(examples));
        INFO(stopped.err);
        REQUIRE(stopped.code == 75);
        run({file, "--out", out, "--resume"}, stopping(-1));
        check_same_run(all, what_must_repeat(out));
    }
}

TEST_CASE("an unlabelled set is refused where nothing makes use of it") {
    const Texts texts;
    Json broken = text_pipeline(R"({"type":"fgm_at"})", whole);
    broken["data"]["unlabelled"] = tsv("more.tsv");
    check_refused(
        texts, broken, "check",
        {"#/data/unlabelled", "\"fgm_at\" makes no use of examples without labels", "vat"});
    broken = text_pipeline(vat, whole);
    broken["train"]["unlabelled_batch_size"] = 5;
    check_refused(texts, broken, "check",
                  {"#/train/unlabelled_batch_size", "no \"unlabelled\" set"});
    broken = text_pipeline(vat, whole);
    broken["data"]["unlabelled"] = {{"type", "digits"}, {"examples", 50}};
    check_refused(texts, broken, "run", {"#/data/unlabelled", "values [1,28,28]", "texts [8]"});
    broken["data"]["unlabelled"] = {{"type", "tsv"}, {"file", "more.tsv"}, {"max_length", 8}};
    texts.folder.write("more.tsv", "0\tentirely other words\n");
    check_refused(texts, broken, "run", {"#/data/unlabelled", "would not mean the same word"});
    broken = text_pipeline(vat, whole);
    broken["data"]["unlabelled"] = tsv("more.tsv");
    broken.erase("train");
    check_refused(texts, broken, "check", {"#/data/unlabelled", "is for training"});
}

TEST_CASE("frequencies are counted over the training set and the unlabelled one together") {
    const Texts texts;
    Json pipeline = text_pipeline(vat, whole);
    pipeline["model"]["layers"][0]["normalize"] = "frequency";
    pipeline["data"]["unlabelled"] = tsv("more.tsv");
    pipeline["train"]["epochs"] = 1;
    results_of(texts, pipeline, "counted");
    std::map<std::string, int> counts;
    int total = 0;
    for (const char *file : {"train.tsv", "more.tsv"}) {
        std::istringstream lines(file_content(texts.folder / file));
        for (std::string line, word; std::getline(lines, line);) {
            std::istringstream words(line.substr(2));
            for (int i = 0; i < 8 && words >> word; ++i) ++counts[word], ++total;
        }
    }
    std::vector<float> wanted{0, 0};  // padding, and an unknown word
    for (const auto &count : counts)
        wanted.push_back(static_cast<float>(double(count.second) / total));
    auto found = load_safetensors(texts.folder / "counted/model.safetensors")
                     .tensors.at("0.frequency")
                     .values;
    CHECK(found[0] == 0);
    std::ranges::sort(wanted);
    std::ranges::sort(found);
    CHECK((found == wanted));
}

TEST_CASE(
    "vectors normalised by frequency are trained, saved, and evaluated without the training set") {
    const Texts texts;
    Json pipeline =
        text_pipeline(R"({"type":"fgm_at"})", R"({"norm":"l2","eps":2,"space":"embedding"})");
    pipeline["model"]["layers"][0]["normalize"] = "frequency";
    const Json results = results_of(texts, pipeline, "trained");
    CHECK(results["evaluation"]["clean_accuracy"].get<double>() > 0.75);
    pipeline.erase("train");
    pipeline["data"].erase("train");
    pipeline["model"]["weights"] = texts.folder / "trained/model.safetensors";
    results_of(texts, pipeline, "alone");
    const auto evaluation = [&](const char *name) {
        const Json all = Json::parse(what_must_repeat(texts.folder / name).at("results.json"));
        return all.at("evaluation");
    };
    CHECK((evaluation("trained") == evaluation("alone")));
}
