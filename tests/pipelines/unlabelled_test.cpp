// Examples without labels, and tokens counted over all that is trained on.
#include "small_texts.hpp"

#include "interrupting.hpp"
#include "loaded_tensors.hpp"

#include <algorithm>
#include <sstream>

using namespace spar::test;

TEST_CASE("an unlabelled set goes through vat, whatever its labels, with the same bits each time") {
    const Texts texts;
    Json pipeline = text_pipeline(vat, whole);
    pipeline["data"]["unlabelled"] = texts_of("more.tsv");
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
    // Nor is there any need of them.
    std::string bare;
    std::istringstream lines(other);
    for (std::string line; std::getline(lines, line);) bare += line.substr(2) + "\n";
    texts.folder.write("bare.tsv", bare);
    Json unlabelled = pipeline;
    unlabelled["data"]["unlabelled"] = texts_of("bare.tsv");
    unlabelled["data"]["unlabelled"]["targets"] = "none";
    run({texts.write(unlabelled), "--out", texts.folder / "bare"});
    CHECK(file_content(texts.folder / "bare/model.safetensors") ==
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
    pipeline["data"]["unlabelled"] = texts_of("more.tsv");
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
    broken["data"]["unlabelled"] = texts_of("more.tsv");
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
    broken = text_pipeline(vat, whole);
    broken["data"]["unlabelled"] = texts_of("more.tsv");
    broken.erase("train");
    check_refused(texts, broken, "check", {"#/data/unlabelled", "is for training"});
}

TEST_CASE("frequencies are counted over the training set and the unlabelled one together") {
    const Texts texts;
    Json pipeline = text_pipeline(vat, whole);
    pipeline["model"]["layers"][0]["normalize"] = "frequency";
    pipeline["data"]["unlabelled"] = texts_of("more.tsv");
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
    std::vector<float> wanted{0, 0, 0};  // padding, an unknown word, a separator
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
