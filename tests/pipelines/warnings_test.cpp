// What a run says of itself: warnings with place and remedy, on the terminal and in the results.
#include "pipelines.hpp"

using namespace spar::test;

namespace {

struct Finished {
    Json results;
    std::string err;

    const Json *warning(const std::string &code) const {
        for (const Json &w : results["warnings"])
            if (w["code"] == code) return &w;
        return nullptr;
    }
};

Finished finish(const Json &pipeline) {
    const Folder folder;
    const Ended ended = spar::test::spar(
        {"run", write(folder, "p.json", pipeline), "--out", folder / "out", "--threads", "1"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    return {Json::parse(file_content(folder / "out/results.json")), ended.err};
}

Json linear_pipeline() {
    Json pipeline = small_pipeline();
    pipeline["version"] = 2;
    pipeline["model"]["layers"] = Json::parse(R"([{"type":"flatten"},{"type":"linear","out":10}])");
    pipeline["train"]["method"] = {{"type", "natural"}};
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"pgd","steps":5}])");
    return pipeline;
}

/// The parts of a dataset "idx" whose labels are these; its examples are one value each.
Json labelled(const Folder &folder, const std::string &name, const std::string &labels) {
    const auto size = static_cast<char>(labels.size());
    std::string values = labels;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<char>(3 * i);
    const std::string count = std::string(3, '\0') + size;
    return {{"type", "idx"},
            {"images", folder.write(name + "-x", std::string("\0\0\x08\x02", 4) + count +
                                                     std::string("\0\0\0\x01", 4) + values)},
            {"labels", folder.write(name + "-y", std::string("\0\0\x08\x01", 4) + count + labels)}};
}

double robust(const Finished &run) {
    return run.results["evaluation"]["attacks"][0]["robust_accuracy"];
}

}  // namespace

TEST_CASE("a pipeline of version 1 hears which defaults of its components are others now") {
    Json pipeline = linear_pipeline();
    pipeline["version"] = 1;
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"auto_attack"}])");
    const Folder folder;
    pipeline["threat"]["norm"] = "l1";
    const std::pair<const char *, const char *> changed[] = {
        {"vat", R"(xi: its default is 0.01 now; in version 1 it was 1e-6; write "xi": 1e-6)"},
        {"alum", R"(normalize: its default is true now; in version 1 it was false)"},
        {"fgsm_at", R"(mode: its default is "train" now; in version 1 it was "eval")"},
        {"n_fgsm", R"(mode: its default is "train" now; in version 1 it was "eval")"}};
    for (const auto &[method, said] : changed) {
        pipeline["train"]["method"] = {{"type", method}};
        const Ended ended = spar::test::spar({"check", write(folder, "p.json", pipeline)});
        INFO(method << ended.err);
        CHECK(ended.says("#/train/method/" + std::string(said)));
        CHECK(ended.says("#/evaluate/attacks/0/attacks: its default is another now"));
        CHECK(ended.says(
            R"(write "attacks": [{"type": "apgd", "loss": {"type": "cross_entropy"}},)"));
    }
}

TEST_CASE("a pipeline of version 1 hears that another loss crafts") {
    Json pipeline = linear_pipeline();
    pipeline["version"] = 1;
    pipeline["evaluate"]["loss"] = {{"type", "cross_entropy"}};
    pipeline["train"]["method"] = Json::parse(
        R"({"type":"awp","method":{"type":"pgd_at","attack":{"type":"pgd","steps":2}}})");
    pipeline["train"]["loss"] = {{"type", "adversarial_cross_entropy"}, {"clean_weight", 0.5}};
    const std::string said = "#/train/method/method/loss: its default is cross_entropy";
    const Folder folder;
    const auto check = [&] {
        return spar::test::spar({"check", write(folder, "p.json", pipeline)}).says(said);
    };
    CHECK(check());
    pipeline["version"] = 2;
    CHECK(!check());
    pipeline["version"] = 1;
    pipeline["train"]["method"]["method"]["loss"] = {{"type", "cross_entropy"}};
    CHECK(!check());
}

