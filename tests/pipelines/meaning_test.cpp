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
             {{"tokenizer", {{"type", "words"}}},
              {"train", {{"type", "text"}, {"file", folder / "train.tsv"}}},
              {"test", {{"type", "text"}, {"file", folder / test}}}}},
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

TEST_CASE("the vocabulary is kept with the weights, and another of its size is refused") {
    const Folder folder;
    folder.write("train.tsv", "0\ta a a good film\n1\ta a bad film\n");
    folder.write("other.tsv", "0\ta a a good film\n1\ta a poor film\n");
    folder.write("vocabulary.txt", "a\nfilm\nbad\ngood\n");
    folder.write("another.txt", "a\nfilm\npoor\ngood\n");
    for (const std::string form : {"tokens", "presence"}) {
        Json trained = text_pipeline(folder, "other.tsv");
        trained["data"]["form"] = form;
        if (form == "presence")
            trained["model"]["layers"] = Json::array({{{"type", "linear"}, {"out", 2}}});
        run({write(folder, "p.json", trained), "--out", folder / ("trained_" + form)});
        const auto alone = [&](const Json &tokenizer) {
            Json pipeline = trained;
            pipeline.erase("train");
            pipeline["data"].erase("train");
            pipeline["data"]["tokenizer"] = tokenizer;
            pipeline["model"]["weights"] = folder / ("trained_" + form + "/model.safetensors");
            return run_json(folder, pipeline);
        };
        const auto words = [](Json more) {
            more["type"] = "words";
            return more;
        };
        CHECK(alone(words({})).code == 0);
        CHECK(alone(words({{"vocabulary", folder / "vocabulary.txt"}})).code == 0);
        const Ended other = alone(words({{"vocabulary", folder / "another.txt"}}));
        CHECK(other.code == 3);
        CHECK(other.says("#/data/tokenizer/vocabulary"));
        CHECK(other.says("token 5 is \"bad\" in the vocabulary of the weights, but \"poor\""));
        const Ended cased = alone(words({{"lower_case", false}}));
        CHECK(cased.code == 3);
        CHECK(cased.says("#/data/tokenizer/lower_case"));
        CHECK(alone({{"type", "characters"}}).says("tokenizer \"words\""));
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
