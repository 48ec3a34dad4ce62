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

TEST_CASE("a name of old is answered with the new one") {
    const Folder folder;
    const std::string file =
        write(folder, "p.json", with({{"type", "cross_entropy"}}, {{"type", "augment"}}));
    const Ended ended = spar::test::spar({"check", file});
    CHECK(ended.code == 3);
    CHECK(
        ended.says(R"(#/train/method/type: the method "augment" is called "mixed_batch_at" now)"));
    const Ended described = spar::test::spar({"describe", "augment"});
    CHECK(described.code == 2);
    CHECK(described.says(R"("augment" is called "mixed_batch_at" now)"));
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
