// The same pipeline, the same bytes: for any number of threads, any repeat, and an evaluation for
// any size of batch.
#include "pipelines.hpp"

using namespace spar::test;

TEST_CASE("weights, adversarial examples and results are the same for 1 to 4 threads and repeats") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", small_pipeline());
    run({pipeline, "--out", folder / "first", "--threads", "1"});
    const auto first = what_must_repeat(folder / "first");
    CHECK(first.count("model.safetensors") == 1);
    CHECK(first.count("adversarial/pgd.npz") == 1);
    int count = 0;
    for (const std::string threads : {"1", "1", "2", "3", "4"}) {
        CAPTURE(threads);
        const std::string out = folder / ("again" + std::to_string(count++));
        run({pipeline, "--out", out, "--threads", threads});
        check_same_run(first, what_must_repeat(out));
    }
}

TEST_CASE("an evaluation finds the same in batches of 1, 7, 64 and 256") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", small_pipeline());
    run({pipeline, "--out", folder / "trained"});
    Json evaluation = small_pipeline();
    evaluation.erase("train");
    evaluation["data"].erase("train");
    evaluation["data"].erase("validation");
    evaluation["evaluate"]["loss"] = {{"type", "cross_entropy"}};
    evaluation["model"]["weights"] = folder / "trained/model.safetensors";
    const std::string measure = write(folder, "e.json", evaluation);
    std::map<std::string, std::string> first;
    for (const std::string size : {"256", "64", "7", "1"}) {
        CAPTURE(size);
        const std::string out = folder / ("in" + size);
        run({measure, "--out", out, "--set", "evaluate.batch_size=" + size});
        auto found = what_must_repeat(out);
        const Json results = Json::parse(found["results.json"]);
        found["results.json"] = results.at("evaluation").dump(1);
        if (first.empty()) first = found;
        check_same_run(first, found);
    }
    const Json trained = Json::parse(what_must_repeat(folder / "trained")["results.json"]);
    CHECK(trained.at("evaluation").at("clean_accuracy") ==
          Json::parse(first["results.json"]).at("clean_accuracy"));
}

TEST_CASE("another attack in the list changes no other attack's numbers") {
    const Folder folder;
    Json pipeline = small_pipeline();
    run({write(folder, "one.json", pipeline), "--out", folder / "one"});
    pipeline["evaluate"]["attacks"].push_back(Json::object({{"type", "fgsm"}}));
    run({write(folder, "more.json", pipeline), "--out", folder / "more"});
    for (const std::string file : {"model.safetensors", "adversarial/pgd.npz"}) {
        CAPTURE(file);
        CHECK((file_content(folder / ("one/" + file)) == file_content(folder / ("more/" + file))));
    }
}

TEST_CASE("another seed gives other weights") {
    const Folder folder;
    const std::string pipeline = write(folder, "p.json", small_pipeline());
    run({pipeline, "--out", folder / "a"});
    run({pipeline, "--out", folder / "b", "--set", "seed=4"});
    CHECK((file_content(folder / "a/model.safetensors") !=
           file_content(folder / "b/model.safetensors")));
}
