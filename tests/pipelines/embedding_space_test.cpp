// Training in the space of embeddings: balls of tokens, yopo through an encoder layer, and what
// does not go together.
#include "small_texts.hpp"

using namespace spar::test;

namespace {

Json encoder() {
    return Json::parse(R"([{"type":"embedding","dim":12}, {"type":"positions"},
        {"type":"transformer","heads":2,"hidden":16}, {"type":"dropout","p":0.1},
        {"type":"transformer","heads":2,"hidden":16},
        {"type":"mean_pool"}, {"type":"linear","out":2}])");
}

}  // namespace

TEST_CASE("with a ball for every token, methods learn, and attacks reach beyond one ball") {
    const Texts texts;
    for (const char *method :
         {R"({"type":"fgm_at"})", R"({"type":"freelb"})", R"({"type":"free","replays":2})",
          R"({"type":"pgd_at","attack":{"type":"pgd","steps":3},"clean_weight":1,"weight":1})",
          R"({"type":"trades","attack":{"type":"pgd","steps":2}})"}) {
        CAPTURE(method);
        Json pipeline = text_pipeline(method, tokens);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"noise"},{"type":"fgm"},
            {"type":"fgsm"},{"type":"bim"},{"type":"pgd"},{"type":"mi_fgsm"},{"type":"ni_fgsm"},
            {"type":"gradient_ascent","step_size":10},
            {"type":"pgd","name":"one_ball","threat":{"group":"none"}}])");
        const Json results = results_of(texts, pipeline, "tokens" + std::to_string(texts.count));
        const Json &evaluation = results["evaluation"];
        CHECK(evaluation["clean_accuracy"].get<double>() > 0.75);
        double of_tokens = 1, of_text = 0;
        for (const Json &attack : evaluation["attacks"]) {
            CAPTURE(attack["name"].get<std::string>());
            CHECK(attack["mean_distance"].get<double>() <= 0.5001);
            if (attack["name"] == "pgd") {
                of_tokens = attack["robust_accuracy"];
                CHECK(attack["threat"]["group"] == "token");
            }
            if (attack["name"] == "one_ball") of_text = attack["robust_accuracy"];
        }
        CHECK(of_tokens <= of_text);
    }
}

TEST_CASE("groups that do not fit are refused, with the place and the way on") {
    const Texts texts;
    Json broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["space"] = "input";
    check_refused(texts, broken, "check",
                  {"#/threat/group", "every token of a text", "set \"space\": \"embedding\""});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["norm"] = "l0";
    check_refused(texts, broken, "check", {"#/threat/group", "l0 counts changes"});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    broken["threat"]["group"] = "pixel";
    check_refused(texts, broken, "check", {"#/threat/group", "set \"norm\": \"l0\""});
    broken = text_pipeline(R"({"type":"fgm_at"})", tokens);
    for (const char *attack : {"fab", "cw", "deepfool", "square", "apgd", "auto_attack"}) {
        broken["evaluate"]["attacks"] = Json::array({{{"type", attack}}});
        check_refused(texts, broken, "check",
                      {"#/evaluate/attacks/0", "ball of its own", "attacks that take this threat"});
    }
    broken = text_pipeline(R"({"type":"n_fgsm"})", tokens);
    check_refused(texts, broken, "check", {"#/train/method", "methods that take this threat"});
}

TEST_CASE("yopo learns a text through its first encoder layer, with padding and dropout") {
    const Texts texts;
    for (const char *threat : {whole, tokens})
        for (const char *method :
             {R"({"type":"yopo","passes":2,"inner_steps":2,"step_size":0.2})",
              R"({"type":"yopo","passes":2,"inner_steps":2,"step_size":0.2,"same_masks":true})"}) {
            CAPTURE(threat);
            CAPTURE(method);
            Json pipeline = text_pipeline(method, threat);
            pipeline["model"]["layers"] = encoder();
            pipeline["model"]["stage"] = 4;  // the dropout too
            pipeline["train"]["optimizer"]["lr"] = 0.005;
            pipeline["train"]["epochs"] = 6;
            const std::string name = "yopo" + std::to_string(texts.count);
            const Json results = results_of(texts, pipeline, name);
            CHECK(results["evaluation"]["clean_accuracy"].get<double>() > 0.85);
            run({texts.write(pipeline), "--out", texts.folder / (name + "-1"), "--threads", "1"});
            check_same_run(what_must_repeat(texts.folder / name),
                           what_must_repeat(texts.folder / (name + "-1")));
        }
    Json pipeline = text_pipeline(R"({"type":"yopo"})", whole);
    pipeline["model"]["layers"] = encoder();
    pipeline["model"]["stage"] = 1;
    check_refused(texts, pipeline, "run", {"#/model/stage", "would have no parameters"});
}
