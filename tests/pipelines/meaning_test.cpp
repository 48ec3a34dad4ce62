// A vocabulary, a box and a list of classes are compared by content, and travel with the weights.
#include "pipelines.hpp"

using namespace spar::test;

namespace {

/// The small pipeline without training, on these weights.
Json evaluation(const std::string &weights) {
    Json pipeline = small_pipeline();
    pipeline.erase("train");
    pipeline["data"].erase("train");
    pipeline["data"].erase("validation");
    pipeline["evaluate"]["loss"] = {{"type", "cross_entropy"}};
    pipeline["model"]["weights"] = weights;
    return pipeline;
}

Json text_pipeline(const Folder &folder, const std::string &test) {
    return {{"version", 1},
            {"name", "text"},
            {"data",
             {{"train", {{"type", "tsv"}, {"file", folder / "train.tsv"}}},
              {"test", {{"type", "tsv"}, {"file", folder / test}}}}},
            {"model",
             {{"type", "sequential"},
              {"layers",
               {{{"type", "embedding"}, {"dim", 4}},
                {{"type", "mean_pool"}},
                {{"type", "linear"}, {"out", 2}}}}}},
            {"train",
             {{"method", {{"type", "natural"}}},
              {"loss", {{"type", "cross_entropy"}}},
              {"optimizer", {{"type", "sgd"}, {"lr", 0.1}}},
              {"epochs", 1}}},
            {"evaluate", Json::object()}};
}

Ended run_json(const Folder &folder, const Json &pipeline) {
    static int count = 0;
    const std::string name = "run" + std::to_string(++count);
    return spar::test::spar(
        {"run", write(folder, name + ".json", pipeline), "--out", folder / name});
}

void check_refused(const Ended &ended, const std::vector<std::string> &words) {
    INFO(ended.err);
    CHECK(ended.code == 6);
    for (const std::string &word : words) CHECK(ended.says(word));
}

}  // namespace

TEST_CASE("two vocabularies of one size with different words are distinguished") {
    const Folder folder;
    folder.write("train.tsv", "0\ta a a good film\n1\ta a bad film\xA6\n");
    folder.write("other.tsv", "0\ta a a good film\n1\ta a poor film\xA6\n");
    check_refused(
        run_json(folder, text_pipeline(folder, "other.tsv")),
        {"#/data/test", "token 3 is \"film\" in #/data/test, but \"bad\"", "vocabulary_from"});
    Json own = text_pipeline(folder, "train.tsv");
    run({write(folder, "p.json", own), "--out", folder / "trained"});
    const auto alone = [&](const std::string &file) {
        Json pipeline = text_pipeline(folder, file);
        pipeline.erase("train");
        pipeline["data"].erase("train");
        pipeline["model"]["weights"] = folder / "trained/model.safetensors";
        return run_json(folder, pipeline);
    };
    CHECK(alone("train.tsv").code == 0);
    check_refused(alone("other.tsv"), {"#/model/weights", "token 3", "\"bad\""});
    for (const std::string form : {"tokens", "presence"}) {
        Json presence = text_pipeline(folder, "other.tsv");
        for (Json &data : presence["data"]) data["form"] = form;
        check_refused(run_json(folder, presence), {"token 3"});
    }
}

TEST_CASE("weights know the box and the classes of their data") {
    const Folder folder;
    run({write(folder, "p.json", small_pipeline()), "--out", folder / "trained"});
    const std::string weights = folder / "trained/model.safetensors";
    CHECK(run_json(folder, evaluation(weights)).code == 0);

    const std::string bytes = file_content(weights);
    const auto altered = [&](const std::string &from, const std::string &to) {
        std::string other = bytes;
        const std::size_t at = other.find(from);
        REQUIRE(at != std::string::npos);
        REQUIRE(from.size() == to.size());
        return evaluation(folder.write("altered.safetensors", other.replace(at, to.size(), to)));
    };
    check_refused(run_json(folder, altered(R"(\"2\",\"3\")", R"(\"3\",\"2\")")),
                  {"#/model/weights", "class 2 is \"2\"", "\"3\"", "__metadata__"});
    check_refused(run_json(folder, altered("[0.0,1.0]", "[0.0,2.0]")),
                  {"#/model/weights", "box [0, 1]", "[0, 2]"});
    check_refused(run_json(folder, altered("[0.0,1.0]", "{0.0,1.0]")),
                  {"#/model/weights", "no box of two numbers"});
    // Without these keys the file is like any other program's.
    CHECK(run_json(folder, altered("spar.classes", "some.classes")).code == 0);

    Json further = small_pipeline();
    further["model"]["weights"] = altered(R"(\"2\",\"3\")", R"(\"3\",\"2\")")["model"]["weights"];
    const Ended trained = run_json(folder, further);
    CHECK(trained.code == 0);
    CHECK(trained.says("class 2"));
}
