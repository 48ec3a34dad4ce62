// Losses that compare with clean outputs, from the check of a pipeline to its results.
#include "pipelines.hpp"

using namespace spar::test;

namespace {

const char *const mixed[] = {
    R"({"type":"adversarial_cross_entropy","clean_weight":0.5})",
    R"({"type":"adversarial_cross_entropy","labels":"bilateral","label_eps":0.5})",
    R"({"type":"adversarial_mae","on":"softmax","clean_weight":0.5})",
    R"({"type":"sum","terms":[{"loss":{"type":"cross_entropy"},"weight":0.5},
        {"loss":{"type":"cross_entropy"},"weight":0.5,"at":"clean"}]})"};

Json with(const Json &loss, const Json &method) {
    Json pipeline = small_pipeline();
    pipeline["train"]["loss"] = loss;
    pipeline["train"]["method"] = method;
    pipeline["train"]["epochs"] = 1;
    pipeline["train"]["validate_attack"] = {{"type", "fgsm"}};
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"pgd","steps":2}])");
    return pipeline;
}

}  // namespace

TEST_CASE("a mixed loss runs to its results, whichever method compares") {
    const Folder folder;
    const char *const methods[] = {R"({"type":"pgd_at","attack":{"type":"pgd","steps":2}})",
                                   R"({"type":"fgsm_at"})", R"({"type":"fgm_at"})",
                                   R"({"type":"trades","attack":{"type":"pgd","steps":2}})"};
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j) {
            if (i > 0 && i != j) continue;
            const char *const method = methods[i], *const loss = mixed[j];
            CAPTURE(method);
            CAPTURE(loss);
            const std::string name = "run" + std::to_string(4 * i + j);
            run({write(folder, name + ".json", with(Json::parse(loss), Json::parse(method))),
                 "--out", folder / name});
            const Json results = Json::parse(file_content(folder / name + "/results.json"));
            CHECK(results["evaluation"]["clean_loss"].is_number());
            CHECK(results["evaluation"]["attacks"][0]["mean_loss"] > 0);
            const Json &crafting = results["train"]["crafting"][0];
            const bool trades = Json::parse(method)["type"] == "trades";
            CHECK(crafting["loss"] == (trades ? "kl" : "cross_entropy"));
        }
}

TEST_CASE("an evaluation measures a mixed loss: clean outputs are what it compares with") {
    const Folder folder;
    Json pipeline = with({{"type", "cross_entropy"}}, {{"type", "natural"}});
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"noise"}])");
    const auto measured = [&](const std::string &name, const char *loss) {
        pipeline["evaluate"]["loss"] = Json::parse(loss);
        run({write(folder, "p.json", pipeline), "--out", folder / name});
        return Json::parse(file_content(folder / name + "/results.json"))["evaluation"];
    };
    const Json plain = measured("plain", R"({"type":"cross_entropy"})"),
               both = measured("both", mixed[0]);
    CHECK(both["clean_loss"].get<double>() ==
          doctest::Approx(1.5 * plain["clean_loss"].get<double>()));
    const double by_noise = plain["attacks"][0]["mean_loss"];
    const double more = both["attacks"][0]["mean_loss"].get<double>() - by_noise;
    CHECK(more > 0);
    CHECK(both["attacks"][0]["robust_accuracy"] == plain["attacks"][0]["robust_accuracy"]);
}

TEST_CASE("spar check says what crafts with which loss") {
    const Folder folder;
    const std::string file =
        write(folder, "p.json", with(Json::parse(mixed[0]), Json::parse(R"({"type":"fgsm_at"})")));
    const Ended ended = spar::test::spar({"check", file});
    CHECK(ended.code == 0);
    CHECK(ended.out.find("#/train/method crafts with cross_entropy, mse for values") !=
          std::string::npos);
    const Ended as_json = spar::test::spar({"check", file, "--json"});
    CHECK(Json::parse(as_json.out)["crafting"][0]["at"] == "/train/method");
}

TEST_CASE("check refuses what a run refuses at its start, in the same words") {
    const Folder folder;
    const Json natural = {{"type", "natural"}};
    const std::vector<std::pair<std::string, Json>> refused = {
        {mixed[3], natural},
        {mixed[2], {{"type", "free"}}},
        {mixed[0], {{"type", "freelb"}}},
        {mixed[0], {{"type", "yopo"}}},
        {mixed[3], {{"type", "grad_align"}}},
        {mixed[3], {{"type", "mixed_batch_at"}}},
        {mixed[3], {{"type", "input_gradient_penalty"}, {"weight", 0.1}}},
        {mixed[3], {{"type", "awp"}, {"method", natural}}},
        {mixed[0], {{"type", "pgd_at"}, {"clean_weight", 0.5}}},
        {mixed[0], {{"type", "awp"}, {"method", {{"type", "fgm_at"}, {"weight", 0.5}}}}},
        {R"({"type":"cross_entropy"})", {{"type", "awp"}, {"method", {{"type", "free"}}}}},
        {R"({"type":"cross_entropy"})", {{"type", "trades"}, {"divergence", {{"type", "mse"}}}}},
        {R"({"type":"kl"})", natural}};
    for (const auto &[loss, method] : refused) {
        CAPTURE(loss);
        const std::string named = method.dump();
        CAPTURE(named);
        Json pipeline = with(Json::parse(loss), method);
        pipeline["version"] = 2;
        const std::string file = write(folder, "p.json", pipeline);
        const Ended checked = spar::test::spar({"check", file}),
                    run = spar::test::spar({"run", file, "--out", folder / "out"});
        INFO(checked.err);
        INFO(run.err);
        CHECK(checked.code == 3);
        CHECK(run.code == 3);
        // One place, and the run's words.
        const std::size_t place = checked.err.find("p.json#/train/");
        REQUIRE(place != std::string::npos);
        CHECK(checked.err.find("#/", place + 8) == std::string::npos);
        const std::string words = checked.err.substr(place, checked.err.find('\n', place) - place);
        CHECK(run.err.find(words) != std::string::npos);
        std::filesystem::remove_all(folder / "out");
    }
}

