// Training on attacked texts, and what is refused where words are edited.
#include "words.hpp"

using namespace spar::test;

namespace {

void check_refused(const Reviews &folder, const Json &pipeline, const std::string &command,
                   const std::vector<std::string> &parts) {
    std::vector<std::string> words{command, folder.write(pipeline)};
    if (command == "run") words.insert(words.end(), {"--out", folder / "no"});
    const Ended ended = spar::test::spar(words);
    INFO(ended.err);
    CHECK(ended.code == 3);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(ended.says(part));
    }
}

}  // namespace

TEST_CASE("training on attacked texts makes a model more robust against them") {
    const Reviews folder;
    const auto robust = [&](const char *method) {
        Json pipeline = words_pipeline();
        pipeline["threat"] = Json::parse(in_words);
        pipeline["train"]["method"] = Json::parse(method);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
        const std::string out = "out" + std::to_string(folder.count);
        run({folder.write(pipeline), "--out", folder / out});
        return folder.results(out)["attacks"][0]["robust_accuracy"].get<double>();
    };
    const double natural = robust(R"({"type":"natural"})");
    for (const char *weights : {"", R"(,"clean_weight":0.5)", R"(,"clean_weight":1,"weight":1)"}) {
        CAPTURE(weights);
        const std::string method =
            std::string(R"({"type":"pgd_at","attack":{"type":"hotflip"})") + weights + "}";
        CHECK(robust(method.c_str()) > natural + 0.05);
    }
}

TEST_CASE("training on attacked texts repeats, and goes on after a checkpoint") {
    const Reviews folder;
    Json pipeline = words_pipeline();
    pipeline["threat"] = Json::parse(R"({"space":"tokens","norm":"l0","eps":0.2})");
    pipeline["train"].update(
        {{"method", Json::parse(R"({"type":"pgd_at","attack":{"type":"character"}})")},
         {"epochs", 3},
         {"eps_warmup_epochs", 1},
         {"validate_attack", Json::parse(R"({"type":"character"})")}});
    pipeline["data"]["validation"] = {{"examples", 40}};
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"character"}])");
    const std::string file = folder.write(pipeline);
    run({file, "--out", folder / "a", "--threads", "1"});
    run({file, "--out", folder / "b", "--threads", "2"});
    check_same_run(what_must_repeat(folder / "a"), what_must_repeat(folder / "b"));
}

TEST_CASE("attacks and methods that do not fit are refused, and those that do are named") {
    const Reviews folder;
    Json values = words_pipeline();
    values["evaluate"]["attacks"] =
        Json::array({Json{{"type", "pgd"}, {"threat", Json::parse(in_words)}}});
    check_refused(folder, values, "check",
                  {"perturbs values, and the threat edits the words of texts",
                   "attacks that take this threat: character, hotflip, word_substitution"});
    Json words = words_pipeline();
    words["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
    check_refused(folder, words, "check",
                  {"edits the words of texts, and the threat perturbs values",
                   "attacks that take this threat: "});
    Json method = words_pipeline();
    method["threat"] = Json::parse(in_words);
    method["train"]["method"] = {{"type", "freelb"}};
    method["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
    check_refused(folder, method, "check",
                  {"#/train/method", "methods that take this threat: ", "pgd_at"});
    Json inside = method;
    inside["train"]["method"] = Json::parse(R"({"type":"pgd_at","attack":{"type":"pgd"}})");
    check_refused(folder, inside, "check",
                  {"#/train/method/attack", "attacks that take this threat: "});
}

TEST_CASE("a threat in words that makes no sense is refused") {
    const Reviews folder;
    const auto refused = [&](const char *threat, const std::vector<std::string> &parts) {
        CAPTURE(threat);
        Json pipeline = words_pipeline();
        pipeline["threat"] = Json::parse(threat);
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type":"hotflip"}])");
        check_refused(folder, pipeline, "check", parts);
    };
    refused(R"({"space":"tokens","norm":"l2","eps":2})", {"#/threat/norm", "set \"norm\": \"l0\""});
    refused(R"({"space":"tokens","norm":"l0","eps":1.5})",
            {"#/threat/eps", "must be a whole number, as 2, or below 1 a share"});
    refused(R"({"space":"tokens","norm":"l0","eps":1,"lower":0})", {"no box of values"});
    refused(R"({"space":"tokens","norm":"l0","eps":1,"group":"token"})",
            {"words are counted, not tokens"});
    refused(R"({"space":"embedding","norm":"l2","eps":1,"group":"word"})", {"#/threat/group"});
    Json bounded = words_pipeline();
    bounded["threat"]["lower"] = -0.1;
    check_refused(folder, bounded, "check", {"#/threat", "leave lower and upper out"});
    Json radius = words_pipeline();
    radius["evaluate"]["attacks"] =
        Json::parse(R"([{"type":"hotflip","threat":{"space":"tokens","norm":"l0"}}])");
    check_refused(folder, radius, "check",
                  {"#/evaluate/attacks/0/threat", "\"eps\" is missing", "\"embedding\""});
    Json in_turns = words_pipeline();
    in_turns["evaluate"]["attacks"] =
        Json::array({Json{{"type", "auto_attack"},
                          {"attacks", Json::parse(R"([{"type":"character"}])")},
                          {"threat", Json::parse(in_words)}}});
    check_refused(folder, in_turns, "check", {"#/evaluate/attacks/0", "perturbs values"});
    Json pipeline = words_pipeline();
    pipeline["data"]["form"] = "presence";
    check_refused(folder, pipeline, "check",
                  {"attacks on texts need a model that reads their tokens"});
    Json images = small_pipeline();
    images["evaluate"]["attacks"] =
        Json::array({Json{{"type", "hotflip"}, {"threat", Json::parse(in_words)}}});
    check_refused(folder, images, "check", {"\"data\" has no \"tokenizer\""});
}
