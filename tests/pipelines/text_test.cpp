// Text from a file to measured robustness: training where vectors of words, or their matrix, are
// perturbed, and the messages for pipelines in which the parts do not fit.
#include "small_texts.hpp"

using namespace spar::test;

namespace {

/// The attacks of the evaluation perturb vectors, whatever training perturbs.
Json attacked_pipeline(const std::string &method, const std::string &threat) {
    Json pipeline = text_pipeline(method, threat);
    for (Json &attack : pipeline["evaluate"]["attacks"])
        attack["threat"] = {{"space", "embedding"}};
    return pipeline;
}

const char *const embedding = R"({"norm":"l2","eps":0.3,"space":"embedding"})";
const char *const matrix = R"({"norm":"l2","eps":0.3,"space":"parameter","parameter":"0.weight"})";
const char *const pgd_at =
    R"({"type":"pgd_at","clean_weight":0.5,"attack":{"type":"pgd","steps":3}})";

void check_refused(const Texts &texts, const Json &pipeline, const char *command, int code,
                   const std::vector<std::string> &parts) {
    std::vector<std::string> words{command, texts.write(pipeline)};
    if (std::string(command) == "run")
        words.insert(words.end(), {"--out", texts.folder / ("no" + std::to_string(texts.count))});
    const Ended ended = spar::test::spar(words);
    INFO(ended.err);
    CHECK(ended.code == code);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(ended.says(part));
    }
}

}  // namespace

TEST_CASE("training data of one class is refused before the training") {
    const Texts texts;
    texts.folder.write("train.tsv", "0\tword good\n0\tword bad\n0\tanother word\n");
    check_refused(texts, attacked_pipeline(R"({"type":"natural"})", embedding), "run", 6,
                  {"#/data/train: all examples are of one class"});
}

TEST_CASE("every method for text learns it, with vectors or their matrix perturbed") {
    const Texts texts;
    const std::pair<const char *, const char *> cases[] = {
        {R"({"type":"natural"})", embedding},
        {R"({"type":"fgm_at"})", embedding},
        {R"({"type":"freelb"})", embedding},
        {R"({"type":"smart"})", embedding},
        {R"({"type":"alum"})", embedding},
        {R"({"type":"vat","xi":0.1})", embedding},
        {R"({"type":"r3f"})", embedding},
        {R"({"type":"trades","attack":{"type":"pgd","steps":3}})", embedding},
        {pgd_at, embedding},
        {pgd_at, R"({"norm":"linf","eps":0.05,"space":"embedding"})"},
        {R"({"type":"fgm_at"})", matrix},
        {R"({"type":"freelb"})", matrix},
        {pgd_at, matrix},
        {pgd_at, R"({"norm":"linf","eps":0.02,"space":"parameter","parameter":"0.weight"})"}};
    for (const auto &entry : cases) {
        const auto &method = entry.first;
        const auto &threat = entry.second;
        CAPTURE(method);
        CAPTURE(threat);
        const std::string out = texts.folder / ("out" + std::to_string(texts.count));
        run({texts.write(attacked_pipeline(method, threat)), "--out", out});
        const Json results = Json::parse(file_content(out + "/results.json"));
        CHECK(results["evaluation"]["clean_accuracy"].get<double>() > 0.75);
        for (const Json &attack : results["evaluation"]["attacks"]) {
            CHECK(attack["robust_accuracy"] <= results["evaluation"]["clean_accuracy"]);
            CHECK(attack["mean_distance"].get<double>() > 0);
        }
    }
}

