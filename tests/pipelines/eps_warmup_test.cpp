// train.eps_warmup_epochs: how far a training's adversary may go rises to the threat's eps.
#include "pipelines.hpp"

#include <cmath>

using namespace spar::test;

namespace {

struct Trained {
    std::string weights;
    double loss;  /// of the last epoch
};

Trained train(const Folder &folder, const std::string &name, const Json &changes) {
    Json pipeline = small_pipeline();
    pipeline.erase("evaluate");
    pipeline["train"].update(changes);
    const std::string out = folder / name;
    run({write(folder, name + ".json", pipeline), "--out", out});
    const Json results = Json::parse(file_content(out + "/results.json"));
    return {file_content(out + "/model.safetensors"),
            results.at("train").at("epochs").back().at("loss")};
}

}  // namespace

TEST_CASE("a warm-up that is over with the first batch changes nothing; a longer one does") {
    const Folder folder;
    const std::string full = train(folder, "full", Json::object()).weights;
    CHECK((train(folder, "short", {{"eps_warmup_epochs", 0.01}}).weights == full));
    CHECK_FALSE((train(folder, "long", {{"eps_warmup_epochs", 1}}).weights == full));
}

TEST_CASE("where eps has hardly begun to rise, adversarial training is natural training") {
    const Folder folder;
    const double natural = train(folder, "natural", {{"method", {{"type", "natural"}}}}).loss;
    const double least = train(folder, "least", {{"eps_warmup_epochs", 1e9}}).loss;
    CHECK(std::abs(least - natural) < 1e-4);
    CHECK(train(folder, "full", Json::object()).loss > natural + 0.05);
}

TEST_CASE("a warm-up without a threat is refused") {
    const Folder folder;
    Json pipeline = small_pipeline();
    pipeline.erase("evaluate");
    pipeline.erase("threat");
    pipeline["train"]["method"] = {{"type", "natural"}};
    pipeline["train"]["eps_warmup_epochs"] = 1;
    const Ended ended = spar::test::spar({"check", write(folder, "p.json", pipeline)});
    CHECK(ended.code == 3);
    CHECK(ended.err.find("/train/eps_warmup_epochs") != std::string::npos);
}