TEST_CASE("check refuses no method for what it does on the stand-ins") {
    const Folder folder;
    for (const char *threat : {R"({"norm":"linf","eps":0.1})", R"({"norm":"l2","eps":1,"lower":0})",
                               R"({"norm":"l1","eps":300,"lower":0,"upper":255})",
                               R"({"norm":"l2","eps":0.1,"space":"embedding"})"}) {
        CAPTURE(threat);
        for (const char *method : {"natural", "pgd_at", "fgsm_at", "n_fgsm", "fgm_at", "free",
                                   "freelb", "yopo", "grad_align", "mixed_batch_at", "mart",
                                   "trades", "smart", "alum", "vat", "r3f", "awp"}) {
            CAPTURE(method);
            Json pipeline = with({{"type", "cross_entropy"}}, {{"type", method}});
            pipeline["threat"] = Json::parse(threat);
            pipeline["evaluate"]["attacks"] = Json::array();
            pipeline["train"].erase("validate_attack");
            const Ended ended = spar::test::spar({"check", write(folder, "p.json", pipeline)});
            INFO(ended.err);
            CHECK(ended.code == 0);
        }
    }
}

TEST_CASE("check, plan and results say what every attack crafts with") {
    const Folder folder;
    Json pipeline = with({{"type", "hinge"}}, {{"type", "pgd_at"}});
    pipeline["train"]["validate_attack"] = Json::parse(R"({"type":"pgd","steps":1})");
    pipeline["evaluate"]["examples"] = 10;
    pipeline["evaluate"]["attacks"] = Json::parse(R"([
        {"type":"pgd","steps":1}, {"type":"pgd","steps":1,"loss":{"type":"margin"},"name":"own"},
        {"type":"apgd","steps":1,"targets":2}, {"type":"square","queries":2},
        {"type":"auto_attack","attacks":[{"type":"fgsm"},{"type":"square","queries":2}]}])");
    const std::string file = write(folder, "p.json", pipeline);
    const Ended ended = spar::test::spar({"check", file});
    CHECK(ended.out == file + ": no problems\n" +
                           R"(#/train/method/attack crafts with hinge (the training loss)
#/train/validate_attack crafts with cross_entropy (the default of evaluations)
#/evaluate/attacks/0 crafts with cross_entropy (the default of evaluations)
#/evaluate/attacks/1 crafts with margin (the attack's)
#/evaluate/attacks/2 crafts with its own objective (the attack's)
#/evaluate/attacks/3 crafts with its own objective (the attack's)
#/evaluate/attacks/4 crafts with cross_entropy and its own objective (the default of evaluations and the attack's)
)");
    const Json told = Json::parse(spar::test::spar({"check", file, "--json"}).out)["crafting"];
    CHECK(told.size() == 7);

    run({file, "--out", folder / "out"});
    const std::string plan_file = folder / "out" + "/plan.json";
    const Json plan = Json::parse(file_content(plan_file)),
               results = Json::parse(file_content(folder / "out" + "/results.json"));
    CHECK(plan["$crafting"] == told);
    CHECK(results["plan"] == plan);
    CHECK(results["train"]["crafting"] == Json{told[0], told[1]});
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(results["evaluation"]["attacks"][i]["crafting"] == told[i + 2]);
    // The plan is still a pipeline, and the same one.
    run({plan_file, "--out", folder / "out", "--resume"});
    CHECK(Json::parse(spar::test::spar({"check", plan_file, "--json"}).out)["crafting"] == told);

    pipeline["evaluate"]["loss"] = {{"type", "hinge"}};
    pipeline["train"]["method"] = {{"type", "smart"}};
    const Ended other = spar::test::spar({"check", write(folder, "other.json", pipeline)});
    CHECK(other.says("#/train/method crafts with kl (what the method sets it)"));
    CHECK(other.says("#/train/validate_attack crafts with hinge (#/evaluate/loss)"));
    CHECK(other.says("#/evaluate/attacks/0 crafts with hinge (#/evaluate/loss)"));
}

TEST_CASE("a name of old is answered with the new one") {
    const Folder folder;
    const std::string file =
        write(folder, "p.json", with({{"type", "cross_entropy"}}, {{"type", "augment"}}));
    const Ended ended = spar::test::spar({"check", file});
    CHECK(ended.code == 3);
    CHECK(
        ended.says(R"(#/train/method/type: the method "augment" is called "mixed_batch_at" now)"));
    const Ended described = spar::test::spar({"describe", "augment"});
    CHECK(described.code == 0);
    CHECK(described.says(
        R"(The method "augment" of earlier versions is called "mixed_batch_at" now)"));
}

TEST_CASE("smart from random weights warns of its proximal term, once and in the results") {
    const Folder folder;
    Json pipeline = with({{"type", "cross_entropy"}}, {{"type", "smart"}});
    run({write(folder, "p.json", pipeline), "--out", folder / "first"});
    pipeline["model"]["weights"] = folder / "first" + "/model.safetensors";
    const auto warned = [&](const std::string &name) {
        const Ended ended = spar::test::spar(
            {"run", write(folder, name + ".json", pipeline), "--out", folder / name});
        REQUIRE(ended.code == 0);
        return ended.says("fine-tuning");
    };
    CHECK(!warned("tuned"));
    pipeline["model"].erase("weights");
    CHECK(warned("fresh"));
    pipeline["train"]["method"]["proximity"] = 0;
    CHECK(!warned("without"));
}