TEST_CASE("training against perturbed vectors makes a model of text more robust") {
    const Texts texts;
    // The mean of three seeds: with some initial vectors even natural training gives robust ones.
    const auto robust = [&](const char *method) {
        double sum = 0;
        for (const int seed : {1, 2, 3}) {
            const std::string out = texts.folder / ("out" + std::to_string(texts.count));
            Json pipeline =
                attacked_pipeline(method, R"({"norm":"l2","eps":4,"space":"embedding"})");
            pipeline["train"]["epochs"] = 12;
            pipeline["seed"] = seed;
            run({texts.write(pipeline), "--out", out});
            const Json results = Json::parse(file_content(out + "/results.json"));
            sum += results["evaluation"]["worst_case_accuracy"].get<double>();
        }
        return sum / 3;
    };
    CHECK(robust(R"({"type":"fgm_at"})") > robust(R"({"type":"natural"})") + 0.05);
}

TEST_CASE("runs on text are the same for any number of threads, in either space") {
    const Texts texts;
    for (const char *threat : {embedding, matrix})
        for (const char *method : {R"({"type":"fgm_at"})", pgd_at}) {
            CAPTURE(threat);
            CAPTURE(method);
            const std::string pipeline = texts.write(attacked_pipeline(method, threat));
            const std::string out = texts.folder / ("threads" + std::to_string(texts.count));
            run({pipeline, "--out", out + "-1", "--threads", "1"});
            const auto first = what_must_repeat(out + "-1");
            for (const std::string threads : {"2", "3"}) {
                run({pipeline, "--out", out + "-" + threads, "--threads", threads});
                check_same_run(first, what_must_repeat(out + "-" + threads));
            }
        }
}

TEST_CASE("a trained model of text is evaluated without training") {
    const Texts texts;
    Json pipeline = attacked_pipeline(R"({"type":"fgm_at"})", embedding);
    run({texts.write(pipeline), "--out", texts.folder / "trained"});
    pipeline.erase("train");
    pipeline["data"].erase("train");
    pipeline["model"]["weights"] = texts.folder / "trained/model.safetensors";
    run({texts.write(pipeline), "--out", texts.folder / "alone"});
    const auto evaluation = [&](const char *name) {
        auto json = Json::parse(what_must_repeat(texts.folder / name).at("results.json"));
        return json.at("evaluation");
    };
    CHECK((evaluation("trained") == evaluation("alone")));
}

TEST_CASE("every attack works on the vectors of words") {
    const Texts texts;
    std::string lines;
    for (int i = 0; i < 180; ++i)
        lines += std::to_string(i % 6) + "\ttopic" + std::to_string(i % 6) + " word" +
                 std::to_string(i % 7) + (i % 2 == 0 ? " more\n" : "\n");
    texts.folder.write("train.tsv", lines);
    Json pipeline = attacked_pipeline(R"({"type":"natural"})", embedding);
    pipeline["data"]["test"]["file"] = "train.tsv";
    pipeline["model"]["layers"].back()["out"] = 6;
    pipeline["train"]["epochs"] = 20;
    pipeline["threat"]["eps"] = 4.0;
    pipeline["evaluate"] = Json::parse(R"({"examples":30,"loss":{"type":"cross_entropy"},"attacks":[
        {"type":"noise"}, {"type":"fgsm"}, {"type":"fgm"}, {"type":"fgm_batch"},
        {"type":"bim","steps":5}, {"type":"pgd","steps":5}, {"type":"mi_fgsm","steps":5},
        {"type":"ni_fgsm","steps":5}, {"type":"gradient_ascent","steps":5},
        {"type":"deepfool","steps":10}, {"type":"cw","steps":20,"search_steps":3,"rate":0.2,"constant":1},
        {"type":"apgd","steps":8,"loss":{"type":"dlr"}}, {"type":"apgd","steps":8,"targets":3},
        {"type":"fab","steps":8}, {"type":"square","queries":50},
        {"type":"spsa","steps":4,"samples":16}, {"type":"auto_attack"}]})");
    run({texts.write(pipeline), "--out", texts.folder / "every"});
    const Json evaluation =
        Json::parse(what_must_repeat(texts.folder / "every").at("results.json")).at("evaluation");
    CHECK(evaluation.at("clean_accuracy") == 1.0);
    CHECK(evaluation.at("attacks").size() == 17);
    double pgd = 0;
    for (const Json &attack : evaluation.at("attacks")) {
        CAPTURE(attack.at("name").get<std::string>());
        CHECK(attack.at("mean_distance") > 0.0);
        CHECK(attack.at("mean_distance") <= 4.0001);
        if (attack.at("name") == "pgd") pgd = attack.at("robust_accuracy");
    }
    CHECK(pgd < 0.9);
    CHECK(evaluation.at("worst_case_accuracy") <= pgd);
}