TEST_CASE("the plan of a run of version 1 has its defaults written out, and relies on none") {
    Json pipeline = linear_pipeline();
    pipeline["version"] = 1;
    pipeline["train"]["loss"] = {{"type", "margin"}};
    const Folder folder;
    const std::string file = write(folder, "p.json", pipeline);
    const Ended first = spar::test::spar({"run", file, "--out", folder / "out"});
    INFO(first.err);
    REQUIRE(first.code == 0);
    CHECK(first.says("#/evaluate/loss: its default is"));
    run({file, "--out", folder / "out", "--resume"});
    const Ended again = spar::test::spar({"check", folder / "out/plan.json"});
    INFO(again.err);
    CHECK(again.code == 0);
    CHECK(!again.says("in version 1"));
}

TEST_CASE("a warm-up of awp that never ends gets a warning") {
    Json pipeline = linear_pipeline();
    pipeline["train"]["method"] = Json::parse(
        R"({"type":"awp","warmup_epochs":50,"method":{"type":"pgd_at","attack":{"type":"pgd","steps":2}}})");
    const Finished run = finish(pipeline);
    REQUIRE(run.warning("long_warmup") != nullptr);
    CHECK((*run.warning("long_warmup"))["place"] == "#/train/method/warmup_epochs");
}

TEST_CASE("examples that an attack breaks have no gradient to complain of") {
    Json pipeline = linear_pipeline();
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"cw","steps":100}])");
    pipeline["threat"]["norm"] = "l2";
    pipeline["threat"]["eps"] = 20;
    const Finished run = finish(pipeline);
    CHECK(robust(run) == 0);
    CHECK(run.warning("zero_gradients") == nullptr);
}

TEST_CASE("an evaluation attacks cross-entropy, whatever the net was trained with") {
    // Beyond its margin the hinge loss has no gradient, so that attacking it finds little.
    Json pipeline = linear_pipeline();
    pipeline["train"]["loss"] = {{"type", "hinge"}};
    pipeline["train"]["epochs"] = 60;
    pipeline["train"]["optimizer"]["lr"] = 0.05;
    pipeline["threat"]["eps"] = 0.02;
    const Finished plain = finish(pipeline);
    pipeline["evaluate"]["loss"] = {{"type", "cross_entropy"}};
    const Finished told = finish(pipeline);
    pipeline["evaluate"]["loss"] = {{"type", "hinge"}};
    const Finished hinge = finish(pipeline);
    CHECK(robust(plain) == robust(told));
    CHECK(robust(plain) < robust(hinge) - 0.1);
    CHECK(hinge.warning("zero_gradients") != nullptr);
    CHECK(plain.warning("zero_gradients") == nullptr);
}

TEST_CASE("a loss that compares with clean outputs trains, and its evaluation has figures") {
    Json pipeline = linear_pipeline();
    pipeline["train"]["method"] = {{"type", "pgd_at"}, {"attack", {{"type", "pgd"}, {"steps", 2}}}};
    pipeline["train"]["loss"] = {{"type", "adversarial_cross_entropy"}, {"clean_weight", 0.5}};
    const Finished run = finish(pipeline);
    CHECK(run.results["evaluation"]["clean_loss"].is_number());
    CHECK(run.results["evaluation"]["attacks"][0]["mean_loss"].is_number());
}

TEST_CASE("examples that are in the training set are counted") {
    Json pipeline = linear_pipeline();
    pipeline["data"]["train"]["seed"] = 7;
    pipeline["data"]["test"] = pipeline["data"]["train"];
    pipeline["data"].erase("validation");
    const Finished run = finish(pipeline);
    const Json *warning = run.warning("test_in_training");
    REQUIRE(warning != nullptr);
    CHECK((*warning)["count"] == 300);
    CHECK((*warning)["place"] == "#/data/test");
    CHECK((*warning)["examples"].size() == 8);
    CHECK(run.err.find("300 of the 300 examples") != std::string::npos);
    CHECK(finish(linear_pipeline()).warning("test_in_training") == nullptr);
}

