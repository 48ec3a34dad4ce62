// train.attack_precision: which passes may be coarse. In plain arithmetic, on any processor.
#include "pipelines.hpp"

using namespace spar::test;

namespace {

/// What a run leaves: weights and adversarial examples.
struct Left {
    std::string weights, adversarial;
    bool operator==(const Left &) const = default;
};

Left make(const Folder &folder, const std::string &precision, const Json &method,
          const std::string &threads = "2") {
    static int count = 0;
    const std::string name = std::to_string(count++), out = folder / name;
    Json pipeline = small_pipeline();
    pipeline["train"]["method"] = method;
    pipeline["train"]["attack_precision"] = precision;
    run({write(folder, name + ".json", pipeline), "--out", out, "--threads", threads},
        {{"SPAR_EMULATE_BF16", "1"}});
    return {file_content(out + "/model.safetensors"), file_content(out + "/adversarial/pgd.npz")};
}

const Json pgd{{"type", "pgd_at"}, {"attack", {{"type", "pgd"}, {"steps", 3}}}};
const Json fgsm{{"type", "fgsm_at"}};

}  // namespace

TEST_CASE("attacks in bf16 train another net, the same for any number of threads") {
    const Folder folder;
    for (const Json &method : {pgd, fgsm}) {
        CAPTURE(method.dump());
        const Left coarse = make(folder, "bf16", method, "1");
        CHECK_FALSE((coarse.weights == make(folder, "f32", method).weights));
        CHECK((coarse == make(folder, "bf16", method, "3")));
    }
}

TEST_CASE("evaluation, parameter gradients and attacks on a divergence are f32 all the same") {
    const Folder folder;
    const Json trades{{"type", "trades"}, {"attack", {{"type", "pgd"}, {"steps", 2}}}};
    for (const Json &method :
         {Json{{"type", "natural"}}, trades, Json{{"type", "free"}, {"replays", 2}}}) {
        CAPTURE(method.dump());
        CHECK((make(folder, "bf16", method) == make(folder, "f32", method)));
    }
}

TEST_CASE("bf16 is the default, and no other word is taken") {
    const Folder folder;
    const std::string out = folder / "plain";
    run({write(folder, "p.json", small_pipeline()), "--out", out}, {{"SPAR_EMULATE_BF16", "1"}});
    CHECK((file_content(out + "/model.safetensors") == make(folder, "bf16", pgd).weights));

    Json pipeline = small_pipeline();
    pipeline["train"]["attack_precision"] = "half";
    const Ended ended = spar::test::spar({"check", write(folder, "half.json", pipeline)});
    CHECK(ended.code == 3);
    CHECK(ended.says("#/train/attack_precision"));
}