TEST_CASE("parts that do not fit are refused, with the place and the way on") {
    const Texts texts;
    const Json sound = attacked_pipeline(R"({"type":"fgm_at"})", embedding);

    Json broken = attacked_pipeline(R"({"type":"fgm_at"})", matrix);
    broken["threat"]["parameter"] = "0.wieght";
    check_refused(texts, broken, "run", 3,
                  {"#/threat/parameter", "no parameter \"0.wieght\"", "did you mean \"0.weight\"?",
                   "2.weight, 2.bias, 4.weight, 4.bias"});

    broken = attacked_pipeline(R"({"type":"fgm_at"})", matrix);
    broken["evaluate"]["attacks"] = Json::parse(R"([{"type":"fgm"}])");
    check_refused(texts, broken, "check", 3,
                  {"#/evaluate/attacks/0", "measures no robust accuracy", "\"threat\" of its own"});

    broken = attacked_pipeline(R"({"type":"fgm_at"})", matrix);
    broken["data"]["validation"] = {{"examples", 30}};
    broken["train"]["validate_attack"] = {{"type", "fgm"}};
    check_refused(texts, broken, "check", 3,
                  {"#/train/validate_attack", "measures no robust accuracy"});

    broken = sound;
    broken["model"]["layers"].erase(0);
    check_refused(texts, broken, "run", 3,
                  {"#/model/layers/0", "tokens [8]", R"({"type": "embedding", "dim": 64})"});

    broken = sound;
    broken["model"]["layers"].insert(broken["model"]["layers"].begin(), Json{{"type", "relu"}});
    check_refused(texts, broken, "run", 3,
                  {"#/model/layers/1", "layers/1 (embedding): ", "move it to the front"});
    broken = sound;
    broken["model"]["layers"].push_back(broken["model"]["layers"][0]);
    check_refused(texts, broken, "run", 3,
                  {"#/model/layers/5", "layers/5 (embedding): ", "can only be the first layer"});

    broken = sound;
    broken["model"]["layers"][0]["vocabulary"] = 5;
    check_refused(texts, broken, "run", 3, {"#/model/layers/0", "vocabulary of 5 tokens"});

    broken = sound;
    for (const char *key : {"tokenizer", "max_length"}) broken["data"].erase(key);
    check_refused(texts, broken, "run", 3, {"#/data", "there is no tokenizer"});

    broken = sound;
    broken["data"]["train"]["type"] = "tsv";
    check_refused(texts, broken, "check", 3,
                  {"#/data/train/type", "the dataset \"tsv\" is called \"text\" now"});

    broken = sound;
    broken["threat"]["space"] = "input";
    check_refused(texts, broken, "run", 3, {"#/threat/space", "set \"space\": \"embedding\""});

    broken = sound;
    for (const char *part : {"train", "test"})
        broken["data"][part] = Json::parse(R"({"type":"digits","examples":50})");
    for (const char *key : {"tokenizer", "max_length"}) broken["data"].erase(key);
    check_refused(texts, broken, "run", 3,
                  {"#/model/layers/0", "needs tokens of a text", "values [1,28,28]"});

    Json images = small_pipeline();
    images["threat"]["space"] = "embedding";
    check_refused(texts, images, "run", 3,
                  {"#/threat/space", "values [1,28,28]", "set \"space\": \"input\""});
}