TEST_CASE("examples to validate on that are in the training set are counted") {
    Json pipeline = linear_pipeline();
    pipeline["data"]["train"]["seed"] = 7;
    pipeline["data"]["validation"] = {{"dataset", pipeline["data"]["train"]}};
    pipeline["train"]["keep"] = "best";
    const Finished run = finish(pipeline);
    const Json *warning = run.warning("validation_in_training");
    REQUIRE(warning != nullptr);
    CHECK((*warning)["count"] == 300);
    CHECK((*warning)["place"] == "#/data/validation");
    CHECK((*warning)["message"].get<std::string>().find("\"keep\": \"best\"") != std::string::npos);
    pipeline["data"]["validation"]["dataset"]["seed"] = 8;
    CHECK(finish(pipeline).warning("validation_in_training") == nullptr);
}

TEST_CASE("a split that leaves classes out gets a warning") {
    std::string sorted, mixed;
    for (int i = 0; i < 60; ++i) {
        sorted += static_cast<char>(i / 20);
        mixed += static_cast<char>(i % 3);
    }
    const Folder folder;
    Json pipeline = linear_pipeline();
    pipeline["data"] = {{"train", labelled(folder, "sorted", sorted)},
                        {"test", labelled(folder, "mixed", mixed)},
                        {"validation", {{"examples", 20}, {"split", "last"}}}};
    const auto warning = [](const Json &of) {
        const Finished run = finish(of);
        const Json *found = run.warning("classes_left_out");
        return found != nullptr ? *found : Json();
    };
    const Json last = warning(pipeline);
    REQUIRE(last.is_object());
    CHECK(last["place"] == "#/data/validation/split");
    CHECK(last["message"] ==
          "the last 20 of 60 examples hold 1 of the 3 classes, and none of 0, 1; "
          "to train on is left none of 2");
    pipeline["data"]["validation"]["split"] = "drawn";
    CHECK(warning(pipeline).is_null());
    pipeline["data"].erase("validation");
    for (const std::string part : {"train", "evaluate"}) {
        Json few = pipeline;
        if (part == "evaluate") std::swap(few["data"]["train"], few["data"]["test"]);
        few[part]["examples"] = 15;
        few[part]["split"] = "first";
        CHECK(warning(few)["place"] == "#/" + part + "/split");
        few[part]["split"] = "drawn";
        CHECK(warning(few).is_null());
    }
    pipeline["data"]["train"] = pipeline["data"]["test"];
    pipeline["data"]["validation"] = {{"examples", 20}, {"split", "last"}};
    CHECK(warning(pipeline).is_null());
}

TEST_CASE("what can hardly be meant gets a warning") {
    Json pipeline = linear_pipeline();
    pipeline["threat"]["eps"] = 8;
    pipeline["evaluate"]["examples"] = 5000;
    pipeline["evaluate"]["attacks"][0]["step_size"] = 2;
    pipeline["train"]["eps_warmup_epochs"] = 50;
    pipeline["train"]["optimizer"]["lr"] = 1000;
    const Finished run = finish(pipeline);
    for (const char *code :
         {"wide_ball", "wide_step", "fewer_examples", "long_warmup", "loss_not_falling"}) {
        INFO(code);
        // The warm-up of eps never ends, so that the loss is not judged.
        CHECK((run.warning(code) != nullptr) == (std::string(code) != "loss_not_falling"));
    }
    pipeline["train"]["eps_warmup_epochs"] = 0;
    CHECK(finish(pipeline).warning("loss_not_falling") != nullptr);
    const Finished sound = finish(linear_pipeline());
    INFO(sound.results["warnings"].dump(1));
    CHECK(sound.results["warnings"].empty());
}

TEST_CASE("an attack that changes nothing says so") {
    Json pipeline = linear_pipeline();
    pipeline["evaluate"]["attacks"] =
        Json::parse(R"([{"type":"pgd","steps":1,"random_start":false,"step_size":1e-30}])");
    const Finished run = finish(pipeline);
    REQUIRE(run.warning("nothing_moved") != nullptr);
    CHECK((*run.warning("nothing_moved"))["place"] == "#/evaluate/attacks/0");
    CHECK((*run.warning("nothing_moved"))["component"].get<std::string>().find("pgd") !=
          std::string::npos);
}
